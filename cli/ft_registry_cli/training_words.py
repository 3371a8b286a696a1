"""What a trainer left, in words for people: its name, the settings that matter, how curves went."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ft_registry.model.document import Unknown

if TYPE_CHECKING:
    from ft_registry.model.training import Cost, Curve, Training

_WIDTH = 64
"""Beside the names of the lines, 80 columns are not exceeded."""
_SETTINGS = (
    "learning_rate", "lr_scheduler_type", "warmup_ratio", "warmup_steps", "num_train_epochs",
    "num_epochs", "epochs", "n_epochs", "max_steps", "per_device_train_batch_size",
    "micro_batch_size", "batch_size", "gradient_accumulation_steps", "optim", "optimizer",
    "weight_decay", "max_length", "max_seq_length", "sequence_len", "cutoff_len", "packing",
    "sample_packing", "loss_type", "beta", "bf16", "fp16", "lora_r", "lora_rank", "lora_alpha",
    "learning_rate_multiplier", "epochCount", "batchSize", "learningRate",
)  # fmt: skip
"""Those that people ask for first; --json has all."""
_ADAPTER = ("peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "use_dora")
_CURVES = (
    "loss", "eval_loss", "rewards/margins", "rewards/accuracies", "reward", "accuracy",
    "train_loss", "valid_loss", "full_valid_loss", "training_loss", "validation_loss",
)  # fmt: skip
_OF_TRAINERS = ("axolotl", "llama_factory", "torchtune")
"""Where trainers on top of another keep their own settings."""


def trained_lines(
    training: "Training | Unknown", cost: "Cost | Unknown"
) -> Iterator[tuple[str, str]]:
    """Yields names and texts of the lines that tell of a training; none: nothing is on record."""
    if isinstance(training, Unknown):
        return
    if training.trainer != "peft":  # what shaped the adapter says nothing of how it was trained
        yield "trained", training_line(training, cost)
    yield from _wrapped("settings", list(_settings(training.hyperparameters)))
    adapter = training.hyperparameters.get("peft")
    if isinstance(adapter, dict):
        yield from _wrapped("adapter", [_pair(n, adapter[n]) for n in _ADAPTER if adapter.get(n)])
    shown = [curve for name in _CURVES for curve in training.curves if curve.name == name]
    ends = [_ends(curve) for curve in shown or training.curves[:3]]
    rest = len(training.curves) - len(ends)
    yield from _wrapped("curves", ends + ([f"{rest} more"] if rest else []))


def training_line(training: "Training", cost: "Cost | Unknown") -> str:
    """Returns ``trl 1.16.0, 400 steps, 3 epochs, 51200 tokens, 92.5 s``."""
    version = "" if isinstance(training.version, Unknown) else f" {training.version}"
    parts = [f"{training.trainer}{version}"]
    if not isinstance(training.steps, Unknown):
        parts.append(f"{training.steps} steps")
    if not isinstance(training.epochs, Unknown):
        parts.append(f"{_number(training.epochs)} epochs")
    if not isinstance(cost, Unknown):
        parts += [] if isinstance(cost.tokens, Unknown) else [f"{cost.tokens} tokens"]
        parts += [] if isinstance(cost.seconds, Unknown) else [f"{_number(cost.seconds)} s"]
    return ", ".join(parts)


def _settings(values: Mapping[str, Any]) -> Iterator[str]:
    """Yields the main settings, the trainer's own before those it made of them."""
    sections = [values.get(name) for name in _OF_TRAINERS] + [values]
    merged: dict[str, Any] = {}
    for section in sections:
        for name, value in section.items() if isinstance(section, dict) else ():
            merged.setdefault(name, value)
    for name in _SETTINGS:
        value = merged.get(name)
        # Without the settings that are off: nobody asks first for what was not used.
        if value not in (None, False, 0, 0.0, "") and not isinstance(value, dict):
            yield _pair(name, value)


def _pair(name: str, value: Any) -> str:
    if isinstance(value, list):
        text = " ".join(map(str, value))
    else:
        text = _number(value) if isinstance(value, float) else str(value)
    return f"{name} {textwrap.shorten(text, 40, placeholder=' ...')}"


def _ends(curve: "Curve") -> str:
    first, last = _number(curve.points[0][1]), _number(curve.points[-1][1])
    return f"{curve.name} {first}" + (f" -> {last}" if curve.count > 1 else "")


def _number(value: float) -> str:
    return f"{value:.4g}"


def _wrapped(name: str, parts: list[str]) -> Iterator[tuple[str, str]]:
    """Yields the parts in lines, none of them torn."""
    line = ""
    for part in parts:
        if line and len(line) + len(part) + 2 > _WIDTH:
            yield name, f"{line},"
            name, line = "", ""
        line = f"{line}, {part}" if line else part
    if line:
        yield name, line
