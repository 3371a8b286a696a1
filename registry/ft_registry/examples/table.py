"""Tables of example hashes: sorted columns, and what two of them have in common.

All of it is arithmetic on columns of 64-bit words, so that a million examples take milliseconds.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

from ft_registry.examples.kernel import ROW_BYTES

Words: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
Places: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class HashTable:
    """The hashes of a dataset's examples, ascending by the exact one."""

    high: Words
    """The first eight bytes of each exact hash."""
    low: Words
    """The other eight."""
    normal: Words
    prompt: Words
    """0: nothing is asked."""
    subject: Words | None

    def __len__(self) -> int:
        return len(self.high)

    @property
    def is_first(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Whether each row is the first of its exact hash."""
        first = np.ones(len(self), dtype=bool)
        first[1:] = (self.high[1:] != self.high[:-1]) | (self.low[1:] != self.low[:-1])
        return first

    def exact(self, place: int) -> str:
        """Returns one exact hash in hexadecimal."""
        return f"{int(self.high[place]):016x}{int(self.low[place]):016x}"

    def places(self, exact: str) -> Places:
        """Returns the places of one exact hash, given in hexadecimal."""
        high, low = (np.uint64(int(half, 16)) for half in (exact[:16], exact[16:]))
        start, stop = (np.searchsorted(self.high, high, side) for side in ("left", "right"))
        return np.flatnonzero(self.low[start:stop] == low) + start

    def find(self, other: "HashTable") -> Places:
        """Returns for each row of another table a place here with its exact hash, or -1."""
        if not len(self):
            return np.full(len(other), -1)
        places = np.searchsorted(self.high, other.high)
        places[places == len(self)] = 0
        found = self.high[places] == other.high
        is_same = found & (self.low[places] == other.low)
        # Two hashes with the same first half: look at all that follow.
        for row in np.flatnonzero(found & ~is_same):
            place = places[row]
            while place < len(self) and self.high[place] == other.high[row]:
                if self.low[place] == other.low[row]:
                    places[row], is_same[row] = place, True
                    break
                place += 1
        return np.where(is_same, places, -1)

    def rows(self, wanted: Any) -> "HashTable":
        """Returns some of the rows, by a mask or by places."""
        subject = self.subject[wanted] if self.subject is not None else None
        return HashTable(
            self.high[wanted], self.low[wanted], self.normal[wanted], self.prompt[wanted], subject
        )  # fmt: skip


def table_of(hashes: bytes, subjects: bytes = b"") -> HashTable:
    """Returns the table of the kernel's rows.

    Args:
        hashes: `ROW_BYTES` for each example.
        subjects: 8 bytes for each, or nothing.
    """
    words = np.frombuffer(hashes, dtype=">u8").reshape(-1, ROW_BYTES // 8).astype(np.uint64)
    order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
    columns = [np.ascontiguousarray(words[order, number]) for number in range(4)]
    named = np.frombuffer(subjects, dtype=">u8").astype(np.uint64)[order] if subjects else None
    return HashTable(columns[0], columns[1], columns[2], columns[3], named)


class RootHasher:
    """Digests the exact hashes of tables that follow each other."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()

    def add(self, table: HashTable) -> None:
        """Takes the next table in."""
        both = np.empty((len(table), 2), dtype=">u8")
        both[:, 0], both[:, 1] = table.high, table.low
        self._hasher.update(both.tobytes())

    @property
    def root(self) -> str:
        """``sha256:<64 hex>``."""
        return f"sha256:{self._hasher.hexdigest()}"


class Match(IntEnum):
    """How closely another dataset has an example; the closest is the largest."""

    NONE = 0
    NEAR = 1
    """Most words in the same order; hashes do not tell it."""
    PROMPT = 2
    """The same prompt with another answer."""
    NORMAL = 3
    """Equal but for case and spacing."""
    EXACT = 4

    @property
    def word(self) -> str:
        """As people are told it: ``exact``."""
        return self.name.lower()


Matches: TypeAlias = np.ndarray[Any, np.dtype[np.int8]]
"""A `Match` for each row."""


@dataclass(frozen=True)
class Overlap:
    """What the examples of one table have in another."""

    exact: Places
    """Rows that are there as they are."""
    normal: Places
    """Further rows that are there when case and spacing do not count."""
    prompt: Places
    """Further rows of which the prompt is there, with another answer."""


def overlap(left: HashTable, right: HashTable) -> Overlap:
    """Returns the rows of the left table that the right one has too."""
    exact = right.find(left) >= 0
    normal = ~exact & _among(left.normal, right.normal)
    prompt = ~exact & ~normal & (left.prompt != 0) & _among(left.prompt, right.prompt)
    return Overlap(*(np.flatnonzero(mask) for mask in (exact, normal, prompt)))


def closest(table: HashTable, others: Iterable[HashTable]) -> Matches:
    """Returns for each row of a table how closely any of the others has it."""
    matches = np.full(len(table), Match.NONE, dtype=np.int8)
    for other in others:
        found = overlap(table, other)
        for match, places in (
            (Match.PROMPT, found.prompt), (Match.NORMAL, found.normal), (Match.EXACT, found.exact),
        ):  # fmt: skip
            matches[places] = np.maximum(matches[places], match)
    return matches


def _among(few: Words, many: Words) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Returns `np.isin(few, many)`, without sorting the larger side."""
    if not len(few) or len(few) > len(many):
        return np.isin(few, many)
    ordered = np.sort(few)
    places = np.minimum(np.searchsorted(ordered, many), len(few) - 1)
    return np.isin(few, many[ordered[places] == many])


@dataclass(frozen=True)
class Difference:
    """How one dataset became another. Duplicates do not count."""

    added: Places
    """Rows of the new table."""
    removed: Places
    """Rows of the old one."""
    edited: tuple[tuple[int, int], ...]
    """Rows, old and new, with the same prompt and another answer."""
    same: int


def difference(old: HashTable, new: HashTable) -> Difference:
    """Returns what was added, removed and edited between two tables."""
    gone = np.flatnonzero((new.find(old) < 0) & old.is_first)
    came = np.flatnonzero((old.find(new) < 0) & new.is_first)
    by_prompt: dict[int, list[int]] = {}
    for row, prompt in zip(gone.tolist(), old.prompt[gone].tolist(), strict=True):
        if prompt:
            by_prompt.setdefault(prompt, []).append(row)
    edited, taken, added = [], set[int](), []
    for row, prompt in zip(came.tolist(), new.prompt[came].tolist(), strict=True):
        before = by_prompt.get(prompt)
        if before:
            edited.append((before.pop(0), row))
            taken.add(edited[-1][0])
        else:
            added.append(row)
    removed = [row for row in gone.tolist() if row not in taken]
    same = int(new.is_first.sum()) - len(came)
    return Difference(
        np.array(added, dtype=np.int64), np.array(removed, dtype=np.int64), tuple(edited), same
    )
