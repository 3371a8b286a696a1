"""Reads the model card that a trainer writes: ``README.md`` with YAML at its head."""

import re
from dataclasses import dataclass, field
from typing import Any

from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.values import mapping_of, texts_of

FILE = "README.md"
_BYTES = 1 << 20
_HEAD = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\n---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_VERSION = re.compile(r"^[-*] ([A-Za-z][\w ]{0,30}?):? ([0-9][\w.+-]{0,40})[ \t]*$", re.MULTILINE)
"""``- TRL: 1.16.0`` and ``- PEFT 0.21.2``."""


@dataclass(frozen=True)
class Card:
    """What a card says."""

    head: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    """By the name of the library, in lower case."""

    @property
    def tags(self) -> frozenset[str]:
        """In lower case."""
        return frozenset(tag.lower() for tag in texts_of(self.head.get("tags")))

    @property
    def base(self) -> str:
        """The base model; empty: not said, or several are."""
        found = texts_of(self.head.get("base_model"))
        return found[0] if len(found) == 1 else ""

    @property
    def datasets(self) -> tuple[str, ...]:
        """What it says that the model was trained on."""
        return texts_of(self.head.get("datasets"))


def read_card(folder: TrainerFolder) -> Card:
    """Returns the card beside the weights; an empty one: there is none."""
    text = folder.text(FILE, _BYTES)
    if text is None:
        return Card()
    match = _HEAD.match(text)
    head = mapping_of(folder.parse_yaml(FILE, match[1])) if match else {}
    body = text[match.end() :] if match else text
    versions = {name.lower(): version for name, version in _VERSION.findall(body)}
    return Card(head, body, versions)
