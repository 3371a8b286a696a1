"""What MLflow and fsspec load of us: found by entry point, useful, and never in the way."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import SOURCE, Project, jsonl

from ft_registry.errors import IntegrityError, InvalidInput
from ft_registry.plugins.run_context import LOCK_TAG, DvcRunContext

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"
GROUPS = ("mlflow.run_context_provider", "mlflow.dataset_source", "mlflow.dataset_constructor",
          "fsspec.specs")  # fmt: skip


def declared() -> dict[str, dict[str, str]]:
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    found: dict[str, dict[str, str]] = project["entry-points"]
    return found


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the metadata that an installation of these sources has."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "ft_registry-99.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ft-registry\nVersion: 99\n")
    lines = []
    for group, points in declared().items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def in_python(code: str, cwd: Path, installed: Path, *, fails: bool = False, **env: str) -> Any:
    """Runs code in a fresh Python with our entry points; returns what it printed last, as JSON."""
    paths = os.pathsep.join(map(str, (installed, SOURCE / "registry", SOURCE / "cli")))
    done = subprocess.run(
        [sys.executable, "-W", "error:Failure attempting", "-c", code],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=120,
        env={
            **os.environ, "PYTHONPATH": paths,
            "MLFLOW_TRACKING_URI": f"sqlite:///{cwd / 'mlflow.db'}", **env,
        },
    )  # fmt: skip
    assert bool(done.returncode) == fails, done.stderr
    return done.stderr if fails else json.loads(done.stdout.splitlines()[-1])


def test_the_installation_has_the_entry_points_of_these_sources() -> None:
    """Where this fails, install again: `pip install -e .`."""
    version = distribution("ft-registry").version
    for group in GROUPS:
        found = {p.name: p.value for p in entry_points(group=group) if "ft_registry" in p.value}
        assert found == declared()[group], f"{group} of ft-registry {version}"


# Every run in a DVC repository.

START = """
import json, mlflow
with mlflow.start_run() as run:
    pass
print(json.dumps({k: v for k, v in run.data.tags.items() if k.startswith("ftr.")}))
"""


def test_a_plain_run_carries_the_hashes_of_the_data(project: Project, installed: Path) -> None:
    project.write("dvc.lock", "schema: '2.0'\n")
    project.write("deep/er/train.jsonl.dvc", "outs:\n- md5: " + "a" * 32 + ".dir\n  size: 1\n")
    key = project.workspace().data.describe(project.root / TRAIN).content.key
    found = in_python(START, project.root, installed, DVC_EXP_NAME="try")
    assert found["ftr.data.repo.train.dvc"] == key
    assert found["ftr.data.repo.train-2.dvc"] == "a" * 32 + ".dir"
    assert found[LOCK_TAG].startswith("sha256:")
    assert found["ftr.dvc.experiment"] == "try"


BROKEN: dict[str, Any] = {
    "no repository": lambda root: None,
    "an empty .dvc": lambda root: (root / ".dvc").mkdir(),
    "a .dvc that is a file": lambda root: (root / ".dvc").write_text("x"),
    "a lock that is a folder": lambda root: (root / ".dvc").mkdir() or (root / "dvc.lock").mkdir(),
    "pointers of garbage": lambda root: (
        (root / ".dvc").mkdir() or (root / "a.dvc").write_bytes(bytes(range(256)))
    ),
    "a pointer that is a folder": lambda root: (root / ".dvc").mkdir() or (root / "a.dvc").mkdir(),
    "a pipe": lambda root: (root / ".dvc").mkdir() or os.mkfifo(root / "a.dvc"),
    "a link to itself": lambda root: (
        (root / ".dvc").mkdir() or (root / "a.dvc").symlink_to("a.dvc")
    ),
    "a broken configuration": lambda root: (
        (root / ".dvc").mkdir() or (root / ".dvc" / "config").write_text("[[")
    ),
    "a large lock": lambda root: (
        (root / ".dvc").mkdir() or (root / "dvc.lock").write_bytes(b"x" * 10_000_001)
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_repository_gives_no_tags_and_no_error(
    broken: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(tmp_path)
    monkeypatch.chdir(tmp_path)
    context = DvcRunContext()
    assert context.in_context() in (True, False)
    assert context.tags() == {}


def test_a_folder_that_is_gone_gives_no_tags(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert not DvcRunContext().in_context()
    assert DvcRunContext().tags() == {}
    monkeypatch.chdir(tmp_path)


def test_many_pointers_make_few_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dvc").mkdir()
    for number in range(60):
        (tmp_path / f"d{number}.dvc").write_text(f"outs:\n- md5: {number:032x}\n  path: d\n")
    monkeypatch.chdir(tmp_path)
    assert len(DvcRunContext().tags()) == 50


def test_mlflow_starts_in_a_broken_repository(tmp_path: Path, installed: Path) -> None:
    for make in (BROKEN["pointers of garbage"], BROKEN["a lock that is a folder"]):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        make(folder)
        assert in_python(START, folder, installed) == {}


def test_importing_mlflow_imports_none_of_our_rooms(tmp_path: Path, installed: Path) -> None:
    code = """
