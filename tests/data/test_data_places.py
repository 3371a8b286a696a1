"""Where data may lie: behind a pipeline, in a nested DVC project, in a linked work tree."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

from ft_registry.errors import IntegrityError

BuiltOnce = Callable[[str, Callable[[Path], None]], Path]

pytestmark = pytest.mark.integration

PIPELINE = """\
stages:
  prepare:
    cmd: head -n 50 data/raw.jsonl > data/train.jsonl
    deps:
    - data/raw.jsonl
    outs:
    - data/train.jsonl
  tune:
    cmd: mkdir -p tuned && cp ad1/* tuned/
    deps:
    - ad1
    - base
    - data/train.jsonl
    outs:
    - tuned
"""


def make_pipeline(folder: Path, fresh: Path) -> None:
    project = Project.copy(fresh, folder)
    (project.root / "data" / "train.jsonl").rename(project.root / "data" / "raw.jsonl")
    project.workspace().datasets.snapshot(project.root / "data" / "raw.jsonl")
    project.write("dvc.yaml", PIPELINE)
    project.dvc("repro", "--quiet")
    project.git("add", "-A")
    project.git("commit", "-qm", "run")


@pytest.fixture
def pipeline(built_once: BuiltOnce, fresh_template: Path, tmp_path: Path) -> Project:
    """A pipeline that was really run: raw data, prepared data, a tuned adapter."""
    template = built_once("pipeline", lambda folder: make_pipeline(folder, fresh_template))
    return Project.copy(template, tmp_path / "project")


def test_an_output_of_a_pipeline_is_a_snapshot_of_what_the_lock_says(pipeline: Project) -> None:
    lock = (pipeline.root / "dvc.lock").read_bytes()
    done = pipeline.workspace().datasets.snapshot(pipeline.root / "data" / "train.jsonl")
    assert (done.created, done.snapshot.pointer) == (True, "dvc.lock")
    files = pipeline.git("show", "--name-only", "--format=", str(done.commit)).splitlines()
    assert files == ["data/.gitignore", "data/train.jsonl.examples.arrow.dvc"]
    assert done.snapshot.content.rows == 50
    assert (pipeline.root / "dvc.lock").read_bytes() == lock
    assert not (pipeline.root / "data" / "train.jsonl.dvc").exists()


def test_a_lock_that_is_not_committed_yet_is_committed_with_its_pipeline(
    pipeline: Project,
) -> None:
    pipeline.git("reset", "-q", "--soft", "HEAD~1")
    pipeline.git("restore", "--staged", "dvc.lock", "dvc.yaml")
    done = pipeline.workspace().datasets.snapshot(pipeline.root / "data" / "train.jsonl")
    files = pipeline.git("show", "--name-only", "--format=", str(done.commit)).splitlines()
    index = ["data/.gitignore", "data/train.jsonl.examples.arrow.dvc"]
    assert files == [*index, "dvc.lock", "dvc.yaml"]


def test_an_output_that_was_edited_by_hand_is_told(pipeline: Project) -> None:
    pipeline.write("data/train.jsonl", jsonl(2))
    with pytest.raises(IntegrityError) as caught:
        pipeline.workspace().datasets.snapshot(pipeline.root / "data" / "train.jsonl")
    assert "dvc repro" in caught.value.hints[0]


def test_the_stage_that_made_a_folder_is_found_with_what_it_read(pipeline: Project) -> None:
    stage = pipeline.workspace().data.stage_of(pipeline.root / "tuned")
    assert stage is not None
    assert stage.stage == "tune"
    assert [dep["path"] for dep in stage.deps] == ["ad1", "base", "data/train.jsonl"]


def test_the_data_of_a_version_is_what_its_stage_read(pipeline: Project) -> None:
    done = pipeline.done("register", "m", "tuned")
    record = pipeline.done("show", f"m/{done['version']}")["record"]
    assert [(d["role"], d["path"], d["rows"]) for d in record["data"]] == [
        ("train", "data/train.jsonl", 50)
    ]
    assert record["pipeline"]["stage"] == "tune"


def test_a_stage_may_read_what_lies_outside_the_repository(
    pipeline: Project, tmp_path: Path
) -> None:
    (tmp_path / "shared.txt").write_text("shared")
    text = PIPELINE.replace("    - ad1\n", f"    - {tmp_path / 'shared.txt'}\n    - ad1\n", 1)
    pipeline.write("dvc.yaml", text)
    pipeline.dvc("repro", "--quiet")
    done = pipeline.done("register", "m", "tuned")
    assert done["created"]


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "copy"])
def test_data_may_be_linked_to_the_cache(project: Project, kind: str) -> None:
    project.write(".dvc/config", f"[cache]\n    type = {kind}\n")
    project.commit(".dvc/config")
    project.write("prefs/a.jsonl", jsonl(3))
    first = project.workspace().datasets.snapshot(project.root / "prefs")
    assert (project.root / "prefs/a.jsonl").is_symlink() == (kind == "symlink")
    assert not project.workspace().datasets.snapshot(project.root / "prefs").created
    found = project.workspace().data.describe(project.root / "prefs")
    assert found.content == first.snapshot.content


def test_a_shared_cache_elsewhere_is_used(project: Project, tmp_path: Path) -> None:
    project.write(".dvc/config", f"[cache]\n    dir = {tmp_path / 'shared'}\n")
    project.commit(".dvc/config")
    done = project.workspace().datasets.snapshot(project.root / "data/train.jsonl")
    md5 = done.snapshot.content.dvc.md5
    assert (tmp_path / "shared/files/md5" / md5[:2] / md5[2:]).exists()
    (project.root / "data/train.jsonl").unlink()
    assert project.workspace().data.describe(project.root / "data/train.jsonl").content.rows == 120


@pytest.fixture
def nested(project: Project) -> Project:
    """A DVC project in a subfolder of the repository, beside the one at its top level."""
    (project.root / "team").mkdir()
    project.dvc("init", "--quiet", "--subdir", cwd=project.root / "team")
    project.write("team/data/train.jsonl", jsonl(30, word="team"))
    project.git("add", "-A", "--", "team", ":!team/data")
    project.git("commit", "-qm", "team")
    return project


def test_data_belongs_to_the_nearest_dvc_project(nested: Project) -> None:
    done = nested.workspace().datasets.snapshot(nested.root / "team" / "data" / "train.jsonl")
    md5 = done.snapshot.content.dvc.md5
    assert done.snapshot.pointer == "team/data/train.jsonl.dvc"
    assert (nested.root / "team/.dvc/cache/files/md5" / md5[:2] / md5[2:]).exists()
    assert not nested.cached(md5).exists()


def test_a_revision_of_a_nested_project_is_described(nested: Project) -> None:
    nested.git("rm", "-rq", "--cached", ".dvc")
    nested.git("commit", "-qm", "the top level is no DVC project any more")
    done = nested.workspace().datasets.snapshot(nested.root / "team" / "data" / "train.jsonl")
    nested.write("team/data/train.jsonl", jsonl(1))
    found = nested.workspace().data.describe(nested.root / "team/data/train.jsonl", rev="HEAD")
    assert found.content == done.snapshot.content


@pytest.fixture
def worktree(project: Project, tmp_path: Path) -> Path:
    """A linked work tree on a branch of its own."""
    project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    project.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    return tmp_path / "linked"


def test_a_snapshot_in_a_linked_work_tree_is_one_of_the_same_registry(
    project: Project, worktree: Path
) -> None:
    linked = Project(worktree)
    linked.write("data/more.jsonl", jsonl(5))
    done = linked.workspace().datasets.snapshot(worktree / "data" / "more.jsonl")
    assert done.created
    assert project.events()[-1].startswith("snapshot more")
    assert linked.git("log", "-1", "--format=%s").startswith("data: snapshot more")
    assert project.git("log", "-1", "--format=%s").startswith("data: snapshot train")


def test_a_linked_work_tree_shares_the_mlflow_database_of_the_main_one(
    project: Project, worktree: Path
) -> None:
    assert Project(worktree).workspace().mlflow.database == project.root / "mlflow.db"


def test_a_folder_is_the_current_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root / "data")
    assert project.workspace().datasets.snapshot(Path("train.jsonl")).created


def test_a_repository_behind_a_link_is_the_same(project: Project, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project.root)
    linked = Project(tmp_path / "link")
    assert linked.workspace().datasets.snapshot(tmp_path / "link" / "data" / "train.jsonl").created
