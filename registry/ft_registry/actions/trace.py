"""Traces examples: which snapshots hold them, which versions were trained on those, what serves.

It answers from the indexes alone, whether or not the data still exists.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ft_registry.actions.resolve import read_record
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.errors import FtRegistryError, InvalidInput
from ft_registry.examples.content import EXACT_BYTES, Hasher, canonical_content
from ft_registry.examples.faults import unheard
from ft_registry.examples.formats import Format, detect_format, format_of
from ft_registry.examples.normal import normal_batch, normal_text
from ft_registry.examples.reading import read_example
from ft_registry.examples.table import HashTable
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.reference import VersionReference
from ft_registry.model.secret import Secret
from ft_registry.model.snapshot import TRAINING_ROLES
from ft_registry.readers.examination import iterate
from ft_registry.readers.example_sources import survey

_HARMLESS = frozenset({"crlf", "duplicate-key"})
"""Rules that lines break which are read all the same."""


@dataclass(frozen=True)
class Hashes:
    """An example, or a person, by the hashes of one secret."""

    exact: str = ""
    normal: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    shown: str
    """For people: where it came from, without its text."""
    by_key: dict[str, tuple[Hashes, ...]]
    """The same things under each secret that is here; empty: plain."""
    given: Hashes | None = None
    """A hash that somebody gave: the indexes that hold it tell of which secret it is."""


def make_query(
    *,
    example: Path | None,
    hashed: str,
    subject: str,
    secrets: Iterable[Secret],
    formats: Sequence[Format] = (),
) -> Query:
    """Returns what somebody looks for.

    Args:
        example: A file of examples, in any kind and format.
        hashed: An exact hash (32 digits) or a normal one (16).
        subject: The name of a person, as the examples have it.
        secrets: All that are here; without any only plain hashes can be made.
        formats: Those that the indexes were made with: an example is looked for in each, and in
            its own.

    Raises:
        InvalidInput: Not exactly one of them is given; or it is malformed, or holds no example.
        NotFound, Refused: The file cannot be read.
    """
    if sum((example is not None, bool(hashed), bool(subject))) != 1:
        raise InvalidInput("expected one of --example, --hash and --subject")
    keys = {"": Hasher(), **{secret.name: Hasher(secret.value) for secret in secrets}}
    if hashed:
        text = hashed.lower().removeprefix("sha256:")
        if len(text) == 64:
            text = text[:32]
        if len(text) not in (16, 32) or set(text) - set("0123456789abcdef"):
            raise InvalidInput(
                f"expected a hash of 32 or 16 hexadecimal digits, found {hashed!r}",
                hints=["ft-registry data trace --example FILE --json shows those of an example"],
            )
        one = Hashes(exact=text) if len(text) == 32 else Hashes(normal=text)
        return Query(f"hash {text}", dict.fromkeys(keys, (one,)), given=one)
    if subject:
        name = normal_text(subject)
        return Query(
            "examples about the person",
            {key: (Hashes(subject=hasher.short([name]).hex()),) for key, hasher in keys.items()},
        )
    assert example is not None  # noqa: S101 - one of the three is given
    return Query(f"examples of {example}", _hashes_of(example, keys, formats))


def _hashes_of(
    example: Path, keys: dict[str, Hasher], formats: Sequence[Format]
) -> dict[str, tuple[Hashes, ...]]:
    faults: list[str] = []

    def report(rule: str, message: str) -> None:
        if rule not in _HARMLESS:
            faults.append(f"{rule}: {message}")

    sources = survey(example)
    unread = (*sources.packed, *sources.left_out)
    if unread:
        raise InvalidInput(
            f"expected files of examples alone, found {unread[0]} in {example}, which is not read",
            hints=["give the files that hold the examples, one by one"],
        )
    rows = list(iterate(sources.files, report))
    if rows and faults:
        raise InvalidInput(
            f"expected examples that can be read, found some in {example} that cannot: {faults[0]}",
            hints=[f"ft-registry data check {example} names each of them"],
        )
    rows = rows or list(_one_object(example))
    if not rows:
        raise InvalidInput(
            f"expected an example, found none in {example}",
            hints=["a JSON object, or any file that data check reads"],
        )
    common = detect_format(rows)
    found: dict[str, list[Hashes]] = {key: [] for key in keys}
    for row in rows:
        # Examples of several datasets may stand in one file, and odd ones of one dataset; and a
        # dataset may have been read in another format than its examples show.
        read_as = (format_ for format_ in formats if _can_be(row, format_))
        for format_ in dict.fromkeys((format_of(row), common, *read_as)):
            reading = read_example(row, format_, unheard)
            content = canonical_content(format_.content_of(row))
            normals = normal_batch(reading.pair)
            # Without words it would be like every other that has none.
            has_words = any(reading.pair)
            for key, hasher in keys.items():
                whole, _ = hasher.pairs(normals)
                exact = hasher.exact([content])[:EXACT_BYTES].hex()
                found[key].append(Hashes(exact, whole.hex() if has_words else ""))
    return {key: tuple(dict.fromkeys(hashes)) for key, hashes in found.items()}


def _can_be(row: Mapping[str, Any], format_: Format) -> bool:
    """Returns whether a row has anything of what a format asks for."""
    required = format_.required
    return not required or any(row.get(key) is not None for key in required)


def _one_object(file: Path) -> Iterator[dict[str, object]]:
    """Yields the JSON object that a file is, however it is laid out."""
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, OSError, RecursionError):
        return
    if isinstance(value, dict):
        yield value


@dataclass(frozen=True)
class Held:
    """A snapshot that holds what was looked for."""

    snapshot: FoundSnapshot
    exact: int
    """Rows that are it."""
    normal: int
    """Further rows that are but for case and spacing."""
    subject: int
    """Rows about the person."""


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
    about: tuple[tuple[str, Hashes], ...] = ()
    """The examples about the person who was looked for, by secret."""

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
    about: dict[tuple[str, Hashes], None] = {}
    looked_at = 0
    distinct = {found.snapshot.content.key + found.snapshot.name: found for found in snapshots}
    by_key, others = query.by_key, tuple[Hashes, ...]()
    if query.given is not None:
        by_key = _owned(query.given, distinct.values(), shelves) or query.by_key
        others = (query.given,)
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
        if any(hashes.subject for hashes in wanted) and not index.subject:
            untold.append(Untold(one, "persons are not indexed"))
            continue
        try:
            table = shelves.table(one)
        except FtRegistryError as error:
            untold.append(Untold(one, error.message))
            continue
        if one.gaps:
            untold.append(Untold(one, ", ".join(one.gaps), is_searched=True))
        found = _count(table, wanted)
        looked_at += any(found) or not one.gaps
        if any(found):
            held.append(Held(one, *found))
        about |= dict.fromkeys((index.key, hashes) for hashes in _about(table, wanted))
    hashes = tuple((key, one) for key, many in by_key.items() for one in many)
    affected = tuple(_affected(held, shelves))
    return Trace(query, tuple(held), affected, tuple(untold), looked_at, hashes, tuple(about))


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


def _count(table: HashTable, wanted: Iterable[Hashes]) -> tuple[int, int, int]:
    exact = np.zeros(len(table), dtype=bool)
    normal, subject = exact.copy(), exact.copy()
    for one in wanted:
        if one.exact:
            exact[table.places(one.exact)] = True
        if one.normal:
            normal |= table.normal == np.uint64(int(one.normal, 16))
        subject |= _is_about(table, one)
    return int(exact.sum()), int((normal & ~exact).sum()), int(subject.sum())


def _is_about(table: HashTable, person: Hashes) -> Any:
    """Returns for each row whether it is about a person."""
    if not person.subject or table.subject is None:
        return np.zeros(len(table), dtype=bool)
    return table.subject == np.uint64(int(person.subject, 16))


def _about(table: HashTable, persons: Iterable[Hashes]) -> Iterator[Hashes]:
    """Yields the examples about some persons."""
    for person in persons:
        for place in np.flatnonzero(_is_about(table, person)).tolist():
            yield Hashes(table.exact(place), f"{int(table.normal[place]):016x}")


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
