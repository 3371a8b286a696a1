"""Finds examples that were erased: by the hashes of tombstones, under the secret of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ft_registry.examples.content import EXACT_BYTES, SHORT_BYTES, Hasher
from ft_registry.examples.erased import Erased
from ft_registry.examples.faults import FaultLog
from ft_registry.examples.lanes import Batch
from ft_registry.examples.normal import Bytes


class ErasedFinder:
    """Finds what was erased among examples.

    Args:
        erased: The hashes.
        hasher: Makes hashes with their secret.
        is_own: The index is made with the same secret: its hashes need not be made again.
    """

    def __init__(self, erased: Erased, hasher: Hasher, *, is_own: bool) -> None:
        self._hasher = hasher
        self._is_own = is_own
        self._exact = _Names(erased.exact, EXACT_BYTES)
        self._normal = _Names(erased.normal, SHORT_BYTES)
        self._subjects = _Names(erased.subjects, SHORT_BYTES)

    def report(
        self,
        batch: Batch,
        hashes: Bytes,
        numbers: Sequence[int],
        faults: FaultLog,
        *,
        told: set[int],
    ) -> None:
        """Reports examples that were erased.

        Args:
            batch: The examples.
            hashes: Those that the index gets, the exact one and the normal one first; a row each.
            numbers: The lines that they are of.
            faults: Takes what is found.
            told: Places of which it was said already; gets those that are found.
        """
        if not (self._exact or self._normal):
            return
        exact, normal = hashes[:, :EXACT_BYTES], hashes[:, EXACT_BYTES : EXACT_BYTES + SHORT_BYTES]
        if not self._is_own:
            exact = _rows(self._hasher.exact(batch.contents), len(hashes))[:, :EXACT_BYTES]
            normal = _rows(self._hasher.pairs(batch.normals)[0], len(hashes))
        for names, there, what in (
            (self._exact, exact, "an erased example"),
            (self._normal, normal, "an erased example, re-spaced or re-cased"),
        ):
            for place in names.find(there):
                if place not in told:
                    faults.add(numbers[place], "erased", what)
                    told.add(place)

    def report_subjects(
        self, names: Sequence[bytes], hashes: Bytes, numbers: Sequence[int], faults: FaultLog
    ) -> None:
        """Reports examples about persons who were erased.

        Args:
            names: Of the persons, in normal form; empty: nobody.
            hashes: Those that the index gets.
            numbers: The lines that they are of.
            faults: Takes what is found.
        """
        if not self._subjects:
            return
        if not self._is_own:
            hashes = _rows(self._hasher.short(names), len(names))
        for place in self._subjects.find(hashes):
            if names[place]:
                faults.add(numbers[place], "erased", "an example of an erased subject")


class _Names:
    """Hashes to look for.

    Args:
        names: One behind the other.
        width: The bytes of each.
    """

    def __init__(self, names: bytes, width: int) -> None:
        # numpy leaves out zeros at the end of bytes: on both sides, so that the same stay the same.
        self._kind = np.dtype((np.bytes_, width))
        self._names = np.sort(np.frombuffer(names, dtype=self._kind))

    def __bool__(self) -> bool:
        return bool(len(self._names))

    def find(self, hashes: Bytes) -> list[int]:
        """Returns the places of those among some, one a row."""
        if not self:
            return []
        there = np.ascontiguousarray(hashes).view(self._kind).ravel()
        nearest = np.minimum(np.searchsorted(self._names, there), len(self._names) - 1)
        found: list[int] = np.flatnonzero(self._names[nearest] == there).tolist()
        return found


def _rows(hashes: bytes, count: int) -> Any:
    return np.frombuffer(hashes, dtype=np.uint8).reshape(count, -1)
