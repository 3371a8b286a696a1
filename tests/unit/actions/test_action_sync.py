"""Whatever hands do to the store: restoring leaves no drift, adopting leaves none that it could."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fakes.memory_artifacts import MemoryArtifacts
from tests.unit.actions.stage import Stage
from tests.unit.strategies import law
from tests.unit.values import make_record

from ft_registry.actions.drift import look
from ft_registry.actions.events import make_event
from ft_registry.actions.plan_sync import Mode, plan_sync
from ft_registry.actions.sync import Synced, sync
from ft_registry.actions.sync_course import Sides
from ft_registry.backends.digest_cache import DigestCache
from ft_registry.errors import Conflict
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Artifact, Run
from ft_registry.model.registered import ModelDocument
from ft_registry.model.shown import Mark
from ft_registry.ports.ledger import Change
from ft_registry.ports.models import StoredModel

VERSIONS = (1, 2, 3)


class Registry:
    """Three versions of `support`, their bytes in the store; champion names the third."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage.with_versions(0)
        self.models = self.stage.models
        self.artifacts = MemoryArtifacts(self.models.contents)
        self.sides = Sides(
            ledger=self.stage.ledger, models=self.models, view=self.models,
            artifacts=self.artifacts, cache=DigestCache(folder), place="memory:",
        )  # fmt: skip
        for number in VERSIONS:
            self._register(number)
        self.stage.promote(3)
        assert self.sync("mend").failure is None
        assert self.drift() == []

    def _register(self, number: int) -> None:
        content = b"weights %d" % number
        entry = FileEntry(
            path="weights.safetensors", size=len(content), sha256=digest_bytes(content)[7:]
        )
        model_id = f"m-{number + 100:032x}"  # an upload will get a lower one
        stored = StoredModel(model_id, f"models:/{model_id}", f"{number + 100:032x}")
        artifact = Artifact(
            uri=stored.uri, folder="adapter", digest=f"sha256:{number:064x}", size=entry.size,
            files=(entry,), peft=make_record().artifact.peft,
        )  # fmt: skip
        record = make_record(
            version=number, identity=f"sha256:{number:064x}", artifact=artifact,
            run=Run(run_id=stored.run_id, logged_model_id=stored.logged_model_id),
        )  # fmt: skip
        self.models.contents[stored.logged_model_id] = {f"adapter/{entry.path}": content}
        tags = {"ftr.identity": record.identity}
        self.models.create_version("support", stored, tags=tags, description="")
        event = make_event(self.stage.context, "register", "register", model="support")
        documents = {
            layout.model("support"): ModelDocument(name="support").to_bytes(),
            layout.version("support", number): record.to_bytes(),
        }
        self.stage.ledger.append(Change(event=event, documents=documents))

    def sync(self, mode: Mode) -> Synced:
        ledger = self.stage.ledger
        plan = plan_sync(mode, ledger=ledger, view=self.models, artifacts=self.artifacts)
        return sync(plan, self.sides, self.stage.context)

    def drift(self) -> list[str]:
        return [drift.text for drift in look(self.stage.ledger, self.models).drift]


def version(registry: Registry, number: int) -> StoredModel | None:
    found = [v for v in registry.models.versions["support"] if v.number == number and not v.deleted]
    return found[0].stored if found else None


def edit(registry: Registry, number: int, **tags: str) -> None:
    if version(registry, number):
        named = {f"ftr.{key}": value for key, value in tags.items()}
        registry.models.write_page("support", number, description=None, tags=named)
        for found in registry.models.versions["support"]:
            if found.number == number:
                found.description = "mine"  # by hand: nothing says that it is ours


def delete(registry: Registry, number: int) -> None:
    if version(registry, number):
        registry.models.delete_version("support", number)


def point(registry: Registry, number: int, alias: str = "champion") -> None:
    if version(registry, number):
        registry.models.aliases["support", alias] = number


def move_elsewhere(registry: Registry, number: int) -> None:
    """Another clone moves the alias, and its event is not here."""
    if version(registry, number):
        registry.models.set_alias("support", "champion", Mark(number, f"sha256:{number:064x}"))


def trash(registry: Registry, number: int) -> None:
    if stored := version(registry, number):
        registry.models.runs[stored.run_id] = "deleted"


