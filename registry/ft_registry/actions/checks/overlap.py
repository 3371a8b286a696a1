"""How many evaluation examples training data holds, by their hashes alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ft_registry.actions.checks.case import Case
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot, snapshots_with
from ft_registry.errors import FtRegistryError
from ft_registry.examples.table import HashTable, Match, closest
from ft_registry.gates.facts import Facts, some, told
from ft_registry.model.evaluation import Evaluation, PublicSet, SnapshotUse, in_force
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.policy_checks import DataCheck
from ft_registry.model.record import VersionRecord
from ft_registry.model.snapshot import Dataset

_LEVELS = {"exact": Match.EXACT, "normal": Match.NORMAL, "prompt": Match.PROMPT}


@dataclass(frozen=True)
class _Held:
    """What training data holds of one evaluation set."""

    name: str
    """Of the evaluation set."""
    count: int
    words: str


def judge_overlap(
    check: DataCheck, case: Case, trained: Sequence[tuple[VersionRecord, Dataset]], facts: Facts
) -> None:
    """Tells whether few enough examples of the evaluation sets lie in training data.

    Args:
        check: How many may, and how alike they must be to count.
        case: The version.
        trained: All that it and its ancestors learnt from.
        facts: Take down what is found.
    """
    sets, open_ = _evaluation_sets(check, case)
    for words in open_:
        facts.is_open(words)
    held: list[_Held] = []
    if sets and trained:
        found = snapshots_with({*sets, *(data.key for _, data in trained)}, case.ledger)
        shelves = case.tools.shelves()
        for key, use in sets.items():
            held += _look(use, found[key], trained, found, _LEVELS[check.match], shelves, facts)
    count, most = sum(one.count for one in held), check.overlap_with_evaluation or 0
    guilty = [one for one in held if one.count]
    if count > most:
        facts.breaks(
            f"{count:,} examples of evaluation data lie in training data, at most {most:,} may: "
            f"{'; '.join(one.words for one in guilty)}; ft-registry data overlap {case.version} "
            f"{guilty[0].name} shows some"
        )
    elif sets and not facts.open:
        names = some(f"{use.name}@{use.key[:12]}" for use in sets.values())
        facts.holds(f"{count:,} examples of {names} in training data ({check.match} match)")


def _evaluation_sets(check: DataCheck, case: Case) -> tuple[dict[str, SnapshotUse], list[str]]:
    """Returns the snapshots that count was measured on, by key; and what cannot be looked at."""
    counting = [
        one
        for one in in_force(case.measured.evaluations)
        if not check.suites or one.suite in check.suites
    ]
    sets: dict[str, SnapshotUse] = {}
    open_ = []
    for one in counting:
        case.note(one)
        if isinstance(one.data, SnapshotUse):
            sets[one.data.key] = one.data
        else:
            open_.append(_not_ours(one))
    missing = set(check.suites) - {one.suite for one in counting}
    open_ += [
        f"{case.version} has no evaluation of {suite}: ft-registry eval add {case.version} FILE"
        for suite in sorted(missing)
    ]
    if not counting and not missing:
        open_.append(
            f"{case.version} has no evaluation, so no evaluation data: ft-registry eval add"
        )
    return sets, open_


def _not_ours(evaluation: Evaluation) -> str:
    data = evaluation.data
    if isinstance(data, PublicSet):
        return (
            f"the examples of {data.name}@{data.revision[:12]}, which {evaluation.suite} was "
            "measured on, are not indexed here: ft-registry data snapshot of a copy, and eval add "
            "--data SNAPSHOT --corrects, let it be told"
        )
    why = "" if isinstance(data, SnapshotUse) else data.unknown
    return f"what {evaluation.suite} was measured on: {why}"


def _look(
    use: SnapshotUse,
    own: Sequence[FoundSnapshot],
    trained: Sequence[tuple[VersionRecord, Dataset]],
    found: Mapping[str, Sequence[FoundSnapshot]],
    level: Match,
    shelves: Shelves,
    facts: Facts,
) -> Iterator[_Held]:
    """Yields what training data holds of one evaluation set."""
    name = f"{use.name}@{use.key[:12]}"
    holders = {data.key: f"{data.path} of {record.reference}" for record, data in trained}
    asked, rest = _best(own, holders, found)
    if asked is None:
        if use.key in holders:
            # The very same bytes: no index is needed to tell.
            yield _Held(use.name, _rows(own) or 1, f"all of {name}, which is {holders[use.key]}")
        if not own:
            facts.is_open(f"{name} is not on record: ft-registry data snapshot PATH takes it")
        else:
            facts.is_open(_why(own[-1]))
        return
    table = _table(asked, name, shelves, facts)
    if table is None:
        return
    table = table.rows(table.is_first)
    matches = np.full(len(table), Match.NONE, dtype=np.int8)
    places = []
    for key, holder in holders.items():
        other = rest.get(key)
        if other is None:
            facts.is_open(
                _why(found[key][-1], beside=asked)
                if found[key]
                else f"{holder} has no snapshot on record: ft-registry data snapshot PATH takes one"
            )
            continue
        theirs = _table(other, holder, shelves, facts)
        if theirs is None:
            continue
        mine = closest(table, [theirs])
        if (mine >= level).any():
            places.append(holder)
        matches = np.maximum(matches, mine)
    count = int((matches >= level).sum())
    kinds = ", ".join(
        f"{int((matches == match).sum()):,} {match.word}"
        for match in (Match.EXACT, Match.NORMAL, Match.PROMPT)
        if match >= level and (matches == match).any()
    )
    yield _Held(
        use.name, count, f"{count:,} of {len(table):,} of {name} ({kinds}) in {some(places)}"
    )


def _table(one: FoundSnapshot, what: str, shelves: Shelves, facts: Facts) -> HashTable | None:
    """Returns the hashes of a snapshot's examples; None, and a fact says why, without them."""
    try:
        table = shelves.table(one)
    except FtRegistryError as error:
        facts.is_open(f"the examples of {what}: {told(error)}")
        return None
    profile = one.snapshot.profile
    unread = profile.rows - one.index.rows if profile is not None else 0
    if unread > 0:
        facts.is_open(
            f"{unread:,} examples of {what} could not be read, so no index has them: ft-registry "
            "data check names each"
        )
    return table


