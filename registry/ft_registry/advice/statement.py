"""Statements: what is said, whether the evidence carries it, and what the evidence is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

What: TypeAlias = Literal["supported", "against", "missing"]
"""Whether evidence on record carries what the topic asks for, speaks against it, or decides
nothing: there is none, or luck could explain it."""
Step: TypeAlias = Literal["", "prompt", "rag", "fine-tune"]
"""A step of the order. Empty: what is on record implies none."""


@dataclass(frozen=True)
class Evidence:
    """A document of the ledger, and figures of it."""

    document: str
    """``m/7``, ``m:few-shot``, ``sums-12ab of m/7``."""
    digest: str
    figures: Mapping[str, float | int | str] = field(default_factory=dict)
    """By name; each was measured or counted, none is made up."""

    def as_json(self) -> dict[str, Any]:
        """Returns it as a JSON value."""
        return {"document": self.document, "digest": self.digest, "figures": dict(self.figures)}


@dataclass(frozen=True)
class Statement:
    """One thing that is said."""

    topic: str
    what: What
    words: str
    evidence: tuple[Evidence, ...] = ()
    next: str = ""
    """What would add evidence, or mend what speaks against it; empty: nothing is asked."""

    def as_json(self) -> dict[str, Any]:
        """Returns it as a JSON value."""
        return {
            "topic": self.topic,
            "what": self.what,
            "words": self.words,
            "evidence": [one.as_json() for one in self.evidence],
            "next": self.next,
        }


@dataclass(frozen=True)
class Advice:
    """What is on record of a model implies this."""

    model: str
    step: Step
    version: str
    """The one that may be shipped, where the step is ``fine-tune``; else empty."""
    words: str
    statements: tuple[Statement, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns it as a JSON value."""
        return {
            "model": self.model,
            "implies": {"step": self.step, "version": self.version, "words": self.words},
            "statements": [one.as_json() for one in self.statements],
        }
