"""The fakes are honest: they have the ports' methods, and do what their docstrings say."""

import inspect
from pathlib import Path

import pytest
from tests.fakes.memory_artifacts import MemoryArtifacts
from tests.fakes.memory_code import MemoryCode
from tests.fakes.memory_data import MemoryData
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.memory_models import IDENTITY, MemoryModels

from ft_registry.errors import BackendUnavailable, IntegrityError, OutcomeUnknown
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import FileEntry
from ft_registry.model.shown import Mark
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import (
    ModelStore,
    StoredModel,
    StoredVersion,
    StoreView,
    Upload,
)

STORED = StoredModel(logged_model_id="m-1", uri="models:/m-1", run_id="run")


@pytest.mark.parametrize(
    ("port", "fake"),
    [
        (Ledger, MemoryLedger),
        (ModelStore, MemoryModels),
        (StoreView, MemoryModels),
        (DataStore, MemoryData),
        (ArtifactStore, MemoryArtifacts),
        (CodeRepository, MemoryCode),
    ],
)
def test_a_fake_has_the_methods_of_its_port(port: type, fake: type) -> None:
    for name, method in inspect.getmembers(port, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(fake, name)) == inspect.signature(method), name


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    (tmp_path / "weights").write_bytes(b"weights")
    digest = digest_bytes(b"weights").removeprefix("sha256:")
    return Upload(
        model="dates", files=(FileEntry(path="weights", size=7, sha256=digest),), root=tmp_path,
        folder="adapter", attachments={"ftr/patch.diff": b"patch"}, params={}, tags={}, metrics=(),
        datasets=(), metadata={}, kind="adapter", run_id=None,
    )  # fmt: skip


def create(models: MemoryModels, identity: str = "one") -> int:
    return models.create_version("dates", STORED, tags={IDENTITY: identity}, description="")


def test_an_upload_is_kept_byte_for_byte(upload: Upload) -> None:
    models = MemoryModels()
    stored = models.upload(upload)
    assert models.contents[stored.logged_model_id] == {
        "adapter/weights": b"weights",
        "ftr/patch.diff": b"patch",
    }


def test_an_upload_of_other_bytes_is_told(upload: Upload) -> None:
    (upload.root / "weights").write_bytes(b"changed")
    with pytest.raises(IntegrityError):
        MemoryModels().upload(upload)


def test_a_version_is_found_by_its_identity_and_number() -> None:
    models = MemoryModels()
    version = StoredVersion(create(models), "one", "run", "models:/m-1")
    assert models.find("dates", "one") == models.get("dates", 1) == version
    assert models.find("dates", "other") is models.get("dates", 2) is None


def test_no_number_comes_back_after_a_delete() -> None:
    models = MemoryModels()
    assert [create(models), create(models)] == [1, 2]
    models.delete_version("dates", 2)
    assert models.get("dates", 2) is None
    assert create(models) == 3


@pytest.mark.parametrize(("lost", "there"), [("created", 1), ("not created", 0)])
def test_a_lost_reply_leaves_the_outcome_unknown_once(lost: str, there: int) -> None:
    models = MemoryModels()
    models.lost_reply = lost  # type: ignore[assignment]
    with pytest.raises(OutcomeUnknown):
        create(models)
    assert len(models.versions["dates"]) == there
    assert create(models) == there + 1


def test_a_store_that_is_unavailable_says_so_to_every_call(upload: Upload) -> None:
    models = MemoryModels(unavailable=True)
    for call in (models.check, lambda: models.upload(upload), lambda: create(models)):
        with pytest.raises(BackendUnavailable):
            call()
    assert models.versions == {}


def test_an_alias_goes_with_its_version() -> None:
    models = MemoryModels()
    models.set_alias("dates", "champion", Mark(create(models)))
    models.delete_version("dates", 1)
    assert models.aliases == {}


def test_an_alias_names_only_what_is_there() -> None:
    with pytest.raises(BackendUnavailable):
        MemoryModels().set_alias("dates", "champion", Mark(1))
