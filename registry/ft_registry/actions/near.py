"""Looks for near duplicates of a dataset's examples in others; needs the data itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.errors import InvalidInput, NotFound
from ft_registry.examples.content import EXACT_BYTES, Hasher, canonical_content
from ft_registry.examples.faults import unheard
from ft_registry.examples.formats import Format
from ft_registry.examples.near import NearIndex
from ft_registry.examples.reading import read_example
from ft_registry.examples.table import HashTable, Match, Matches
from ft_registry.examples.work import Source
from ft_registry.readers.examination import iterate


def find_near(
    left: Sequence[FoundSnapshot],
    right: FoundSnapshot,
    table: HashTable,
    matches: Matches,
    shelves: Shelves,
    *,
    threshold: float,
) -> int:
    """Marks the rows of the right side that are nearly in the left one; returns how many.

    What is asked is compared, or all of the text where nothing is asked.

    Args:
        left: The holders.
        right: The dataset whose examples are looked for.
        table: Its rows.
        matches: By row, how closely it was found already; what is near and was not found more
            closely is marked here.
        shelves: Has the data.
        threshold: The least similarity, above 0 and up to 1.

    Raises:
        InvalidInput: The threshold is none.
        NotFound: The data of one of them is gone.
    """
    if not 0 < threshold <= 1:
        raise InvalidInput(f"expected a similarity above 0 and up to 1, found {threshold}")
    by_name = {table.exact(row): row for row in np.flatnonzero(matches < Match.NEAR).tolist()}
    hasher = Hasher(shelves.key_of(right))
    texts, rows = [], []
    with TemporaryDirectory(prefix="near-", dir=shelves.scratch) as folder:
        sources = _sources(right, shelves, Path(folder) / "right")
        format_ = shelves.format_of(right, sources)
        for row, text in _texts(sources, format_):
            content = canonical_content(format_.content_of(row))
            place = by_name.pop(hasher.exact([content])[:EXACT_BYTES].hex(), None)
            if place is not None:
                texts.append(text)
                rows.append(place)
        index = NearIndex(texts, threshold=threshold)
        found = set[int]()
        for number, one in enumerate(left):
            sources = _sources(one, shelves, Path(folder) / str(number))
            theirs = _texts(sources, shelves.format_of(one, sources))
            for _, ours, _ in index.matches(text for _, text in theirs):
                found.add(rows[ours])
    matches[sorted(found)] = Match.NEAR
    return len(found)


def _sources(found: FoundSnapshot, shelves: Shelves, folder: Path) -> list[Source]:
    folder.mkdir()
    sources = shelves.files(found, folder)
    if not sources:
        raise NotFound(
            f"expected the data of {found.reference} to compare its words, found it neither in the "
            "work tree nor in the cache or a remote",
            hints=["without --near its hashes are compared: exact, and case and spacing aside"],
        )
    return sources


def _texts(sources: Sequence[Source], format_: Format) -> Iterator[tuple[dict[str, Any], str]]:
    for row in iterate(sources):
        reading = read_example(row, format_, unheard)
        yield row, reading.prompt or reading.answer
