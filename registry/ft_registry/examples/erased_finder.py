"""Finds examples that were erased: by the hashes of tombstones, under the secret of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ft_registry.examples.content import EXACT_BYTES, SHORT_BYTES, Hasher, canonical_content
from ft_registry.examples.erased import Erased
from ft_registry.examples.faults import FaultLog, unheard
from ft_registry.examples.formats import Format, format_of
from ft_registry.examples.normal import Bytes, NormalBatch, normal_batch
from ft_registry.examples.reading import read_example


class ErasedWatch:
    """Reports examples that were erased, and examples about persons who were: one fault a line.

    Args:
        erased: The hashes, by secret.
        key: The secret of the index: what it holds need not be made again.
        format_: The format in which the index has the examples.
    """

    def __init__(self, erased: Iterable[Erased], key: bytes | None, format_: Format) -> None:
        self._finders = [_Finder(one, Hasher(one.key), is_own=one.key == key) for one in erased]
        self._format = format_

    def __bool__(self) -> bool:
        return bool(self._finders)

    def report(
        self,
        contents: Sequence[bytes],
        normals: NormalBatch,
        hashes: "Bytes | None",
        numbers: Sequence[int],
        faults: FaultLog,
        *,
        told: set[int],
    ) -> None:
        """Reports examples that were erased.

        Args:
            contents: Their canonical content.
            normals: The normal forms of prompt and answer in turn.
            hashes: Those that the index gets, the exact one and the normal one first; a row each.
                None: the index does not have them so.
            numbers: The lines that they are of.
            faults: Takes what is found.
            told: Lines of which it was said already; gets those that are found.
        """
        for one in self._finders:
            for place, what in one.examples(contents, normals, hashes):
                _tell(numbers[place], what, faults, told)

    def report_own(
        self,
        rows: Sequence[Mapping[str, Any]],
        numbers: Sequence[int],
        faults: FaultLog,
        *,
        told: set[int],
        is_indexed: bool = True,
    ) -> None:
        """Reports rows that were erased as examples of the format that they have by themselves.

        The format of a file may be another: one that was named for it, or that most rows have.

        Args:
            rows: The rows.
            numbers: The lines that they are of.
            faults: Takes what is found.
            told: Lines of which it was said already; gets those that are found.
            is_indexed: They are looked at in the format of the index elsewhere.
        """
        contents: list[bytes] = []
        texts: list[str] = []
        places: list[int] = []
        for row, number in zip(rows, numbers, strict=True):
            # An empty text is an absent one: it must not hide under which keys the others stand.
            said = {key: value for key, value in row.items() if value is not None and value != ""}
            own = format_of(said)
            for format_ in (own,) if is_indexed else dict.fromkeys((own, self._format)):
                if number in told or (is_indexed and format_ == self._format):
                    continue
                contents.append(canonical_content(format_.content_of(said)))
                texts += read_example(said, format_, unheard).pair
                places.append(number)
        if places:
            self.report(contents, normal_batch(texts), None, places, faults, told=told)

    def report_subjects(
        self,
        names: Sequence[bytes],
        hashes: "Bytes | None",
        numbers: Sequence[int],
        faults: FaultLog,
        *,
        told: set[int],
    ) -> None:
        """Reports examples about persons who were erased.

        Args:
            names: Of the persons, in normal form; empty: nobody.
            hashes: Those that the index gets; None: it has none of them.
            numbers: The lines that they are of.
            faults: Takes what is found.
            told: Lines of which it was said already; gets those that are found.
        """
        for one in self._finders:
            for place in one.subjects(names, hashes):
                _tell(numbers[place], "an example of an erased subject", faults, told)


def _tell(line: int, what: str, faults: FaultLog, told: set[int]) -> None:
    if line not in told:
        faults.add(line, "erased", what)
        told.add(line)


class _Finder:
    """Finds what was erased under one secret.

    Args:
        erased: The hashes.
        hasher: Makes hashes with their secret.
        is_own: The index is made with the same secret.
    """

    def __init__(self, erased: Erased, hasher: Hasher, *, is_own: bool) -> None:
        self._hasher = hasher
        self._is_own = is_own
        self._exact = _Names(erased.exact, EXACT_BYTES)
        self._normal = _Names(erased.normal, SHORT_BYTES)
        self._subjects = _Names(erased.subjects, SHORT_BYTES)

    def examples(
        self, contents: Sequence[bytes], normals: NormalBatch, hashes: "Bytes | None"
    ) -> Iterator[tuple[int, str]]:
        """Yields the places of examples that were erased, and what they are."""
        if not (self._exact or self._normal):
            return
        if self._is_own and hashes is not None:
            exact = hashes[:, :EXACT_BYTES]
            normal = hashes[:, EXACT_BYTES : EXACT_BYTES + SHORT_BYTES]
        else:
            exact = _rows(self._hasher.exact(contents), len(contents))[:, :EXACT_BYTES]
            normal = _rows(self._hasher.pairs(normals)[0], len(contents))
        for place in self._exact.find(exact):
            yield place, "an erased example"
        for place in self._normal.find(normal):
            yield place, "an erased example, re-spaced or re-cased"

    def subjects(self, names: Sequence[bytes], hashes: "Bytes | None") -> list[int]:
        """Returns the places of persons who were erased."""
        if not (self._subjects and names):
            return []
        if not self._is_own or hashes is None:
            hashes = _rows(self._hasher.short(names), len(names))
        return [place for place in self._subjects.find(hashes) if names[place]]


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
