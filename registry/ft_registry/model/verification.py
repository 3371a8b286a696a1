"""Verification: what was looked at, what was expected of it, what was found.

`verify`, and whatever verifies before it moves anything, collect findings and judge them here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

State: TypeAlias = Literal["ok", "changed", "missing", "extra", "unknown"]
Kind: TypeAlias = Literal[
    "artifact", "loader", "attachment", "data", "index", "base", "version", "document", "chain",
    "pin", "signature",
]  # fmt: skip
"""``artifact``: a file of the weights. ``loader``: what tells MLflow's own loader of them.
``attachment``: patch or scored items kept beside them. ``index``: the index of a dataset's
examples, which is derived from it.
``version``: the version as MLflow has it. ``document``: a document of the ledger against its
digest. ``chain``: the ledger's commits. ``pin``: a cited code commit."""

Depth: TypeAlias = Literal["fast", "full"]
"""``fast``: sizes, presence, listings, checksums that a store keeps by itself. ``full``: every
byte is read."""

_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_DAMAGE = ("changed", "missing", "extra")
_PROMISED: tuple[Kind, ...] = ("artifact", "loader", "attachment", "data", "chain")
"""Of these a good copy must be known to be there. A base lies elsewhere, and goes on by itself; how
MLflow shows a version, and who signed an event, is told and breaks nothing."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    kind: Kind
    name: str
    """What it is, for people: a file's path, a dataset's path, a document's path."""
    state: State
    subject: str = ""
    """The version that it belongs to, ``name/7``; empty: the ledger."""
    place: str = ""
    """Where it was looked for, or last seen: a folder, a URI, ``DVC remote 'store'``."""
    expected: str = ""
    found: str = ""
    size: int | None = None
    """Bytes of what was found; None: not counted."""
    at: str = ""
    """Of damaged data: the path of the object itself, to take it away by."""

    @property
    def is_damage(self) -> bool:
        """Whether a promise is broken; none is that what can be made again is there."""
        return self.state in _DAMAGE and (self.kind, self.state) != ("index", "missing")

    @property
    def is_open(self) -> bool:
        """Whether it must be known before it can be said that all is whole, and is not."""
        return self.state == "unknown" and self.kind in _PROMISED

    def as_json(self) -> dict[str, Any]:
        """Returns the finding as `verify --json` prints it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "subject": self.subject,
            "place": self.place,
            "expected": self.expected,
            "found": self.found,
            "size": self.size,
            "at": self.at,
        }

    def as_text(self) -> str:
        """Returns the finding in a sentence: what, where, expected, found."""
        where = f" in {self.place}" if self.place else ""
        what = f"{self.kind} {self.name}"
        if self.state == "ok":
            return f"{what}{where}: ok"
        if self.state == "unknown":
            return f"{what}{where}: not checked: {self.found}"
        expected = f": expected {self.expected}" if self.expected else ""
        found = f", found {self.found}" if self.found else ""
        at = f", at {self.at}" if self.at else ""
        return shortened(f"{what}{where} is {self.state}{expected}{found}") + at


def shortened(text: str) -> str:
    """Returns a text with the digests in it cut to what people compare by eye."""
    return _DIGEST.sub(r"\1", text)


@dataclass(frozen=True)
class Verification:
    """All findings of one look."""

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What people should hear although nothing is broken."""

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that break a promise."""
        return tuple(finding for finding in self.findings if finding.is_damage)

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """The findings that would have to be known and are not."""
        return tuple(finding for finding in self.findings if finding.is_open)

    @property
    def ok(self) -> bool:
        """Whether nothing is broken and nothing that matters is unknown."""
        return not self.damage and not self.undecided

    def joined(self, others: "Iterable[Verification]") -> "Verification":
        """Returns this and other verifications as one."""
        parts = [self, *others]
        return Verification(
            tuple(finding for part in parts for finding in part.findings),
            tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        )
