"""Reads what transformers and TRL leave: settings, log, card. Other trainers stand on the same."""

import re
from dataclasses import dataclass

from ft_registry.readers.trainers.adapter import Adapter, read_adapter
from ft_registry.readers.trainers.arguments import Arguments, read_arguments
from ft_registry.readers.trainers.card import Card, read_card
from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.trainer_log import STATE, read_log

_METHODS = {
    "SFT": "sft", "DPO": "dpo", "KTO": "kto", "ORPO": "orpo", "PPO": "ppo", "GRPO": "grpo",
    "Reward": "reward", "PRM": "reward", "RLOO": "rlhf", "OnlineDPO": "rlhf",
}  # fmt: skip
"""By what TRL's classes begin with."""
_CONFIG = re.compile(r"(?:Unsloth|Axolotl)?(\w+?)(?:Config|TrainingArguments)")
_TAGS = {
    "sft": "sft", "dpo": "dpo", "kto": "kto", "orpo": "orpo", "ppo": "ppo", "grpo": "grpo",
    "reward-trainer": "reward", "prm": "reward", "rloo": "rlhf",
}  # fmt: skip


@dataclass(frozen=True)
class Files:
    """What lies in a folder of transformers' layout."""

    folder: TrainerFolder
    arguments: Arguments | None
    card: Card
    adapter: Adapter | None

    @property
    def tags(self) -> frozenset[str]:
        """The card's."""
        return self.card.tags

    @property
    def arguments_class(self) -> str:
        """The class of the settings, with its module; empty: there are none."""
        return self.arguments.of if self.arguments else ""


def read_files(folder: TrainerFolder) -> Files:
    """Returns what lies in a folder.

    Raises:
        Refused: Its settings would run something; see `read_arguments`.
        IntegrityError: A file changed meanwhile.
    """
    return Files(folder, read_arguments(folder), read_card(folder), read_adapter(folder))


def gather(files: Files) -> Gathered:
    """Returns what transformers' layout tells, whoever trained; no trainer: nobody left a thing."""
    found = Gathered()
    read_log(files.folder, found)
    if files.arguments is not None:
        found.hyperparameters.update(files.arguments.values)
    if files.adapter is not None:
        found.hyperparameters["peft"] = files.adapter.settings
        found.base, found.revision = files.adapter.base, files.adapter.revision
    found.base = found.base or files.card.base
    found.datasets = files.card.datasets
    found.trainer, found.version = _trainer(files, found)
    found.method = _method(files)
    if not found.method:
        found.why_no_method = _why_no_method(files, found.trainer)
    return found


def _trainer(files: Files, found: Gathered) -> tuple[str, str]:
    versions = files.card.versions
    of = files.arguments_class
    if of.startswith("trl.") or "trl" in files.tags or "trl" in versions:
        return "trl", versions.get("trl", "")
    has_log = found.steps is not None or bool(found.points)
    if files.arguments is not None or has_log:
        return "transformers", versions.get("transformers", "")
    if files.adapter is not None:
        return "peft", files.adapter.version
    return "", ""


def _method(files: Files) -> str:
    if files.arguments is not None:
        match = _CONFIG.fullmatch(files.arguments.name)
        if match and match[1] in _METHODS:
            return _METHODS[match[1]]
    named = {_TAGS[tag] for tag in files.tags if tag in _TAGS}
    return named.pop() if len(named) == 1 else ""


def _why_no_method(files: Files, trainer: str) -> str:
    if trainer == "peft":
        return "no method was named: --method says it"
    if files.arguments is not None:
        return f"{files.arguments.name} of {trainer} tells no method: --method says it"
    return f"{STATE} tells no method: --method says it"


def version_in(files: Files, *names: str) -> str:
    """Returns a version out of the card, by one of the library's names; empty: it has none."""
    return next((files.card.versions[name] for name in names if name in files.card.versions), "")
