"""Drift: where the store of models shows something else than the ledger says.

Pure: from what the ledger expects and what the store shows to a list of differences. Nothing that
the store shows is believed; it is compared.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ft_registry.errors import InvalidInput
from ft_registry.model.names import alias_name
from ft_registry.model.shown import (
    DESCRIPTION,
    RESTORING,
    ShownModel,
    ShownVersion,
    lasting,
    mark_of,
)
from ft_registry.model.time import moment

DriftKind: TypeAlias = Literal[
    "alias_moved", "alias_ahead", "alias_stale", "alias_missing", "alias_unknown",
    "version_deleted", "version_replaced", "version_unknown",
    "database_behind", "database_lost", "model_lost",
    "run_deleted", "run_gone", "logged_model_gone",
    "tag_edited", "tag_missing", "description_edited", "description_missing",
    "record_missing", "sync_unfinished",
]  # fmt: skip
"""``alias_stale``: the ledger moved it and the store has not followed, or not to the end.
``alias_ahead``: an event of another clone, which is not here, moved it. ``model_lost``: the store
knows no version of one model; ``database_lost``: of none. ``record_missing``: the copy of the
record beside the weights."""

_ABSENT = (
    "alias_stale", "alias_missing", "run_deleted", "tag_missing", "description_missing",
    "record_missing", "sync_unfinished",
)  # fmt: skip
_STORES_ALIAS = re.compile(r"[\w-]+\n?")
"""An alias that the store itself takes (a line feed at the end as well): it can be taken away."""
_UNCOMPARED = ("ftr.txn", DESCRIPTION, RESTORING)
"""A random word, which is known nowhere else; what is compared with the description itself; what
a sync leaves."""


@dataclass(frozen=True)
class ExpectedVersion:
    """What the store is to show of a version on record."""

    number: int
    tags: Mapping[str, str]
    description: str
    uri: str
    run_id: str
    since: str
    """When it was registered."""
    deleted: bool = False
    """It was deleted by hand and that was adopted: it is expected no more."""


@dataclass(frozen=True)
class ExpectedBaseline:
    """What the store is to have of a baseline on record."""

    label: str
    uri: str
    logged_model_id: str


@dataclass(frozen=True)
class ExpectedModel:
    """What the store is to show of a model."""

    name: str
    aliases: Mapping[str, int]
    versions: Mapping[int, ExpectedVersion]
    baselines: Sequence[ExpectedBaseline] = ()
    description: str = ""

    @property
    def live(self) -> list[int]:
        """The numbers that are to be there, ascending."""
        return sorted(number for number, one in self.versions.items() if not one.deleted)


@dataclass(frozen=True)
class Drift:
    """One difference."""

    kind: DriftKind
    name: str
    """``name@alias``, ``name/7``, ``name:label``, ``name/7 tag ftr.kind``, ``name``."""
    expected: str
    found: str
    restorable: bool
    """`sync --restore` can put it right."""
    adoptable: bool
    """`sync --adopt` can put it on record."""
    model: str = ""
    version: int | None = None
    alias: str = ""
    """As the store spells it."""
    target: int | None = None
    """Of an alias: the version that the store lets it name."""
    key: str = ""
    """Of a tag."""
    baseline: str = ""
    """Its label."""
    state: str = ""
    """Of an alias that no hand moved: the digest of the document that the store says to follow."""

    @property
    def is_absence(self) -> bool:
        """Whether the store only lacks something, so that putting it back contradicts nobody."""
        return self.kind in _ABSENT

    @property
    def words(self) -> str:
        """Its kind for people."""
        return self.kind.replace("_", " ")

    @property
    def text(self) -> str:
        """The difference in a sentence."""
        return f"{self.words}: {self.name}: expected {self.expected}, found {self.found}"

    def as_json(self) -> dict[str, str]:
        """Returns the difference as `status --json` prints it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "expected": self.expected,
            "found": self.found,
        }


def find_drift(
    expected: Sequence[ExpectedModel], shown: Mapping[str, ShownModel]
) -> tuple[Drift, ...]:
    """Returns every difference, by model, version and kind.

    What follows from another difference is left out: an alias whose version the store lost, the
    tags of a version that was replaced.
    """
    wanted = [model for model in expected if model.live]
    if wanted and not any(model.name in shown for model in wanted):
        return (_lost_database(wanted),)
    found: list[Drift] = []
    for model in expected:
        there = shown.get(model.name)
        if there is not None:
            found += _of_model(model, there)
        elif model.live:
            found.append(
                _drift("model_lost", model.name, model, _count(model.live), "no such model")
            )
    return tuple(sorted(found, key=_order))