def _best(
    own: Sequence[FoundSnapshot],
    holders: Mapping[str, str],
    found: Mapping[str, Sequence[FoundSnapshot]],
) -> tuple[FoundSnapshot | None, dict[str, FoundSnapshot]]:
    """Returns the index of an evaluation set that most holders can be compared with, and theirs.

    The same bytes may be indexed under several names, with different secrets.
    """
    best: FoundSnapshot | None = None
    most: dict[str, FoundSnapshot] = {}
    for one in own:
        if not isinstance(one.snapshot.examples, ExampleIndex):
            continue
        beside = {
            key: other
            for key in holders
            for other in found[key]
            if isinstance(other.snapshot.examples, ExampleIndex)
            and other.index.key == one.index.key
        }
        if best is None or len(beside) > len(most):
            best, most = one, beside
    return best, most


def _why(one: FoundSnapshot, beside: FoundSnapshot | None = None) -> str:
    """Returns why the hashes of a snapshot say nothing here, and what would let them."""
    try:
        key = one.index.key
    except FtRegistryError as error:
        return told(error)
    asked = beside.index.key if beside is not None else ""
    return (
        f"the hashes of {one.reference} are {_kind(key)}, those of the evaluation data "
        f"{_kind(asked)}: ft-registry data snapshot PATH --name OTHER, with or without --keyed, "
        "makes those of the other kind"
    )


def _kind(key: str) -> str:
    return f"made with the secret {key}" if key else "plain"


def _rows(own: Sequence[FoundSnapshot]) -> int:
    rows = [one.snapshot.content.rows for one in own]
    return next((count for count in rows if isinstance(count, int)), 0)