import json, sys, mlflow, mlflow.data
mlflow.data.from_dvc
ours = sorted(name for name in sys.modules if name.startswith("ft_registry"))
print(json.dumps({"ours": ours, "dvc": "dvc" in sys.modules}))
"""
    found = in_python(code, tmp_path, installed)
    assert found["ours"] == [
        "ft_registry", "ft_registry.plugins", "ft_registry.plugins.dvc_dataset",
        "ft_registry.plugins.run_context",
    ]  # fmt: skip
    assert not found["dvc"]


# Datasets.

LOG = """
import json, mlflow
data = mlflow.data.from_dvc("data/train.jsonl")
named = mlflow.data.from_dvc("data/train.jsonl.dvc", name="n", digest="d")
with mlflow.start_run() as run:
    mlflow.log_input(data, context="training")
(logged,) = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
source = mlflow.data.get_source(logged)
resolved = mlflow.data.dataset_source_registry.resolve_dataset_source("dvc://data/train.jsonl")
print(json.dumps({
    "kind": type(source).__name__, "name": logged.dataset.name, "digest": logged.dataset.digest,
    "profile": json.loads(logged.dataset.profile), "named": [named.name, named.digest],
    "lines": open(source.load()).read().count("\\n"), "md5": resolved.md5,
}))
"""


def test_dvc_data_is_a_dataset_of_mlflow(project: Project, installed: Path) -> None:
    key = project.workspace().data.describe(project.root / TRAIN).content.key
    found = in_python(LOG, project.root, installed)
    assert found == {
        "kind": "DvcDatasetSource", "name": "train", "digest": key, "named": ["n", "d"],
        "profile": {"num_rows": 120, "num_bytes": (project.root / TRAIN).stat().st_size},
        "lines": 120, "md5": key,
    }  # fmt: skip


def test_data_that_is_not_what_its_pointer_says_is_no_dataset(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ft_registry.plugins.dvc_dataset import DvcDatasetSource, from_dvc

    monkeypatch.chdir(project.root)
    project.write(TRAIN, "other\n")
    with pytest.raises(IntegrityError, match="expected data/train"):
        from_dvc(TRAIN)
    with pytest.raises(InvalidInput, match="expected path and md5"):
        DvcDatasetSource.from_dict({"path": TRAIN})


# Files of versions.


@pytest.fixture
def versioned(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A registry whose m/1 was trained on a file and a folder, both changed since."""
    for name, rows in (("a", 3), ("b", 4)):
        project.write(f"corpus/{name}.jsonl", jsonl(rows, word=name))
    project.workspace().datasets.snapshot(project.root / "corpus")
    data = (TRAIN, "corpus:preference", "data/dates.jsonl:eval")
    project.register("m", "ad1", data=data)
    project.write(TRAIN, jsonl(121))
    project.write("corpus/a.jsonl", jsonl(1))
    project.workspace().move(project.workspace().plan_promotion("m/1", "champion"))
    monkeypatch.chdir(project.root)
    return project


def files() -> Any:
    from ft_registry.plugins.ftr_filesystem import FtrFileSystem

    return FtrFileSystem()


