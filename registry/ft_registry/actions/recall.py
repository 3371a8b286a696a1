"""Holds data that is on record against the tombstones, by its indexes: nothing is read again."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ft_registry.actions.snapshots import FoundSnapshot, snapshots_of
from ft_registry.errors import FtRegistryError, Refused
from ft_registry.examples.table import HashTable, Words
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.snapshot import DataContent
from ft_registry.model.tombstone import Tombstone
from ft_registry.ports.example_index import IndexFiles
from ft_registry.ports.ledger import Ledger

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


def recall(
    content: DataContent, stones: Sequence[Tombstone], ledger: Ledger, indexes: IndexFiles
) -> list[Tombstone]:
    """Returns the tombstones of which nobody can tell whether data holds what they name.

    Args:
        content: The data: any snapshot of the same bytes tells of it.
        stones: All tombstones on record.
        ledger: Knows the snapshots.
        indexes: Hold their hashes.

    Raises:
        Refused: It holds what was erased.
    """
    told = set[str]()
    for snapshot in snapshots_of(content.key, ledger) if stones else ():
        index = snapshot.examples
        own = [one for one in stones if isinstance(index, ExampleIndex) and one.key == index.key]
        if not isinstance(index, ExampleIndex) or not own:
            continue
        try:
            table = indexes.open(index)
        except FtRegistryError:
            continue  # what it cannot tell is returned
        told.add(index.key)
        places = np.flatnonzero(_is_erased(table, own))
        if len(places):
            stone = _stone_of(table, int(places[0]), own)
            raise _refusal(FoundSnapshot(snapshot), content, len(places), stone)
    groups = {one.group for one in stones if one.group and one.key in told}
    return [one for one in stones if one.key not in told and one.group not in groups]


def _is_erased(table: HashTable, stones: Sequence[Tombstone]) -> Mask:
    """Returns for each row whether a tombstone names it."""
    found = np.isin(table.normal, _words(one.normal for one in stones))
    for one in stones:
        if one.exact:
            found[table.places(one.exact)] = True
    if table.subject is not None:
        found |= np.isin(table.subject, _words(one.subject for one in stones))
    return found


def _words(names: Iterable[str]) -> Words:
    return np.array([int(name, 16) for name in names if name], dtype=np.uint64)


def _stone_of(table: HashTable, place: int, stones: Sequence[Tombstone]) -> Tombstone:
    """Returns a tombstone that names a row."""
    subject = table.subject[place] if table.subject is not None else 0
    exact, normal = table.exact(place), f"{int(table.normal[place]):016x}"
    return next(
        one
        for one in stones
        if one.exact == exact or one.normal == normal or one.subject == f"{int(subject):016x}"
    )


def _refusal(snapshot: FoundSnapshot, content: DataContent, rows: int, stone: Tombstone) -> Refused:
    persons = f" --subject {snapshot.index.subject}" if stone.subject else ""
    what = "1 example that was" if rows == 1 else f"{rows:,} examples that were"
    return Refused(
        f"expected data without what was erased, found {what} in {content.path} "
        f"({snapshot.reference}): tombstone {stone.id} of {stone.since[:10]}, {stone.reason!r}",
        hints=[
            f"ft-registry data check {content.path}{persons} names the lines",
            "take them out, then take a new snapshot",
        ],
    )