def find_baseline_drift(
    expected: Sequence[ExpectedModel], known: Mapping[str, bool]
) -> tuple[Drift, ...]:
    """Returns the baselines that the store lost, by model and label.

    Args:
        expected: What is on record.
        known: Whether the store has a logged model, by its id.
    """
    return tuple(
        Drift(
            "logged_model_gone", f"{model.name}:{one.label}", f"its logged model {one.uri}",
            "no such logged model", restorable=True, adoptable=False, model=model.name,
            baseline=one.label,
        )
        for model in expected
        for one in sorted(model.baselines, key=lambda baseline: baseline.label)
        if not known.get(one.logged_model_id, False)
    )  # fmt: skip


def _order(drift: Drift) -> tuple[str, int, str, str, str]:
    return drift.model, drift.version or 0, drift.kind, drift.alias, drift.key


def _lost_database(wanted: Sequence[ExpectedModel]) -> Drift:
    total = sum(len(model.live) for model in wanted)
    names = ", ".join(model.name for model in wanted[:3]) + (", ..." if len(wanted) > 3 else "")
    return Drift(
        kind="database_lost",
        name="MLflow",
        expected=f"{total} version{'s' if total != 1 else ''} of {names}",
        found="none of them",
        restorable=True,
        adoptable=False,
    )


def _of_model(model: ExpectedModel, shown: ShownModel) -> Iterator[Drift]:
    there = {number: one for number, one in shown.versions.items() if not one.deleted}
    leftovers = [number for number, one in there.items() if RESTORING in one.tags]
    if shown.unfinished or leftovers:
        found = "a registered model half rebuilt" if shown.unfinished else (
            f"what it made on the way: {_numbers(leftovers)}"
        )  # fmt: skip
        yield _drift("sync_unfinished", model.name, model, "a sync that ran to its end", found)
    sound = {n for n in model.live if n in there and there[n].uri == model.versions[n].uri}
    missing = [number for number in model.live if number not in there]
    newest = _newest_lost(model, shown, missing)
    if newest:
        yield _behind(model, newest)
    for number in missing:
        if number not in newest:
            yield _deleted(model, number, shown, sound)
    for number, one in there.items():
        on_record = model.versions.get(number)
        if number in sound and on_record is not None:
            yield from _of_version(model, on_record, one)
        elif on_record is not None and not on_record.deleted:
            yield _replaced(model, on_record, one)
        elif on_record is None and number not in leftovers:
            name = f"{model.name}/{number}"
            found = f"a version of the identity {one.identity}" if one.identity else (
                "a version without an identity"
            )  # fmt: skip
            yield _drift(
                "version_unknown", name, model, "no such version", found,
                version=number, restorable=False,
            )  # fmt: skip
    if shown.description is not None and model.live and not shown.unfinished:
        said = _misdescribed(model.description, shown.description, shown.described)
        is_whole = len(sound) == len(model.live)  # else it is older because versions are lost
        if said and (is_whole or said[0] == "description_edited"):
            yield _drift(said[0], model.name, model, "the description of the model", said[1])
    yield from _of_aliases(model, shown, there.keys(), sound)


def _newest_lost(model: ExpectedModel, shown: ShownModel, missing: Sequence[int]) -> list[int]:
    """Returns the newest versions if the store never heard of them, as after an older backup.

    A store that does not tell which numbers it gave out before was last changed when a version was
    deleted; one that was put back from a backup was last changed before they were registered.
    """
    live, lost = model.live, list[int]()
    while live and live[-1] in missing:
        lost.insert(0, live.pop())
    if any(number in shown.versions for number in lost):
        return []  # handed out, and taken away since
    if lost and not shown.tells_deleted and shown.updated_at is not None:
        first = model.versions[lost[0]].since
        if shown.updated_at >= moment(first).timestamp() * 1000:
            return []
    return lost


def _behind(model: ExpectedModel, newest: Sequence[int]) -> Drift:
    known = [number for number in model.live if number not in newest]
    count = f"the newest {len(newest)}" if len(newest) > 1 else "the newest one"
    since = model.versions[newest[0]].since[:19]
    return _drift(
        "database_behind", model.name, model, f"versions up to {newest[-1]}",
        f"{f'versions up to {known[-1]}' if known else 'none'}: {count}, registered since "
        f"{since}Z, it never heard of, as after a backup was put back",
        version=newest[0],
    )  # fmt: skip


def _deleted(model: ExpectedModel, number: int, shown: ShownModel, sound: Set[int]) -> Drift:
    held = [
        alias
        for alias, version in sorted(model.aliases.items())
        # One that a hand moved to another version can be adopted before the deletion is.
        if version == number and (shown.aliases.get(alias) not in sound or _state(shown, alias))
    ]
    with_it = f" (and with it the alias {', '.join(held)})" if held else ""
    return _drift(
        "version_deleted", f"{model.name}/{number}", model, "a version",
        f"none: it was deleted{with_it}", version=number, adoptable=not held,
    )  # fmt: skip


def _replaced(model: ExpectedModel, version: ExpectedVersion, found: ShownVersion) -> Drift:
    return _drift(
        "version_replaced", f"{model.name}/{version.number}", model, version.uri,
        found.uri or "a source of another kind", version=version.number,
    )  # fmt: skip


