"""Tells how transformers loads a folder of weights, from its small files: nothing is imported.

What is not sure is unknown, with the reason: whoever loads by a wrong class gets other answers.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ft_registry.errors import FtRegistryError, IntegrityError
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Kind
from ft_registry.readers.weights import read_config

Task: TypeAlias = Literal["text-generation", "text-classification"]

_OF_PEFT: dict[str, Task] = {"CAUSAL_LM": "text-generation", "SEQ_CLS": "text-classification"}
"""PEFT's types of task, as far as they name one head of one library."""
_OF_CLASS: dict[str, Task] = {
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForSequenceClassification": "text-classification",
}
"""How transformers names its classes by their heads."""
_LOADED = re.compile(r"(model|pytorch_model).*\.(safetensors|bin)")
_HEAD = re.compile(r".*\.(score|classifier)(\.out_proj)?(\.modules_to_save)?\.weight")
_LABELS = 2
"""What transformers takes when a configuration tells no number of labels."""
_TOKENIZER_CONFIG = "tokenizer_config.json"
_TOKENIZER = frozenset(
    {
        _TOKENIZER_CONFIG, "tokenizer.json", "tokenizer.model", "special_tokens_map.json",
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "vocab.json",
        "vocab.txt", "merges.txt", "vocab.bpe", "spiece.model", "sentencepiece.bpe.model",
        "tekken.json", "config.json",
    }
)  # fmt: skip
"""What tokenizers are read from; some are known by the model's configuration alone."""
_TEMPLATES = "additional_chat_templates/"


def read_task(
    root: Path, files: Sequence[FileEntry], *, kind: Kind, base: Path | None
) -> Task | Unknown:
    """Returns the task that the weights were made for.

    Args:
        root: The folder of the weights.
        files: Its manifest.
        kind: What kind of weights it holds.
        base: The folder of the base of an adapter, if it is at hand.
    """
    try:
        if kind == "adapter":
            return _task_of_adapter(root, base)
        if not any(_LOADED.fullmatch(entry.path) for entry in files):
            return Unknown(unknown="the weights are no model*.safetensors or pytorch_model*.bin")
        return _task_of_config(read_config(root / "config.json"), "config.json")
    except FtRegistryError as error:
        return Unknown(unknown=error.message)


def tokenizer_files(files: Sequence[FileEntry]) -> tuple[str, ...]:
    """Returns which files a tokenizer is read from; none when they are not enough to tell it."""
    names = {entry.path for entry in files}
    if _TOKENIZER_CONFIG not in names:
        return ()
    return tuple(sorted(n for n in names if n in _TOKENIZER or n.startswith(_TEMPLATES)))


def _task_of_adapter(root: Path, base: Path | None) -> Task | Unknown:
    config = read_config(root / "adapter_config.json")
    task = _named_task(config)
    if isinstance(task, Unknown):
        return task
    below = read_config(base / "config.json") if base is not None else {}
    if below:
        of_base = _task_of_config(below, "the base's config.json")
        if isinstance(of_base, Unknown):
            return of_base
        if task == "text-generation" != of_base:
            return Unknown(unknown=f"the adapter is made for {task}, its base for {of_base}")
    return _fitting(root, below) if task == "text-classification" else task


def _named_task(config: dict[str, Any]) -> Task | Unknown:
    name = config.get("task_type")
    if isinstance(name, str) and name:
        return _OF_PEFT.get(name) or Unknown(unknown=f"adapter_config.json says task {name[:80]!r}")
    mapping = config.get("auto_mapping")
    if isinstance(mapping, dict) and str(mapping.get("parent_library")).startswith("transformers."):
        return _task_of_class(mapping.get("base_model_class"), "adapter_config.json")
    return Unknown(unknown="adapter_config.json names no task_type")


def _task_of_config(config: dict[str, Any], where: str) -> Task | Unknown:
    if config.get("auto_map"):
        return Unknown(unknown=f"{where} asks for code of its own (auto_map)")
    names = config.get("architectures")
    if not isinstance(names, list) or len(names) != 1:
        return Unknown(unknown=f"{where} does not name one architecture")
    return _task_of_class(names[0], where)


def _task_of_class(name: Any, where: str) -> Task | Unknown:
    for suffix, task in _OF_CLASS.items():
        if isinstance(name, str) and name.endswith(suffix):
            return task
    return Unknown(unknown=f"{where} names the architecture {str(name)[:80]!r}")


def _fitting(root: Path, base: dict[str, Any]) -> Task | Unknown:
    """Returns the task, if the head in the adapter has as many labels as the base is given."""
    weights = root / "adapter_model.safetensors"
    if not weights.is_file():
        return Unknown(unknown="the labels of its head stand in no adapter_model.safetensors")
    # Not above: it imports numpy.
    from ft_registry.readers.tensors import read_header

    heads = [one for one in read_header(weights) if _HEAD.fullmatch(one.name) and one.shape]
    if len(heads) != 1:
        raise IntegrityError(f"expected one head in {weights.name}, found {len(heads)}")
    labels = base.get("id2label")
    expected = len(labels) if isinstance(labels, dict) else base.get("num_labels", _LABELS)
    if heads[0].shape[0] != expected:
        return Unknown(
            unknown=f"labels of its head: {heads[0].shape[0]}, of the base as loaded: {expected}"
        )
    return "text-classification"
