"""Traces examples: which snapshots hold them, which versions were trained on those, what serves.

It answers from the indexes, whether or not the data still exists.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ft_registry.actions.persons import KnownExamples, is_about, known_examples
from ft_registry.actions.resolve import read_record
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.actions.trace_query import Hashes, Query
from ft_registry.errors import FtRegistryError
from ft_registry.examples.table import HashTable
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.reference import VersionReference
from ft_registry.model.snapshot import TRAINING_ROLES


@dataclass(frozen=True)
class Held:
    """A snapshot that holds what was looked for."""

    snapshot: FoundSnapshot
    exact: int
    """Rows that are it; of a person: further rows that are an example about them elsewhere."""
    normal: int
    """Further rows that are but for case and spacing."""
    subject: int
    """Rows about the person, by the index."""


@dataclass(frozen=True)
class Affected:
    """A version that was trained or measured on it, or tuned from one that was."""

    version: VersionReference
    how: str
    """``trained on train@3f2a90c1``, ``measured on ...``, ``tuned from m/2``."""
    is_trained: bool
    aliases: tuple[str, ...]
    """Those that name it now."""


@dataclass(frozen=True)
class Untold:
    """A snapshot that cannot say, or not of everything that it has."""

    snapshot: FoundSnapshot
    why: str
    is_searched: bool = False
    """Whether its index was looked through: what that does not have, nobody knows."""

    def __str__(self) -> str:
        """In words, with the snapshot's name."""
        return f"{self.snapshot.reference}: {self.why}"


@dataclass(frozen=True)
class Trace:
    """Where examples went."""

    query: Query
    held: tuple[Held, ...]
    affected: tuple[Affected, ...]
    untold: tuple[Untold, ...] = ()
    """Snapshots that cannot say, or not of everything; some of them are known to hold it."""
    looked_at: int = 0
    """Snapshots that could say, whether they hold it or not."""
    hashes: tuple[tuple[str, Hashes], ...] = field(default=())
    """What was looked for, by secret."""
    about: tuple[tuple[tuple[str, Hashes], ...], ...] = ()
    """The examples about the person who was looked for, each by its hashes and their secrets."""

    @property
    def is_told(self) -> bool:
        """Whether anybody can tell: some snapshot holds it, or none does and each one said so."""
        return bool(self.held) or (self.looked_at > 0 and not self.untold)


def trace(query: Query, snapshots: Sequence[FoundSnapshot], shelves: Shelves) -> Trace:
    """Returns where examples went.

    Raises:
        IntegrityError: A record is damaged. A lost or damaged index is told, and does not end it.
    """
    held, untold = list[Held](), list[Untold]()
    looked_at = 0
    distinct = {found.snapshot.content.key + found.snapshot.name: found for found in snapshots}
    by_key, others = query.by_key, tuple[Hashes, ...]()
    if query.given is not None:
        by_key = _owned(query.given, distinct.values(), shelves) or query.by_key
        others = (query.given,)
    about = KnownExamples()
    if query.is_person:
        about = known_examples(query, tuple(distinct.values()), shelves)
    for one in distinct.values():
        index = one.snapshot.examples
        if not isinstance(index, ExampleIndex):
            why = index.unknown if index is not None else "it was taken before there were indexes"
            untold.append(Untold(one, why))
            continue
        wanted = by_key.get(index.key, others)
        if not wanted:
            untold.append(Untold(one, f"its hashes were made with the secret {index.key}"))
            continue
        gaps, known = one.gaps, about.under(index.key)
        if query.is_person and not index.subject:
            gaps = (about.words(index.key), *gaps)
            if not known:
                untold.append(Untold(one, gaps[0]))
                continue
        try:
            table = shelves.table(one)
        except FtRegistryError as error:
            untold.append(Untold(one, error.message))
            continue
        if gaps:
            untold.append(Untold(one, "; ".join(gaps), is_searched=True))
        found = _count(table, (*wanted, *known))
        looked_at += any(found) or not gaps
        if any(found):
            held.append(Held(one, *found))
    hashes = tuple((key, one) for key, many in by_key.items() for one in many)
    affected = tuple(_affected(held, shelves))
    return Trace(query, tuple(held), affected, tuple(untold), looked_at, hashes, about.examples)


def _owned(
    given: Hashes, snapshots: Iterable[FoundSnapshot], shelves: Shelves
) -> dict[str, tuple[Hashes, ...]]:
    """Returns a hash under the secrets of the indexes that hold it; an exact one with its normal.

    No secret is needed to compare it.
    """
    found: dict[str, dict[Hashes, None]] = {}
    for one in snapshots:
        if not isinstance(one.snapshot.examples, ExampleIndex):
            continue
        try:
            table = shelves.table(one)
        except FtRegistryError:
            continue  # told by who counts what it holds
        if given.exact:
            normals = {int(table.normal[place]) for place in table.places(given.exact)}
            names = [Hashes(given.exact, f"{normal:016x}") for normal in sorted(normals)]
        else:
            names = [given] * any(_count(table, (given,)))
        found.setdefault(one.index.key, {}).update(dict.fromkeys(names))
    return {key: tuple(names) for key, names in found.items() if names}


def _count(table: HashTable, wanted: Sequence[Hashes]) -> tuple[int, int, int]:
    exact = np.zeros(len(table), dtype=bool)
    for one in wanted:
        if one.exact:
            exact[table.places(one.exact)] = True
    normals = np.array([int(one.normal, 16) for one in wanted if one.normal], dtype=np.uint64)
    normal = np.isin(table.normal, normals)
    subject = is_about(table, wanted)
    exact &= ~subject
    return int(exact.sum()), int((normal & ~exact & ~subject).sum()), int(subject.sum())


def _affected(held: Sequence[Held], shelves: Shelves) -> Iterator[Affected]:
    reasons: dict[VersionReference, tuple[str, bool]] = {}
    for one in held:
        content = one.snapshot.snapshot.content
        for use in shelves.versions.uses(content.key):
            version = VersionReference(use.model, use.number)
            record = read_record(shelves.ledger, version).record
            roles = {data.role for data in record.data if data.key == content.key}
            is_trained = bool(roles & set(TRAINING_ROLES))
            if version not in reasons or (is_trained and not reasons[version][1]):
                verb = "trained on" if is_trained else "measured on"
                reasons[version] = f"{verb} {one.snapshot.reference}", is_trained
    pending = [version for version, (_, is_trained) in reasons.items() if is_trained]
    while pending:
        version = pending.pop(0)
        digest = read_record(shelves.ledger, version).digest
        for use in shelves.versions.uses(digest):
            child = VersionReference(use.model, use.number)
            if use.kind == "parent" and not reasons.get(child, ("", False))[1]:
                reasons[child] = f"tuned from {version}", True
                pending.append(child)
    live = _live(shelves, {version.model for version in reasons})
    for version, (how, is_trained) in sorted(reasons.items(), key=lambda pair: str(pair[0])):
        yield Affected(version, how, is_trained, tuple(sorted(live.get(version, ()))))


def _live(shelves: Shelves, models: Iterable[str]) -> dict[VersionReference, list[str]]:
    found: dict[VersionReference, list[str]] = {}
    for model in models:
        contents = shelves.ledger.read_many(shelves.ledger.paths(layout.aliases(model)))
        for path, content in contents.items():
            state = AliasState.parse(content, what=path)
            found.setdefault(VersionReference(model, state.version), []).append(state.alias)
    return found
