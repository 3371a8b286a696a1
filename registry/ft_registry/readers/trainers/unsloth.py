"""Recognises Unsloth, which trains with TRL and leaves its layout."""

from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.hugging_face import Files, version_in


def is_its(files: Files) -> bool:
    """Returns whether Unsloth left the folder."""
    return "unsloth" in files.tags or "unsloth" in files.arguments_class.lower()


def complete(files: Files, found: Gathered) -> None:
    """Names Unsloth; its 4-bit copies of models are named as such, and what of is not guessed."""
    found.trainer, found.version = "unsloth", version_in(files, "unsloth")
    if is_quantized_copy(found.base):
        files.folder.note(
            f"{found.base} is Unsloth's quantised copy of another model, which nothing here "
            "names: --base ID@COMMIT says of which"
        )


def is_quantized_copy(base: str) -> bool:
    """Returns whether a base is one of Unsloth's quantised copies of a model."""
    return base.lower().startswith("unsloth/") and "bnb-4bit" in base.lower()
