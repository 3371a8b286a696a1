"""Healing: what is damaged or missing in one place, and where a good copy of it lies."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ft_registry.model.verification import Kind, shortened

Harm: TypeAlias = Literal["changed", "missing", "extra"]
"""``extra``: a file beside the weights that nobody put on record."""


@dataclass(frozen=True)
class Wound:
    """One file or object that is not what is on record, in one place."""

    kind: Kind
    name: str
    """What it is, for people: ``data/train.jsonl``, ``adapter/adapter_model.safetensors``."""
    key: str
    """By what the place knows it: the name of an object, or the path below a logged model."""
    harm: Harm
    place: str
    """``DVC cache /path``, ``DVC remote 'store' (...)``, or the folder or URI of a logged model."""
    subject: str = ""
    """The version or baseline that it belongs to: the first, of data that several were made of."""
    at: str = ""
    """Where exactly it lies, for people."""
    expected: str = ""
    found: str = ""
    size: int | None = None
    """Bytes that will be written; None: not known before."""
    source: str = ""
    """Where a copy lies that was read and is right; empty: nowhere, or nothing is to be written."""
    looked: tuple[str, ...] = ()
    """Where no good copy was found, each with what was found instead."""
    unasked: tuple[str, ...] = ()
    """Places that may have a good copy and did not answer, each with the reason."""

    @property
    def is_curable(self) -> bool:
        """Whether it can be healed."""
        return bool(self.source) or self.harm == "extra"

    @property
    def is_open(self) -> bool:
        """Whether nobody knows if it can be healed."""
        return not self.is_curable and bool(self.unasked)

    @property
    def is_unseen(self) -> bool:
        """Whether its place did not answer: nobody knows if anything is wrong there."""
        return not self.expected

    @property
    def words(self) -> str:
        """What healing does."""
        where = self.at or self.place
        if self.harm == "extra":
            return f"set {self.name} aside, which is on no record: {where}"
        verb = "restore" if self.harm == "changed" else "put back"
        return f"{verb} {self.name} from {self.source}: {where}"

    @property
    def fate(self) -> str:
        """What is known of it while it is not healed."""
        text = f"{self.name} is {self.harm} in {self.place}"
        if self.expected:
            text += f", expected {self.expected}"
        if self.found:
            text += f", found {self.found}"
        for word, places in (("no good copy", self.looked), ("no answer", self.unasked)):
            if places:
                text += f"; {word}: {'; '.join(places)}"
        return shortened(text)

    def as_json(self) -> dict[str, Any]:
        """Returns the wound as `verify --heal --json` prints it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "subject": self.subject,
            "state": self.harm,
            "place": self.place,
            "at": self.at,
            "expected": self.expected,
            "found": self.found,
            "size": self.size,
            "source": self.source,
            "looked": list(self.looked),
            "unasked": list(self.unasked),
        }
