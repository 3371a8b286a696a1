"""How a version was trained, in the words and few numbers that tell it to people."""

import json
from collections.abc import Iterator
from typing import Any

from ft_registry.model.document import Unknown
from ft_registry.model.record import VersionRecord
from ft_registry.model.training import Training

_MAIN = (
    "learning_rate", "lr", "learning_rate_multiplier", "num_train_epochs", "num_epochs", "epochs",
    "n_epochs", "max_steps", "per_device_train_batch_size", "micro_batch_size", "batch_size",
    "gradient_accumulation_steps", "lr_scheduler_type", "warmup_ratio", "warmup_steps",
    "max_length", "max_seq_length", "sequence_len", "cutoff_len", "beta", "loss_type",
    "optim", "weight_decay", "packing", "epochCount", "batchSize", "learningRate", "seed",
)  # fmt: skip
"""The hyperparameters that are asked for first, by the names that trainers give them."""


def setting(value: Any) -> str:
    """Returns the value of a setting as people write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def main_settings(record: VersionRecord) -> list[tuple[str, str]]:
    """Returns the hyperparameters that matter most, with the shape of the adapter."""
    known = _hyperparameters(record)
    found = [(name, setting(known[name])) for name in _MAIN if known.get(name) is not None]
    peft = record.artifact.peft
    if not isinstance(peft, Unknown):
        shape = (("r", peft.r), ("alpha", peft.lora_alpha), ("dropout", peft.lora_dropout))
        words = ", ".join(f"{name} {setting(value)}" for name, value in shape if value is not None)
        found.append((peft.peft_type, words or "-"))
    return found


def all_settings(record: VersionRecord) -> list[tuple[str, str]]:
    """Returns every setting of the trainer; of a training that was not read, those on file."""
    return [(name, setting(value)) for name, value in sorted(_settings(record).items())]


def trained_words(training: Training | Unknown) -> str:
    """Returns by what, how long and to what end it was trained, in one line; empty: unknown."""
    if isinstance(training, Unknown):
        return ""
    version = training.version if isinstance(training.version, str) else ""
    words = [f"{training.trainer} {version}".strip()]
    if not isinstance(training.steps, Unknown):
        words.append(f"{training.steps:,} steps")
    if not isinstance(training.epochs, Unknown):
        words.append(f"{training.epochs:g} epochs")
    words += [f"{name} {value:.4g}" for name, value in list(training.results.items())[:3]]
    return ", ".join(words)


def _settings(record: VersionRecord) -> dict[str, Any]:
    if not isinstance(record.training, Unknown):
        return record.training.hyperparameters
    return dict(_flat(record.config.files, ""))


def _hyperparameters(record: VersionRecord) -> dict[str, Any]:
    """Returns the settings by the last part of their names."""
    found: dict[str, Any] = {}
    for name, value in _settings(record).items():
        found.setdefault(name.rpartition(".")[2], value)
    return found


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}" if name else str(key))