def test_a_file_of_a_version_is_what_it_was(versioned: Project) -> None:
    fs = files()
    for address in ("train.jsonl", "train"):
        for version in ("m/1", "m/latest", "m@champion"):
            assert fs.cat_file(f"ftr://{version}/{address}").decode() == jsonl(120)
    assert fs.cat_file("m/1/corpus/a.jsonl").decode() == jsonl(3, word="a")
    assert fs.cat_file("m/1/preference/b.jsonl").decode() == jsonl(4, word="b")
    assert fs.ls("ftr://m/1", detail=False) == ["m/1/dates.jsonl", "m/1/corpus", "m/1/train.jsonl"]
    assert sorted(fs.glob("ftr://m/1/corpus/*.jsonl")) == [
        "m/1/corpus/a.jsonl",
        "m/1/corpus/b.jsonl",
    ]
    assert fs.info("m/1/corpus")["type"] == fs.info("m/1")["type"] == "directory"
    assert fs.checksum("m/1/train.jsonl") == fs.ukey("m@champion/train.jsonl")


def test_what_is_not_there_is_no_file(versioned: Project) -> None:
    fs = files()
    for path in ("m/1/none.jsonl", "m/9/train.jsonl", "x/1/train.jsonl", "m/1/train.jsonl/x",
                 "m/1/corpus/c.jsonl", "m/1/corpus", "m", "m/one/train.jsonl"):  # fmt: skip
        with pytest.raises(FileNotFoundError):
            fs.open(path)
    assert not fs.exists("m/1/none.jsonl")
    with pytest.raises(PermissionError, match="stays as it is"):
        fs.open("m/1/train.jsonl", "wb")


def test_no_byte_of_damaged_data_is_given_out(versioned: Project) -> None:
    fs = files()
    cached = versioned.cached(versioned.workspace().show("m/1").filed.record.data[-1].key)
    good = cached.read_bytes()
    cached.chmod(0o644)
    cached.write_bytes(good[:-2] + b"x\n")
    with pytest.raises(IntegrityError):
        fs.cat_file("m/1/train.jsonl")
    cached.write_bytes(good)
    assert fs.cat_file("m/1/train.jsonl") == good
    # What is kept of it is hashed again each time.
    (kept,) = (versioned.root / ".git" / "ft-registry" / "objects").glob("[0-9a-f][0-9a-f]/*")
    kept.write_bytes(b"rotten\n")
    assert fs.cat_file("m/1/train.jsonl") == good


def test_two_datasets_of_one_role_are_told_apart(project: Project, monkeypatch: Any) -> None:
    project.write("data/more.jsonl", jsonl(7))
    project.workspace().datasets.snapshot(project.root / "data/more.jsonl")
    project.register("m", "ad1", data=(TRAIN, "data/more.jsonl"))
    monkeypatch.chdir(project.root)
    assert files().cat_file("m/1/more.jsonl").decode() == jsonl(7)
    # `train` is the name of one of them, and the role of both: the name counts.
    assert files().cat_file("m/1/train").decode() == jsonl(120)


def test_pandas_and_fsspec_read_it(versioned: Project, installed: Path) -> None:
    code = """
import json, pandas, fsspec
with fsspec.open("ftr://m/1/train.jsonl", "rt") as stream:
    lines = len(stream.readlines())
print(json.dumps([lines, len(pandas.read_json("ftr://m@champion/train.jsonl", lines=True))]))
"""
    assert in_python(code, versioned.root, installed) == [120, 120]


def test_datasets_reads_it(versioned: Project, installed: Path) -> None:
    pytest.importorskip("datasets", reason="trainers bring it; nothing of ours needs it")
    code = """
import json
from datasets import load_dataset
loaded = load_dataset("json", data_files="ftr://m/1/train.jsonl", split="train")
parts = load_dataset("json", data_files="ftr://m/1/corpus/*.jsonl", split="train")
print(json.dumps([len(loaded), len(parts)]))
"""
    home = versioned.root.parent / "hf"
    assert in_python(code, versioned.root, installed, HF_HOME=str(home)) == [120, 7]