def lose_run(registry: Registry, number: int) -> None:
    if stored := version(registry, number):
        registry.models.runs[stored.run_id] = "missing"


def lose_model(registry: Registry, number: int) -> None:
    if stored := version(registry, number):
        registry.models.discarded.add(stored.logged_model_id)


def lose_all(registry: Registry, _number: int) -> None:
    registry.models.versions.clear()
    registry.models.aliases.clear()
    registry.models.projected.clear()


HANDS: dict[str, Callable[[Registry, int], None]] = {
    "delete": delete,
    "edit": lambda registry, number: edit(registry, number, kind="full", mine="1"),
    "point": point,
    "elsewhere": move_elsewhere,
    "alias": lambda registry, number: point(registry, number, "by-hand"),
    "drop": lambda registry, _: registry.models.aliases.pop(("support", "champion"), None) and None,
    "trash": trash,
    "lose run": lose_run,
    "lose model": lose_model,
    "lose all": lose_all,
}
deeds = st.lists(st.tuples(st.sampled_from(sorted(HANDS)), st.sampled_from(VERSIONS)), max_size=6)


def work(registry: Registry, done: list[tuple[str, int]]) -> None:
    for deed, number in done:
        if "support" in registry.models.versions:
            HANDS[deed](registry, number)


@given(deeds)
@law
def test_restoring_leaves_no_drift_and_no_claim(done: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder))
        work(registry, done)
        assert registry.sync("restore").failure is None
        assert registry.drift() == []
        assert registry.models.aliases["support", "champion"] == 3
        head = registry.stage.ledger.head()
        again = registry.sync("restore")
        assert (again.done, registry.stage.ledger.head()) == ((), head)


@given(deeds)
@example([("delete", 3), ("elsewhere", 1)])
@law
def test_adopting_twice_is_adopting_once(done: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder))
        work(registry, done)
        registry.sync("adopt")
        head, left = registry.stage.ledger.head(), registry.drift()
        assert registry.sync("adopt").plan.steps == ()
        assert (registry.stage.ledger.head(), registry.drift()) == (head, left)


@given(deeds)
@law
def test_a_plain_sync_never_writes_to_the_ledger(done: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder))
        head = registry.stage.ledger.head()
        work(registry, done)
        synced = registry.sync("mend")
        assert registry.stage.ledger.head() == head
        assert (synced.failure is None) == (registry.drift() == [])


