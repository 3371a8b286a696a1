"""Every way in which the store of models can differ from the ledger has its name, and one name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.model.drift import (
    Drift,
    ExpectedBaseline,
    ExpectedModel,
    ExpectedVersion,
    find_baseline_drift,
    find_drift,
)
from ft_registry.model.shown import (
    AGAINST,
    DESCRIPTION,
    RESTORING,
    Mark,
    ShownModel,
    ShownVersion,
    mark_of,
)

REGISTERED = "2026-11-25T03:00:0{}.000000Z"
SECONDS = 1_795_575_600  # 2026-11-25T03:00:00Z


def wanted(number: int, *, name: str = "m", deleted: bool = False) -> ExpectedVersion:
    return ExpectedVersion(
        number=number,
        tags={"ftr.identity": f"identity of {name}/{number}", "ftr.kind": "adapter"},
        description=f"{name}/{number} with scores",
        uri=f"models:/{name}-{number}",
        run_id=f"run {number}",
        since=REGISTERED.format(number),
        deleted=deleted,
    )


def model(
    *numbers: int, name: str = "m", aliases: dict[str, int] | None = None, deleted: int = 0
) -> ExpectedModel:
    versions = {n: wanted(n, name=name, deleted=n == deleted) for n in numbers}
    return ExpectedModel(name, aliases or {}, versions, f"{name} as a whole")


def mark(number: int) -> Mark:
    return Mark(number, f"sha256:{number:064x}")


def project(expected: ExpectedModel) -> ShownModel:
    """Returns what a store shows that has followed the ledger."""
    return ShownModel(
        name=expected.name,
        aliases=dict(expected.aliases),
        projected={alias: mark(number) for alias, number in expected.aliases.items()},
        versions={n: shown(expected.versions[n]) for n in expected.live},
        description=expected.description,
        described=mark_of(expected.description),
    )


def shown(version: ExpectedVersion) -> ShownVersion:
    return ShownVersion(
        number=version.number,
        identity=version.tags["ftr.identity"],
        tags={
            **version.tags,
            "ftr.txn": "a random word",
            DESCRIPTION: mark_of(version.description),
        },
        description=version.description,
        uri=version.uri,
        run_id=version.run_id,
        run_state="active",
        model_known=True,
    )


DELETED = ShownVersion(0, "", {}, "", "", "", deleted=True)
BASE = model(1, 2, 3, aliases={"champion": 2})


@dataclass(frozen=True)
class Store:
    """A store that somebody works on by hand; each method returns what it shows then."""

    of: ShownModel

    def describe(self, number: int, text: str, *, mark: str | None = "ours") -> ShownModel:
        """Describes a version as an older release of ours did, marked or not."""
        tags = dict(self.of.versions[number].tags)
        tags.pop(DESCRIPTION)
        marked = {DESCRIPTION: mark_of(text)} if mark else {}
        return self.edit(number, description=text, tags={**tags, **marked})

    def edit(self, number: int, **changes: object) -> ShownModel:
        version = replace(self.of.versions[number], **changes)  # type: ignore[arg-type]
        return replace(self.of, versions={**self.of.versions, number: version})

    def tag(self, number: int, **tags: str | None) -> ShownModel:
        before = self.of.versions[number].tags
        named = {f"ftr.{key}": value for key, value in tags.items()}
        after = {k: v for k, v in {**before, **named}.items() if v is not None}
        return self.edit(number, tags=after)

    def without(self, *numbers: int, tells: bool = True) -> ShownModel:
        versions = {n: v for n, v in self.of.versions.items() if n not in numbers}
        if tells:
            versions |= {n: replace(DELETED, number=n) for n in numbers}
        # The store drops aliases of what it deletes.
        aliases = {a: n for a, n in self.of.aliases.items() if n not in numbers}
        return replace(self.of, versions=versions, aliases=aliases, tells_deleted=tells)

    def forgetting(self, *numbers: int) -> ShownModel:
        """As after a backup was put back: it never heard of them."""
        return replace(self.without(*numbers, tells=False), tells_deleted=True)

    def point(self, alias: str, number: int | None, *, projected: int | None = 0) -> ShownModel:
        aliases = {k: v for k, v in {**self.of.aliases, alias: number}.items() if v is not None}
        said = dict(self.of.projected)
        if projected != 0:
            said.pop(alias, None)
            said |= {alias: mark(projected)} if projected is not None else {}
        return replace(self.of, aliases=aliases, projected=said)


STORE = Store(project(BASE))


def drift(found: ShownModel | None, *others: ExpectedModel) -> list[Drift]:
    seen = {other.name: project(other) for other in others}
    return list(find_drift([BASE, *others], {**seen, **({"m": found} if found else {})}))


def other(number: int) -> ShownVersion:
    return replace(shown(wanted(number)), uri="models:/other", identity="other")


CASES: dict[str, tuple[ShownModel, str, str, str, str, bool, bool]] = {
    "moved by hand": (
        STORE.point("champion", 1), "alias_moved", "m@champion", "version 2", "version 1",
        True, True,
    ),
    "moved by hand to what is not on record": (
        STORE.point("champion", 9), "alias_moved", "m@champion", "version 2", "version 9",
        True, False,
    ),
    "moved in the ledger, not followed": (
        STORE.point("champion", 1, projected=1), "alias_stale", "m@champion", "version 2",
        "version 1: it has not followed the ledger yet", True, False,
    ),
    "removed by hand": (
        STORE.point("champion", None), "alias_missing", "m@champion", "version 2",
        "no such alias", True, True,
    ),
    "never shown yet": (
        STORE.point("champion", None, projected=None), "alias_missing", "m@champion", "version 2",
        "no such alias", True, False,
    ),
    "set by hand": (
        STORE.point("canary", 3), "alias_unknown", "m@canary", "no such alias", "version 3",
        True, True,
    ),
    "set by hand under a name that is none of ours": (
        STORE.point("Champion\n", 3), "alias_unknown", "m@Champion\\n", "no such alias",
        "version 3", True, False,
    ),
    "deleted": (
        STORE.without(1), "version_deleted", "m/1", "a version", "none: it was deleted",
        True, True,
    ),
    "deleted, the newest": (
        STORE.without(3), "version_deleted", "m/3", "a version", "none: it was deleted",
        True, True,
    ),
    "deleted, with its alias": (
        STORE.without(2), "version_deleted", "m/2", "a version",
        "none: it was deleted (and with it the alias champion)", True, False,
    ),
    "deleted, on a server that does not tell": (
        replace(STORE.without(3, tells=False), updated_at=(SECONDS + 60) * 1000),
        "version_deleted", "m/3", "a version", "none: it was deleted", True, True,
    ),
    "another one under the number": (
        replace(STORE.of, versions={**STORE.of.versions, 1: other(1)}),
        "version_replaced", "m/1", "models:/m-1", "models:/other", True, False,
    ),
    "one that is not on record": (
        replace(STORE.of, versions={**STORE.of.versions, 4: other(4)}),
        "version_unknown", "m/4", "no such version", "a version of the identity other",
        False, False,
    ),
    "an older database": (
        STORE.forgetting(3), "database_behind", "m", "versions up to 3",
        "versions up to 2: the newest one, registered since 2026-11-25T03:00:03Z, it never heard "
        "of, as after a backup was put back", True, False,
    ),
    "an older database, with its aliases": (
        replace(STORE.forgetting(2, 3), updated_at=(SECONDS + 1) * 1000, tells_deleted=False),
        "database_behind", "m", "versions up to 3",
        "versions up to 1: the newest 2, registered since 2026-11-25T03:00:02Z, it never heard "
        "of, as after a backup was put back", True, False,
    ),
    "run in the trash": (
        STORE.edit(1, run_state="deleted"), "run_deleted", "m/1", "its run run 1",
        "it in the trash", True, False,
    ),
    "run gone": (
        STORE.edit(1, run_state="missing"), "run_gone", "m/1", "its run run 1", "no such run",
        True, False,
    ),
    "logged model gone": (
        STORE.edit(1, model_known=False), "logged_model_gone", "m/1",
        "its logged model models:/m-1",
        "no such logged model: it loads by its number or alias alone",
        True, False,
    ),
    "tag edited": (
        STORE.tag(1, kind="full"), "tag_edited", "m/1 tag ftr.kind", "adapter", "full",
        True, False,
    ),
    "tag added": (
        STORE.tag(1, mine="\u202e"), "tag_edited", "m/1 tag ftr.mine", "no such tag", "\\u202e",
        True, False,
    ),
    "tag missing": (
        STORE.tag(1, kind=None), "tag_missing", "m/1 tag ftr.kind", "adapter", "none",
        True, False,
    ),
    "even the tag of the identity": (
        STORE.tag(1, identity=None), "tag_missing", "m/1 tag ftr.identity", "identity of m/1",
        "none", True, False,
    ),
    "description edited": (
        STORE.edit(1, description="the best"), "description_edited", "m/1",
        "the description of the record", "another one", True, False,
    ),
    "description from before the scores": (
        STORE.describe(1, "m/1"), "description_missing", "m/1",
        "the description of the record", "an older one", True, False,
    ),
    "description of a release that did not mark them": (
        STORE.describe(1, "m/1, long ago", mark=None), "description_missing", "m/1",
        "the description of the record", "an older one", True, False,
    ),
    "description whose mark is lost": (
        STORE.describe(1, "m/1 with scores", mark=None), "description_missing", "m/1",
        "the description of the record", "it without the mark that it is ours", True, False,
    ),
    "description whose rivals were edited": (
        STORE.edit(1, description=f"m/1 with scores{AGAINST}- better than all"),
        "description_edited", "m/1", "the description of the record", "another one", True, False,
    ),
    "description of the model edited": (
        replace(STORE.of, description="the best"), "description_edited", "m",
        "the description of the model", "another one", True, False,
    ),
    "description of the model older": (
        replace(STORE.of, description="m before", described=mark_of("m before")),
        "description_missing", "m", "the description of the model", "an older one", True, False,
    ),
    "description missing": (
        STORE.edit(1, description=""), "description_missing", "m/1",
        "the description of the record", "none", True, False,
    ),
    "a sync that was cut off": (
        STORE.tag(1, restoring="2"), "sync_unfinished", "m", "a sync that ran to its end",
        "what it made on the way: 1", True, False,
    ),
    "a rebuild that was cut off": (
        replace(STORE.of, unfinished=True), "sync_unfinished", "m", "a sync that ran to its end",
        "a registered model half rebuilt", True, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_name_and_says_what_can_be_done(case: str) -> None:
    seen, kind, name, expected, found, restorable, adoptable = CASES[case]
    [one] = drift(seen)
    assert (one.kind, one.name, one.expected, one.found) == (kind, name, expected, found)
    assert (one.restorable, one.adoptable) == (restorable, adoptable)


def test_what_was_projected_is_no_drift() -> None:
    assert drift(project(BASE)) == []


def test_a_lost_model_and_a_lost_database_are_one_difference_each() -> None:
    more = model(1, 2, name="other")
    [lost] = drift(None, more)
    assert (lost.kind, lost.name, lost.expected) == ("model_lost", "m", "3 versions")
    [everything] = find_drift([BASE, more], {})
    assert (everything.kind, everything.expected) == ("database_lost", "5 versions of m, other")


def test_a_registry_without_versions_has_lost_nothing() -> None:
    assert find_drift([], {}) == ()
    assert find_drift([model()], {}) == ()


def test_a_version_whose_deletion_was_adopted_is_expected_no_more() -> None:
    expected = model(1, 2, 3, deleted=3)
    assert find_drift([expected], {"m": project(expected)}) == ()
    there = project(model(1, 2, 3))
    assert find_drift([expected], {"m": there}) == ()


def test_after_an_older_backup_an_alias_that_went_back_is_named_as_well() -> None:
    seen = replace(STORE.forgetting(2, 3), aliases={"champion": 1}, projected={"champion": mark(1)})
    assert {one.kind for one in drift(seen)} == {"database_behind", "alias_stale"}


def test_an_alias_on_another_version_under_a_number_on_record_cannot_be_adopted() -> None:
    seen = replace(STORE.of, versions={**STORE.of.versions, 1: other(1)}, aliases={"champion": 1})
    moved = next(one for one in drift(seen) if one.kind == "alias_moved")
    assert not moved.adoptable


def test_a_mark_on_the_right_version_is_a_sync_that_was_cut_off_at_its_last_step() -> None:
    assert [one.kind for one in drift(STORE.tag(1, **{RESTORING[4:]: "1"}))] == ["sync_unfinished"]


numbers = st.integers(1, 9)
aliases = st.dictionaries(st.sampled_from(["champion", "canary", "next"]), numbers, max_size=3)


@st.composite
def registries(draw: st.DrawFn) -> list[ExpectedModel]:
    found = []
    for name in draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1)):
        live = draw(st.lists(numbers, unique=True, min_size=1))
        held = {alias: n for alias, n in draw(aliases).items() if n in live}
        found.append(model(*live, name=name, aliases=held))
    return found


@given(registries())
@law
def test_a_store_that_followed_shows_no_drift(registry: list[ExpectedModel]) -> None:
    assert find_drift(registry, {one.name: project(one) for one in registry}) == ()


EDITS: dict[str, Callable[[Store, int], ShownModel]] = {
    "version_replaced": lambda store, n: store.edit(n, uri="models:/other"),
    "run_deleted": lambda store, n: store.edit(n, run_state="deleted"),
    "run_gone": lambda store, n: store.edit(n, run_state="missing"),
    "logged_model_gone": lambda store, n: store.edit(n, model_known=False),
    "tag_edited": lambda store, n: store.tag(n, kind="full"),
    "tag_missing": lambda store, n: store.tag(n, kind=None),
    "description_edited": lambda store, n: store.edit(n, description="mine"),
    "description_missing": lambda store, n: store.edit(n, description=""),
    "version_deleted": lambda store, n: store.without(n),
    "alias_unknown": lambda store, n: store.point("by-hand", n),
}


@given(registries(), st.sampled_from(sorted(EDITS)), st.data())
@law
def test_any_single_edit_is_exactly_one_difference(
    registry: list[ExpectedModel], kind: str, data: st.DataObject
) -> None:
    edited = data.draw(st.sampled_from(registry))
    number = data.draw(st.sampled_from(edited.live))
    seen = {one.name: project(one) for one in registry}
    seen[edited.name] = EDITS[kind](Store(seen[edited.name]), number)
    assert [(one.kind, one.model) for one in find_drift(registry, seen)] == [(kind, edited.name)]


def test_what_a_version_is_held_against_may_have_moved_on() -> None:
    seen = STORE.describe(1, f"m/1 with scores{AGAINST}- m/0, @champion then: 0.5")
    assert drift(seen) == []


def test_a_model_that_lost_versions_is_not_told_to_be_older_as_well() -> None:
    seen = replace(STORE.without(3), description="before", described=mark_of("before"))
    assert [one.kind for one in drift(seen)] == ["version_deleted"]


def test_a_model_without_versions_may_say_anything() -> None:
    seen = {"m": ShownModel("m", {}, {}, description="of somebody else")}
    assert find_drift([model()], seen) == ()


def test_a_model_whose_description_is_not_told_is_not_compared() -> None:
    assert drift(replace(STORE.of, description=None)) == []


def test_a_mark_that_does_not_say_whose_move_it_was_lets_nothing_follow() -> None:
    seen = replace(STORE.point("champion", 1), projected={"champion": Mark(1)})
    assert [one.kind for one in drift(seen)] == ["alias_moved"]


def test_baselines_that_the_store_does_not_know_are_told() -> None:
    here, gone = (ExpectedBaseline(name, f"models:/m-{name}", f"m-{name}") for name in ("a", "b"))
    (drift,) = find_baseline_drift([replace(BASE, baselines=(gone, here))], {"m-a": True})
    assert (drift.kind, drift.name) == ("logged_model_gone", f"{BASE.name}:b")
    assert (drift.restorable, drift.adoptable, drift.is_absence) == (True, False, False)


def test_a_first_move_that_was_cut_off_cannot_be_adopted_as_taken_away() -> None:
    wanted = BASE.aliases["champion"]
    for left, adoptable in ((None, True), (0, False)):
        marked = {"champion": Mark(wanted, mark(wanted).state, left)}
        [one] = drift(replace(STORE.of, aliases={}, projected=marked))
        assert (one.kind, one.adoptable) == ("alias_missing", adoptable)


@given(numbers, st.one_of(st.none(), st.just(0), numbers))
@law
def test_a_mark_is_read_back_as_it_was_written(version: int, left: int | None) -> None:
    written = replace(mark(version), left=left)
    assert Mark.parse(written.text) == written
