"""Bytes as MLflow keeps them: found, listed, fetched; and whatever was done to them is told."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.cli.project import Project
from tests.fakes.memory_artifacts import MemoryArtifacts

from ft_registry.actions.resolve import read_record
from ft_registry.backends.mlflow.artifacts import MlflowArtifacts
from ft_registry.backends.mlflow.connection import MlflowPlace, connect
from ft_registry.errors import BackendUnavailable, NotFound
from ft_registry.model.home import Home, first_home
from ft_registry.model.reference import VersionReference
from ft_registry.model.verification import Finding, Verification
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.workspace import Workspace

pytestmark = pytest.mark.integration

WEIGHTS = "adapter/adapter_model.safetensors"
CONFIG = "adapter/adapter_config.json"
DATA = ("data/train.jsonl",)


def register(project: Project, model: str = "m", *, workspace: Workspace | None = None) -> Home:
    project.write("params.yaml", "seed: 8\n")  # uncommitted: there is a patch to keep
    filed = project.register(
        model, "ad1", data=DATA, evaluations=("dates.jsonl",), method="sft", workspace=workspace
    ).filed
    return first_home(filed.record, filed.digest)


class Victim:
    """A registered version and where its bytes lie."""

    def __init__(self, project: Project, home: Home) -> None:
        self.project = project
        self.home = home
        self.folder = project.root / "mlartifacts/m/models" / home.logged_model_id / "artifacts"

    @property
    def items(self) -> str:
        (file,) = (self.folder / "ftr/evaluations").iterdir()
        return file.relative_to(self.folder).as_posix()

    def verify(self) -> Verification:
        return self.project.workspace().verify("m/1")

    def damage(self) -> list[tuple[str, str]]:
        return [(finding.state, finding.name) for finding in self.verify().damage]


@pytest.fixture(scope="module")
def registered_once(
    data_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, Home]:
    project = Project.copy(data_template, tmp_path_factory.mktemp("victim") / "project")
    home = register(project)
    shutil.copytree(project.root / "mlartifacts", project.root.parent / "mlartifacts")
    shutil.copyfile(project.root / "mlflow.db", project.root.parent / "mlflow.db")
    return project, home


@pytest.fixture
def victim(registered_once: tuple[Project, Home]) -> Iterator[Victim]:
    """A version to damage; it is whole again afterwards."""
    project, home = registered_once
    yield Victim(project, home)
    for name in ("mlartifacts", "mlflow.db-wal", "mlflow.db-shm"):
        shutil.rmtree(project.root / name, ignore_errors=True)
        (project.root / name).unlink(missing_ok=True)
    shutil.copytree(project.root.parent / "mlartifacts", project.root / "mlartifacts")
    shutil.copyfile(project.root.parent / "mlflow.db", project.root / "mlflow.db")


def only(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


# Tampering


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def swap(folder: Path) -> None:
    one, other = folder / WEIGHTS, folder / CONFIG
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])


def link(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("/etc/passwd")


TAMPERING: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "flip": (lambda f: flip(f / WEIGHTS), [("changed", WEIGHTS)]),
    "truncate": (lambda f: os.truncate(f / WEIGHTS, 0), [("changed", WEIGHTS)]),
    "delete": (lambda f: (f / WEIGHTS).unlink(), [("missing", WEIGHTS)]),
    "add": (lambda f: (f / "adapter/x.py").write_text(""), [("extra", "adapter/x.py")]),
    "swap": (swap, [("changed", CONFIG), ("changed", WEIGHTS)]),
    "link": (link, [("changed", WEIGHTS)]),
    "patch": (lambda f: flip(f / "ftr/patch.diff"), [("changed", "ftr/patch.diff")]),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_what_was_done_to_the_bytes_is_named(victim: Victim, how: str) -> None:
    tamper, expected = TAMPERING[how]
    assert victim.damage() == []
    tamper(victim.folder)
    found = victim.verify().damage
    assert [(finding.state, finding.name) for finding in found] == expected
    assert all(finding.place == str(victim.folder) for finding in found)
    assert all(finding.expected != finding.found for finding in found)


def test_scored_items_are_held_to_their_digest(victim: Victim) -> None:
    flip(victim.folder / victim.items)
    assert victim.damage() == [("changed", victim.items)]


def test_weights_overwritten_by_mlflow_itself_are_changed(victim: Victim, tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(os.urandom(2000))
    client = victim.project.client()
    client.log_model_artifacts(victim.home.logged_model_id, str(tmp_path), "adapter")
    assert victim.damage() == [("changed", WEIGHTS)]


# MLflow forgets


def test_the_record_says_where_mlflow_put_it(victim: Victim) -> None:
    assert victim.home.location == victim.folder.as_uri()


def test_the_files_of_a_deleted_logged_model_are_found_while_they_are_there(victim: Victim) -> None:
    victim.project.client().delete_logged_model(victim.home.logged_model_id)
    found = victim.verify()
    assert found.ok
    assert any("sync --restore" in note for note in found.notes)


def test_the_files_outlive_mlflows_database(victim: Victim) -> None:
    (victim.project.root / "mlflow.db").unlink()
    found = victim.verify()
    assert found.ok
    assert "sync --restore" in only_note(found)


def test_an_older_record_is_found_where_mlflow_lays_things_out(victim: Victim) -> None:
    (victim.project.root / "mlflow.db").unlink()
    old = victim.home.model_copy(update={"location": ""})
    assert victim.project.workspace().artifacts.shelf(old).folder == victim.folder


def test_without_database_and_files_nobody_knows(victim: Victim) -> None:
    (victim.project.root / "mlflow.db").unlink()
    shutil.rmtree(victim.folder)
    found = victim.verify()
    assert found.damage == ()
    assert victim.home.location in only(found.undecided).found


def test_files_that_are_gone_are_missing_and_told_where_they_were(victim: Victim) -> None:
    shutil.rmtree(victim.folder)
    found = victim.verify()
    assert [(f.state, f.name) for f in found.damage if f.kind == "artifact"] == [
        ("missing", CONFIG),
        ("missing", WEIGHTS),
    ]
    assert {finding.place for finding in found.damage} == {victim.folder.as_uri()}


def test_a_damaged_database_is_told(victim: Victim, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0 and then nothing of the kind")
    place = MlflowPlace.at("sqlite:///mlflow.db", home=tmp_path, scratch=tmp_path)
    with pytest.raises(BackendUnavailable, match="database"):
        MlflowArtifacts(place).shelf(victim.home)


def test_only_names_that_could_be_registered_are_files(victim: Victim) -> None:
    names = ["größe\u00a0x.txt", "line\nbreak", os.fsdecode(b"\xff")]
    for name in names:
        (victim.folder / name).write_bytes(b"x")
    shelf = victim.project.workspace().artifacts.shelf(victim.home)
    assert [name in shelf.sizes for name in names] == [True, False, False]
    assert set(shelf.odd) == {"line\\nbreak", "\\udcff"}


@pytest.mark.parametrize(
    "location", ["/etc", "file:///", "file://host/m-0/x", "/x/../{id}", "relative/{id}", "{id}"]
)
def test_a_location_that_is_not_the_models_is_not_entered(
    victim: Victim, tmp_path: Path, location: str
) -> None:
    home = victim.home.model_copy(
        update={"location": location.format(id=victim.home.logged_model_id)}
    )
    place = MlflowPlace.at("sqlite:///none.db", home=tmp_path, scratch=tmp_path)
    with pytest.raises(BackendUnavailable):
        MlflowArtifacts(place).shelf(home)


def only_note(found: Verification) -> str:
    (note,) = found.notes
    return note


# A server


@pytest.fixture
def model() -> str:
    """A name that no other test uses: they share the server."""
    return f"m-{uuid4().hex[:8]}"


def test_a_server_is_verified_by_download(
    project: Project, mlflow_server: str, model: str, tmp_path: Path
) -> None:
    workspace = project.workspace(mlflow_uri=mlflow_server)
    home = register(project, model, workspace=workspace)
    found = workspace.verify(f"{model}/1")
    assert found.ok
    assert {f.place for f in found.findings if f.kind == "artifact"} == {home.location}
    record = read_record(workspace.ledger, VersionReference(model, 1)).record
    for entry in record.artifact.files:
        assert workspace.evidence.cache.get(entry.sha256) is not None

    (tmp_path / "other").mkdir()
    size = next(one.size for one in record.artifact.files if one.path.endswith(".safetensors"))
    (tmp_path / "other/adapter_model.safetensors").write_bytes(os.urandom(size))
    client = connect(workspace.mlflow)
    client.log_model_artifacts(home.logged_model_id, str(tmp_path / "other"), "adapter")
    changed = only(workspace.verify(f"{model}/1").damage)
    assert (changed.name, changed.state) == (WEIGHTS, "changed")

    client.delete_logged_model(home.logged_model_id)
    found = workspace.verify(f"{model}/1", depth="fast")
    assert found.ok
    assert "sync --restore" in only_note(found)


def test_a_server_that_is_down_is_asked_once(registered: Project) -> None:
    home = home_at(registered, "m-" + "0" * 32)
    artifacts = registered.workspace(mlflow_uri="http://127.0.0.1:9").artifacts
    with pytest.raises(BackendUnavailable, match="found none") as first:
        artifacts.shelf(home)
    with pytest.raises(BackendUnavailable) as second:
        artifacts.shelf(home)
    assert first.value is second.value


# The contract, of every back end and of the fake

CONTENT = {"adapter/a": b"a", "adapter/deep/b c.txt": b"bb", "MLmodel": b"ccc"}


def log(client: Any, tmp_path: Path, location: Path | None) -> str:
    place = location.as_uri() if location else None
    experiment = client.create_experiment(uuid4().hex, artifact_location=place)
    logged = client.create_logged_model(experiment)
    for name, content in CONTENT.items():
        (tmp_path / "sent" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sent" / name).write_bytes(content)
    client.log_model_artifacts(logged.model_id, str(tmp_path / "sent"))
    return str(logged.model_id)


@pytest.fixture(params=["memory", "folder", "server"])
def stored(
    request: pytest.FixtureRequest, registered: Project, tmp_path: Path
) -> tuple[ArtifactStore, str]:
    """A store with one logged model, and its id."""
    if request.param == "memory":
        model_id = "m-" + "1" * 32
        return MemoryArtifacts({model_id: dict(CONTENT)}), model_id
    if request.param == "server":
        url = request.getfixturevalue("mlflow_server")
        place = MlflowPlace.at(url, home=tmp_path, scratch=tmp_path)
        return MlflowArtifacts(place), log(connect(place), tmp_path, None)
    shutil.copyfile(registered.root / "mlflow.db", tmp_path / "mlflow.db")
    place = MlflowPlace.at("sqlite:///mlflow.db", home=tmp_path, scratch=tmp_path)
    return MlflowArtifacts(place), log(connect(place), tmp_path, tmp_path / "artifacts")


def home_at(registered: Project, model_id: str) -> Home:
    filed = read_record(registered.workspace().ledger, VersionReference("m", 1))
    return first_home(filed.record, filed.digest).model_copy(
        update={"logged_model_id": model_id, "uri": f"models:/{model_id}", "location": ""}
    )


def test_a_shelf_lists_every_file_with_its_size(
    stored: tuple[ArtifactStore, str], registered: Project
) -> None:
    store, model_id = stored
    shelf = store.shelf(home_at(registered, model_id))
    assert dict(shelf.sizes) == {name: len(content) for name, content in CONTENT.items()}
    assert (shelf.odd, shelf.is_orphan) == ((), False)


def test_files_are_fetched_under_their_own_paths(
    stored: tuple[ArtifactStore, str], registered: Project, tmp_path: Path
) -> None:
    store, model_id = stored
    home, into = home_at(registered, model_id), tmp_path / "into"
    into.mkdir()
    with pytest.raises(NotFound, match="adapter/none"):
        store.fetch(home, ["adapter/none", "adapter/deep/b c.txt"], into)
    assert (into / "adapter/deep/b c.txt").read_bytes() == b"bb"
    store.fetch(home, list(CONTENT), into)
    got = {name: (into / name).read_bytes() for name in CONTENT}
    assert got == CONTENT


def test_a_model_that_nobody_knows_is_not_found(
    stored: tuple[ArtifactStore, str], registered: Project
) -> None:
    store, _ = stored
    with pytest.raises(NotFound, match="last seen at s3://there"):
        store.shelf(
            home_at(registered, "m-" + "0" * 32).model_copy(update={"location": "s3://there"})
        )
