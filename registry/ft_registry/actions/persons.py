"""Finds the examples about a person, so that they are recognised where persons are not indexed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ft_registry.actions.shelves import Shelves, recorded_format
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.actions.trace_query import Hashes, Query, hashes_of
from ft_registry.errors import FtRegistryError
from ft_registry.examples.table import HashTable
from ft_registry.model.examples import ExampleIndex

Named: TypeAlias = tuple[str, Hashes]
"""An example by its hashes, and the name of their secret."""


@dataclass(frozen=True)
class KnownExamples:
    """The examples that some index has about a person."""

    examples: tuple[tuple[Named, ...], ...] = ()
    """Each under its own secret, and under those of other indexes as far as it could be read."""

    def under(self, key: str) -> tuple[Hashes, ...]:
        """Returns their hashes under a secret."""
        found = (one for same in self.examples for name, one in same if name == key)
        return tuple(dict.fromkeys(found))

    def words(self, key: str) -> str:
        """Returns what can be told where persons are not indexed."""
        known = sum(any(name == key for name, _ in same) for same in self.examples)
        text = "persons are not indexed"
        if known:
            text += f": only {_count(known)} known to be about the person could be looked for"
        if unread := len(self.examples) - known:
            text += f"; {_count(unread)} could not be read again to be looked for under its secret"
        return text


def known_examples(
    query: Query, snapshots: Sequence[FoundSnapshot], shelves: Shelves
) -> KnownExamples:
    """Returns the examples that the indexes have about a person.

    Hashes of another secret cannot be compared, so where an index without persons has one, the
    examples are read again to make theirs, as far as the data is still there.

    Args:
        query: The person.
        snapshots: All of them.
        shelves: Has the indexes, and the data.
    """
    indexed = [one for one in snapshots if isinstance(one.snapshot.examples, ExampleIndex)]
    asked = {one.index.key for one in indexed if not one.index.subject} & query.hashers.keys()
    formats = {format_: None for one in indexed if (format_ := recorded_format(one))}
    found: dict[Named, tuple[Named, ...]] = {}
    for one in indexed:
        key = one.index.key
        if not one.index.subject or key not in query.by_key:
            continue
        try:
            own = _about(shelves.table(one), query.by_key[key])
        except FtRegistryError:
            continue  # told by who counts what it holds
        hashers = {name: query.hashers[name] for name in sorted(asked - {key})}
        alone = {hashes.exact: hashes for hashes in own if len(found.get((key, hashes), ())) <= 1}
        found |= {(key, hashes): ((key, hashes),) for hashes in alone.values()}
        for exact, row in (_rows(one, set(alone), shelves) if hashers else {}).items():
            others = hashes_of([row], hashers, formats)
            same = ((name, hashes) for name, many in others.items() for hashes in many)
            found[key, alone[exact]] += tuple(same)
    return KnownExamples(tuple(found.values()))


def _rows(one: FoundSnapshot, wanted: set[str], shelves: Shelves) -> dict[str, dict[str, Any]]:
    try:
        return shelves.rows(one, wanted)
    except FtRegistryError:
        return {}  # told by `KnownExamples.words`


def _about(table: HashTable, persons: Iterable[Hashes]) -> list[Hashes]:
    """Returns the examples of a table about some persons."""
    places = np.flatnonzero(is_about(table, persons)).tolist()
    return [Hashes(table.exact(place), f"{int(table.normal[place]):016x}") for place in places]


def is_about(table: HashTable, persons: Iterable[Hashes]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Returns for each row whether its index says that it is about one of some persons."""
    if table.subject is None:
        return np.zeros(len(table), dtype=bool)
    names = [int(one.subject, 16) for one in persons if one.subject]
    return np.isin(table.subject, np.array(names, dtype=np.uint64))


def _count(examples: int) -> str:
    return f"{examples:,} example{'s' if examples != 1 else ''}"
