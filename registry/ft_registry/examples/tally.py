"""Tallies: what a profile is made of, in parts whose counts add up in any order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Lengths: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

_MANTISSA = 7
"""Bits kept behind the leading one: buckets are exact below 256 and 0.8 % wide above."""
_CLASSES = 1000
"""Distinct labels, sources, openings that are counted by name; the rest are counted together."""
OTHER = "\x00other"
PLACES = 3
"""Places that are kept of each kind of secret."""


@dataclass
class Histogram:
    """Whole numbers from 0, in buckets that are exact for small ones."""

    counts: Counter[int] = field(default_factory=Counter)
    """By the least number of the bucket."""
    total: int = 0
    """The sum of the numbers."""
    largest: int = 0

    @property
    def size(self) -> int:
        """How many numbers."""
        return sum(self.counts.values())

    def add(self, numbers: "Sequence[int] | Lengths") -> None:
        """Takes numbers in."""
        if not len(numbers):
            return
        values = np.asarray(numbers, dtype=np.int64)
        shifts = np.maximum(np.frexp(values.astype(np.float64))[1] - 1 - _MANTISSA, 0)
        found, counts = np.unique((values >> shifts) << shifts, return_counts=True)
        for bucket, count in zip(found.tolist(), counts.tolist(), strict=True):
            self.counts[bucket] += count
        self.total += int(values.sum())
        self.largest = max(self.largest, int(values.max()))

    def add_often(self, number: int, times: int) -> None:
        """Takes one number in, as often as it was found."""
        shift = max(number.bit_length() - 1 - _MANTISSA, 0)
        self.counts[number >> shift << shift] += times
        self.total += number * times
        self.largest = max(self.largest, number)

    def merge(self, other: "Histogram") -> None:
        """Takes another's numbers in."""
        self.counts.update(other.counts)
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def quantile(self, share: float) -> int:
        """Returns the least number that this share of all does not exceed (nearest rank).

        Args:
            share: From 0 to 1.
        """
        rank = max(1, int(np.ceil(share * self.size)))
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                return bucket
        return 0


def count_classes(into: Counter[str], names: Iterable[str] | Counter[str]) -> None:
    """Counts names; once there are too many, the rarest are counted together."""
    into.update(names)
    if len(into) > 4 * _CLASSES:
        kept = {name: count for name, count in into.items() if count > 1}
        if len(kept) > 2 * _CLASSES:
            ranked = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))
            kept = dict(ranked[:_CLASSES])
        rest = into.total() - sum(kept.values())
        into.clear()
        into.update(kept)
        into[OTHER] += rest


@dataclass
class Findings:
    """Secrets and personal data: how many examples hold which, and where the first are."""

    counts: Counter[str] = field(default_factory=Counter)
    """Examples by what they hold, in words that say who found it."""
    first: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By the same: file and line."""

    def add(self, what: str, line: int) -> None:
        """Takes one example in."""
        self.counts[what] += 1
        places = self.first.setdefault(what, [])
        if len(places) < PLACES:
            places.append(("", line))

    def merge(self, later: "Findings", *, lines: int, file: str) -> None:
        """Takes in what follows; see `FaultLog.merge`."""
        self.counts.update(later.counts)
        for what, places in later.first.items():
            known = self.first.setdefault(what, [])
            free = PLACES - len(known)
            known += [(file or name, line + lines) for name, line in places[:free]]


@dataclass
class Tally:
    """What was counted of some examples."""

    prompts: Histogram = field(default_factory=Histogram)
    """Lengths of what is asked, in tokens or characters."""
    answers: Histogram = field(default_factory=Histogram)
    totals: Histogram = field(default_factory=Histogram)
    turns: Histogram = field(default_factory=Histogram)
    labels: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    """Keys that are no part of the examples."""
    systems: Counter[str] = field(default_factory=Counter)
    """The system's turns, cut short."""
    openings: Counter[str] = field(default_factory=Counter)
    """The first characters of the prompts, or of the texts where nothing is asked."""
    markers: Counter[str] = field(default_factory=Counter)
    """The marks that those begin with, as templates do: ``Question:``."""
    briefs: Counter[str] = field(default_factory=Counter)
    """Answers that are short enough to name a class."""
    foreign: int = 0
    """Examples with characters outside ASCII."""
    named: int = 0
    """Examples that name the person whom they are about, where that is looked at."""
    longer_chosen: int = 0
    """Preferences whose chosen answer is longer."""
    longer_rejected: int = 0
    length_only: int = 0
    """Preferences of which one answer begins with the whole other."""

    sensitive: Findings = field(default_factory=Findings)
    """Secrets and personal data."""

    def merge(self, later: "Tally", *, lines: int, file: str = "") -> None:
        """Takes in the counts of what follows; see `FaultLog.merge`."""
        self.sensitive.merge(later.sensitive, lines=lines, file=file)
        for name in ("prompts", "answers", "totals", "turns"):
            getattr(self, name).merge(getattr(later, name))
        for name in (
            "labels", "sources", "languages", "unread", "systems", "openings", "markers", "briefs",
        ):  # fmt: skip
            count_classes(getattr(self, name), getattr(later, name))
        for name in ("foreign", "named", "longer_chosen", "longer_rejected", "length_only"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