def test_an_alias_moved_away_and_the_deletion_behind_it_are_adopted_at_once(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    delete(registry, 3)
    point(registry, 1)
    assert registry.sync("adopt").failure is None
    assert registry.drift() == []


def test_an_alias_that_moved_on_record_since_the_plan_is_not_adopted(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    point(registry, 1)
    ledger = registry.stage.ledger
    plan = plan_sync("adopt", ledger=ledger, view=registry.models, artifacts=None)
    registry.stage.promote(2)
    head = ledger.head()
    done = sync(plan, registry.sides, registry.stage.context)
    assert isinstance(done.failure, Conflict)
    assert "moved since" in done.failure.message
    assert ledger.head() == head


def test_an_adopted_move_to_a_version_called_bad_is_said(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.stage.promote(2)
    registry.stage.roll_back(to=3)
    point(registry, 2)
    done = registry.sync("adopt")
    assert done.failure is None
    assert any("support/2 was called bad" in notice for notice in done.notices)


@pytest.mark.parametrize("number", VERSIONS)
def test_bytes_that_are_lost_are_told_and_the_others_come_back(tmp_path: Path, number: int) -> None:
    registry = Registry(tmp_path)
    lost = version(registry, number)
    assert lost is not None
    del registry.models.contents[lost.logged_model_id]
    registry.models.versions.clear()
    done = registry.sync("restore")
    assert len(done.lost) == 1
    there = [v.number for v in registry.models.versions["support"] if not v.deleted]
    assert there == [other for other in VERSIONS if other != number]


def test_what_another_clone_moved_is_not_undone_without_asking(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    move_elsewhere(registry, 1)
    expected = (
        "alias ahead: support@champion: expected version 3, found version 1: moved by an event"
    )
    assert registry.drift()[0].startswith(expected)
    for mode in ("mend", "adopt"):
        assert isinstance(registry.sync(mode).failure, Conflict)
        assert registry.models.aliases["support", "champion"] == 1
    assert registry.sync("restore").failure is None
    assert registry.models.aliases["support", "champion"] == 3


def test_an_alias_that_another_clone_made_is_not_adopted_as_made_by_hand(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.models.set_alias("support", "canary", Mark(1, f"sha256:{1:064x}"))
    assert registry.drift()[0].startswith("alias ahead: support@canary")
    head = registry.stage.ledger.head()
    assert isinstance(registry.sync("adopt").failure, Conflict)
    assert registry.stage.ledger.head() == head
    assert registry.sync("restore").failure is None
    assert ("support", "canary") not in registry.models.aliases


def test_an_alias_that_this_ledger_moved_before_follows(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    before = registry.models.projected["support", "champion"]
    registry.stage.promote(2)
    registry.models.set_alias("support", "champion", before)
    assert registry.drift()[0].startswith("alias stale: support@champion")
    assert registry.sync("mend").failure is None
    assert registry.models.aliases["support", "champion"] == 2


def aliases_of(registry: Registry) -> str:
    """Returns what is told of the one alias."""
    (told,) = (line for line in registry.drift() if line.startswith("alias"))
    return told


def cut_off(registry: Registry, number: int) -> None:
    """Moves champion, and leaves what a kill leaves after the first step in the store."""
    aliases, descriptions = dict(registry.models.aliases), dict(registry.models.descriptions)
    registry.stage.promote(number)
    held = ("support", "champion")
    registry.models.projected[held] = replace(registry.models.projected[held], left=aliases[held])
    registry.models.aliases.update(aliases)
    registry.models.descriptions.update(descriptions)


def test_a_move_that_was_cut_off_is_finished_by_a_plain_sync(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    assert aliases_of(registry).startswith(
        "alias stale: support@champion: expected version 2, found version 3: it has not followed"
    )
    assert registry.sync("mend").failure is None
    assert registry.models.aliases["support", "champion"] == 2
    assert registry.drift() == []


def test_a_cut_after_a_move_that_was_left_to_it_is_finished_too(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    before = dict(registry.models.aliases), dict(registry.models.descriptions)
    registry.stage.promote(2)  # overtaken: whoever comes next shows it
    registry.models.aliases.update(before[0])
    registry.models.descriptions.update(before[1])
    cut_off(registry, 1)
    assert aliases_of(registry).startswith("alias stale: support@champion: expected version 1")
    assert registry.sync("mend").failure is None
    assert registry.models.aliases["support", "champion"] == 1
    assert registry.drift() == []


def test_a_hand_that_takes_a_move_back_is_not_taken_for_a_cut(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    assert registry.sync("mend").failure is None
    registry.models.aliases["support", "champion"] = 3
    assert aliases_of(registry).startswith("alias moved: support@champion")
    assert isinstance(registry.sync("mend").failure, Conflict)
    assert registry.models.aliases["support", "champion"] == 3


def test_a_hand_that_moves_further_after_a_cut_is_asked_about(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    registry.models.aliases["support", "champion"] = 1
    assert aliases_of(registry).startswith("alias moved: support@champion")


def test_a_cut_move_is_finished_though_other_commands_described_the_model(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    registry.stage.promote(1, alias="staging")
    assert aliases_of(registry).startswith("alias stale: support@champion: expected version 2")
    assert registry.sync("mend").failure is None
    assert registry.models.aliases["support", "champion"] == 2
    assert registry.drift() == []


def test_a_move_that_was_cut_off_when_the_alias_was_there_is_told_and_finished(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    registry.models.aliases["support", "champion"] = 2
    assert aliases_of(registry).endswith(
        "found version 2: with the mark of a move that is under way or was cut off"
    )
    assert registry.sync("mend").failure is None
    assert registry.drift() == []
    registry.models.aliases["support", "champion"] = 3  # now it is a hand's doing
    assert aliases_of(registry).startswith("alias moved: support@champion")


def test_a_cut_move_of_another_clone_is_left_to_it(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    cut_off(registry, 2)
    registry.stage.promote(1)
    held = ("support", "champion")
    registry.models.aliases[held] = 3
    registry.models.projected[held] = Mark(2, f"sha256:{2:064x}", 3)
    assert aliases_of(registry).startswith("alias ahead: support@champion")
