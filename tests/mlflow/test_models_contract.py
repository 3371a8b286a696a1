"""The contract of `ports.models` that mending drift rests on: in memory and in a real MLflow."""

from pathlib import Path
from typing import Protocol

import pytest
from tests.cli.project import Project
from tests.fakes.memory_models import MemoryModels

from ft_registry.backends.mlflow.store import MlflowModels
from ft_registry.backends.mlflow.view import MlflowView
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import FileEntry
from ft_registry.model.shown import DESCRIPTION, Mark, ShownModel, mark_of
from ft_registry.ports.models import ModelStore, Restored, StoredModel, StoreView, Upload

pytestmark = pytest.mark.integration


class Store(ModelStore, StoreView, Protocol):
    """Both ports to one store."""


class Both:
    """A real MLflow behind both ports."""

    def __init__(self, models: MlflowModels, view: MlflowView) -> None:
        self._parts = (models, view)

    def __getattr__(self, name: str) -> object:
        return next(getattr(part, name) for part in self._parts if hasattr(part, name))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, project: Project) -> Store:
    if request.param == "memory":
        return MemoryModels()
    workspace = project.workspace()
    view = workspace.view(patience=5, may_import=False)
    return Both(workspace.models, view)  # type: ignore[return-value]


@pytest.fixture
def stored(store: Store, tmp_path: Path) -> StoredModel:
    """The same bytes behind every version."""
    return upload(store, tmp_path)


def upload(store: Store, folder: Path) -> StoredModel:
    (folder / "up").mkdir(exist_ok=True)
    (folder / "up" / "weights").write_bytes(b"weights")
    entry = FileEntry(path="weights", size=7, sha256=digest_bytes(b"weights")[7:])
    return store.upload(
        Upload(
            model="dates", files=(entry,), root=folder / "up", folder="adapter", attachments={},
            params={}, tags={}, metrics=(), datasets=(), metadata={}, kind="adapter", run_id=None,
        )
    )  # fmt: skip


def create(store: Store, stored: StoredModel, *numbers: int) -> None:
    for number in numbers:
        tags = {"ftr.identity": str(number), "ftr.txn": f"t{number}"}
        assert store.create_version("dates", stored, tags=tags, description="d") == number


def again(stored: StoredModel, word: str = "again") -> Restored:
    return Restored(stored, {"ftr.identity": word, "ftr.txn": "t"}, "described")


def shown(store: Store) -> ShownModel:
    return store.shown(["dates"])["dates"]


def live(store: Store) -> dict[int, str]:
    return {n: v.identity for n, v in shown(store).versions.items() if not v.deleted}


def test_a_model_that_the_store_does_not_know_is_left_out(store: Store) -> None:
    assert store.shown(["dates"]) == {}


def test_what_is_shown_is_what_was_created(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1)
    mark = Mark(1, f"sha256:{0:064x}")
    store.set_alias("dates", "champion", mark)
    found = shown(store)
    assert (found.aliases, found.projected) == ({"champion": 1}, {"champion": mark})
    version = found.versions[1]
    assert (version.identity, version.description, version.uri) == ("1", "d", stored.uri)
    assert (version.run_id, version.run_state) == (stored.run_id, "active")
    assert version.model_known
    assert not found.unfinished


def test_a_deleted_version_is_shown_as_such_and_takes_its_aliases_along(
    store: Store, stored: StoredModel
) -> None:
    create(store, stored, 1, 2)
    store.set_alias("dates", "champion", Mark(2))
    store.delete_version("dates", 2)
    assert shown(store).versions[2].deleted
    assert shown(store).aliases == {}


def test_an_alias_is_taken_away_once(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1)
    store.set_alias("dates", "champion", Mark(1))
    store.remove_alias("dates", "champion")
    store.remove_alias("dates", "champion")
    assert (shown(store).aliases, shown(store).projected) == ({}, {})


def test_parts_of_a_page_are_written_and_the_rest_stays(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1)
    store.write_page("dates", 1, description=None, tags={"ftr.kind": "full"}, drop=["ftr.txn"])
    version = shown(store).versions[1]
    assert (version.description, version.tags) == ("d", {"ftr.identity": "1", "ftr.kind": "full"})
    store.write_page("dates", 1, description="new", tags={})
    version = shown(store).versions[1]
    assert version.description == "new"
    assert version.tags[DESCRIPTION] == mark_of("new")


def test_a_description_of_a_model_is_marked_as_ours(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1)
    store.describe("dates", "it reads dates")
    found = shown(store)
    assert (found.description, found.described) == ("it reads dates", mark_of("it reads dates"))


def test_an_alias_that_moves_describes_its_model_along(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1, 2)
    for number in (1, 2, 2):
        text = f"champion is {number}"
        store.set_alias("dates", "champion", Mark(number), description=text)
        found = shown(store)
        assert (found.aliases, found.projected) == (
            {"champion": number},
            {"champion": Mark(number)},
        )
        assert (found.description, found.described) == (text, mark_of(text))


def test_a_version_is_created_under_the_number_it_had(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1)
    assert store.create_at("dates", 3, again(stored))
    assert live(store) == {1: "1", 3: "again"}
    assert shown(store).versions[3].description == "described"
    create(store, stored, 4)


def test_a_number_that_was_handed_out_is_not_appended(store: Store, stored: StoredModel) -> None:
    create(store, stored, 1, 2)
    store.delete_version("dates", 2)
    assert not store.create_at("dates", 2, again(stored))
    assert live(store) == {1: "1"}


def test_a_rebuild_puts_versions_where_they_were_and_keeps_the_rest(
    store: Store, stored: StoredModel
) -> None:
    create(store, stored, 1, 2, 3)
    store.set_alias("dates", "champion", Mark(3))
    store.delete_version("dates", 2)
    before = shown(store).versions
    store.rebuild("dates", {2: again(stored)}, last=5)
    found = shown(store)
    assert live(store) == {1: "1", 2: "again", 3: "3"}
    assert (found.versions[1], found.versions[3]) == (before[1], before[3])
    assert (found.aliases, found.projected) == ({"champion": 3}, {"champion": Mark(3)})
    create(store, stored, 6)


def test_an_upload_is_known_until_it_is_discarded(
    store: Store, stored: StoredModel, tmp_path: Path
) -> None:
    assert store.knows(stored)
    store.discard(stored)
    assert not store.knows(stored)
    assert store.knows(upload(store, tmp_path))


def test_tidying_what_is_tidy_changes_nothing(store: Store, stored: StoredModel) -> None:
    store.tidy("dates")
    create(store, stored, 1)
    before = shown(store).versions
    store.tidy("dates")
    assert shown(store).versions == before
