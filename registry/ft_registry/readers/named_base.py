"""Reads what the files of weights say of their base: the adapter's configuration, and the card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ft_registry.errors import Refused
from ft_registry.readers.weights import read_config
from ft_registry.readers.yaml_file import parse_yaml

_CARD = 1 << 20
"""A card is shorter, in bytes."""
_LONGEST = 1000
"""Of a name, in characters."""


@dataclass(frozen=True)
class NamedBase:
    """What the files beside weights name as their base."""

    adapter: str = ""
    """By ``adapter_config.json``; empty: it names none, or there is none."""
    revision: str = ""
    """By the same; empty: none, which is what PEFT writes unless it is told otherwise."""
    card: str = ""
    """By the card; empty: none, or several."""

    @property
    def names(self) -> tuple[str, ...]:
        """The adapter's own word first."""
        return tuple(dict.fromkeys(name for name in (self.adapter, self.card) if name))


@dataclass(frozen=True)
class TrainerClaim:
    """The base that a trainer's own configuration names."""

    trainer: str
    name: str
    revision: str = ""
    """Empty: none."""


def read_named_base(root: Path, *, is_adapter: bool) -> NamedBase:
    """Returns what the files in a folder name as the base of its weights.

    Raises:
        Refused: ``adapter_config.json`` is not what PEFT writes.
    """
    card = _read_card(root / "README.md")
    if not is_adapter:
        return NamedBase(card=card)
    config = read_config(root / "adapter_config.json")
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    return NamedBase(_text(name), _text(revision), card)


def _text(value: Any) -> str:
    good = isinstance(value, str) and len(value) <= _LONGEST and "\0" not in value
    return value.strip() if good else ""


def _read_card(place: Path) -> str:
    try:
        content = place.read_bytes() if place.stat().st_size <= _CARD else b""
    except OSError:
        return ""  # there is no card
    lines = content.splitlines()
    if not lines or lines[0].strip() != b"---":
        return ""
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == b"---"), 0)
    try:
        front = parse_yaml(b"\n".join(lines[1:end]), what=place)
    except Refused:
        return ""  # a card is written by people: one that is no YAML names no base
    named = front.get("base_model") if isinstance(front, dict) else None
    if isinstance(named, list) and len(named) == 1:
        named = named[0]
    return _text(named)