def _of_version(
    model: ExpectedModel, version: ExpectedVersion, found: ShownVersion
) -> Iterator[Drift]:
    name = f"{model.name}/{version.number}"
    if found.run_state in ("deleted", "missing"):
        yield _drift(
            "run_deleted" if found.run_state == "deleted" else "run_gone",
            name, model, f"its run {version.run_id}",
            "it in the trash" if found.run_state == "deleted" else "no such run",
            version=version.number,
        )  # fmt: skip
    if found.model_known is False:
        yield _drift(
            "logged_model_gone", name, model, f"its logged model {version.uri}",
            "no such logged model: it loads by its number or alias alone", version=version.number,
        )  # fmt: skip
    described = found.tags.get(DESCRIPTION, "")
    if said := _misdescribed(version.description, found.description, described):
        yield _drift(
            said[0], name, model, "the description of the record", said[1], version=version.number
        )
    for key in sorted(version.tags.keys() | found.tags.keys()):
        wanted, there = version.tags.get(key), found.tags.get(key)
        if wanted == there or key in _UNCOMPARED:
            continue
        yield _drift(
            "tag_missing" if there is None else "tag_edited",
            f"{name} tag {_shown(key)}", model,
            wanted if wanted is not None else "no such tag",
            _shown(there[:200]) if there is not None else "none", version=version.number, key=key,
        )  # fmt: skip


def _misdescribed(expected: str, found: str, mark: str) -> tuple[DriftKind, str] | None:
    """Returns what is wrong with a description, and what was found, if anything is.

    Args:
        expected: As it would be written now.
        found: As the store has it.
        mark: What the store says of who wrote it.
    """
    is_ours = mark == mark_of(found)
    if lasting(found) == lasting(expected) and (is_ours or found == expected):
        return None if is_ours else ("description_missing", "it without the mark that it is ours")
    if not found:
        return "description_missing", "none"
    if is_ours or not mark:
        return "description_missing", "an older one"
    return "description_edited", "another one"


def _of_aliases(
    model: ExpectedModel, shown: ShownModel, there: Set[int], sound: Set[int]
) -> Iterator[Drift]:
    for alias in sorted(model.aliases.keys() | shown.aliases.keys()):
        wanted, found = model.aliases.get(alias), shown.aliases.get(alias)
        mark = shown.projected.get(alias)
        is_done = mark is None or mark.left is None
        if wanted == found and is_done:
            continue
        name = f"{model.name}@{_shown(alias)}"
        state = _state(shown, alias)
        if found is None:
            if wanted not in there:
                continue  # it went with its version
            was_there = mark is not None and is_done and mark.version == wanted
            yield _drift(
                "alias_missing", name, model, f"version {wanted}", "no such alias",
                version=wanted, alias=alias, adoptable=was_there,
            )  # fmt: skip
        elif wanted is None:
            yield _drift(
                "alias_unknown", name, model, "no such alias", f"version {found}", alias=alias,
                target=found, restorable=_STORES_ALIAS.fullmatch(alias) is not None,
                adoptable=found in sound and _is_alias(alias),
                state=state if _is_alias(alias) else "",
            )  # fmt: skip
        elif state or wanted == found:
            lag = "it has not followed the ledger yet"
            if wanted == found:
                lag = "with the mark of a move that is under way or was cut off"
            yield _drift(
                "alias_stale", name, model, f"version {wanted}", f"version {found}: {lag}",
                version=wanted, alias=alias, target=found, state=state,
            )  # fmt: skip
        else:
            yield _drift(
                "alias_moved", name, model, f"version {wanted}", f"version {found}",
                version=wanted, alias=alias, target=found, adoptable=found in sound,
            )  # fmt: skip


def _state(shown: ShownModel, alias: str) -> str:
    """Returns the digest of the document that an alias follows, or was about to follow.

    Empty: a hand may have moved it.
    """
    mark, at = shown.projected.get(alias), shown.aliases.get(alias)
    if mark is None or at is None or at not in (mark.version, mark.left):
        return ""
    return mark.state


def _drift(
    kind: DriftKind,
    name: str,
    model: ExpectedModel,
    expected: str,
    found: str,
    *,
    restorable: bool = True,
    adoptable: bool = False,
    version: int | None = None,
    alias: str = "",
    target: int | None = None,
    key: str = "",
    state: str = "",
) -> Drift:
    return Drift(
        kind, name, expected, found, restorable, adoptable,
        model=model.name, version=version, alias=alias, target=target, key=key, state=state,
    )  # fmt: skip


def _is_alias(text: str) -> bool:
    try:
        alias_name(text)
    except InvalidInput:
        return False
    return True


def _shown(text: str) -> str:
    """Returns text from outside so that two that look alike do not read alike."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def _count(numbers: Sequence[int]) -> str:
    return f"{len(numbers)} version{'s' if len(numbers) != 1 else ''}"


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
