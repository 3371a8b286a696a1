"""A registration that was cut off or outrun is taken up or taken back, never doubled."""

from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, items

from ft_registry.actions.register import Registered
from ft_registry.backends.git.ledger import GitLedger
from ft_registry.backends.mlflow.store import MlflowModels
from ft_registry.errors import BackendUnavailable, IntegrityError, Refused
from ft_registry.workspace import Workspace

pytestmark = pytest.mark.integration

DATA = ("data/train.jsonl",)


class Killed(BaseException):
    """Stands for a kill: nothing of ours may catch it."""


def killed(
    project: Project, monkeypatch: pytest.MonkeyPatch, where: type, what: str, **request: Any
) -> None:
    """Registers, and is killed where a step is to be done."""

    def step(*arguments: object, **options: object) -> None:
        raise Killed

    monkeypatch.setattr(where, what, step)
    with pytest.raises(Killed):
        project.register("m", "ad1", data=DATA, **request)
    monkeypatch.undo()


def killed_before_the_record(
    project: Project, monkeypatch: pytest.MonkeyPatch, **request: Any
) -> None:
    killed(project, monkeypatch, GitLedger, "append", **request)


def test_a_kill_before_the_record_leaves_no_claim(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.head()
    killed_before_the_record(project, monkeypatch)
    assert project.head() == before
    assert project.mlflow_rows()["model_versions"] == 1


def test_the_next_run_takes_up_the_version_of_a_killed_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before_the_record(project, monkeypatch)
    before = project.mlflow_rows()
    done = project.register("m", "ad1", data=DATA)
    assert (done.created, done.filed.record.version) == (True, 1)
    assert project.mlflow_rows() == before
    tags = project.client().get_model_version("m", "1").tags
    assert tags["ftr.record"] == done.filed.digest


def test_what_the_next_run_adds_is_stored_as_well(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before_the_record(project, monkeypatch)
    project.write("params2.py", "print('changed since')\n")
    moved_on = project.commit("params2.py")
    project.write("params2.py", "print('changed again')\n")
    done = project.register("m", "ad1", data=DATA, evaluations=("dates.jsonl",))
    record = done.filed.record
    assert project.client().get_model_version("m", "1").tags["ftr.commit"] == moved_on
    model = project.client().get_logged_model(record.run.logged_model_id)
    folder = Path(model.artifact_location[7:])
    assert len((folder / record.code.patch.artifact).read_bytes()) == record.code.patch.size
    assert (folder / done.evaluations[0].items.artifact).exists()
    assert {m.key: m.value for m in model.metrics} == {"dates.exact_match": 0.5}


def test_a_kill_between_upload_and_version_leaves_nothing_that_anybody_sees(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(project, monkeypatch, MlflowModels, "create_version")
    assert project.mlflow_rows()["model_versions"] == 0
    assert project.register("m", "ad1", data=DATA).filed.record.version == 1


def test_a_kill_after_the_record_leaves_a_version_that_reads_and_runs_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(project, monkeypatch, MlflowModels, "project")
    assert project.workspace().show("m/1").filed.record.version == 1
    assert not project.register("m", "ad1", data=DATA).created
    project.workspace().move(project.workspace().plan_promotion("m/1", "champion"))
    tags = project.client().get_model_version("m", "1").tags
    assert tags["ftr.record"] == project.workspace().show("m/1").filed.digest


def other_clone(project: Project, tmp_path: Path) -> tuple[Project, Workspace]:
    """A second clone of the team: the same ledger (through git) and the same MLflow."""
    clone = Project.copy(project.root, tmp_path / "clone")
    clone.git("remote", "add", "origin", str(project.root))
    uri = f"sqlite:///{project.root / 'mlflow.db'}"
    return clone, clone.workspace(ledger_remote="origin", mlflow_uri=uri)


def registered_in_between(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> tuple[Registered, Registered]:
    """Registers here while another clone registers the same just before a step of ours."""
    clone, theirs = other_clone(project, tmp_path)
    ours = project.workspace()
    real = getattr(ours.models if step != "append" else ours.ledger, step)
    done = []

    def interposed(*arguments: Any, **options: Any) -> Any:
        if not done:
            done.append(clone.register("m", "ad1", data=DATA, workspace=theirs))
        return real(*arguments, **options)

    target = ours.models if step != "append" else ours.ledger
    monkeypatch.setattr(target, step, interposed)
    return project.register("m", "ad1", data=DATA, workspace=ours), done[0]


@pytest.mark.parametrize("step", ["upload", "create_version", "append"])
def test_of_two_clones_that_register_the_same_one_wins_and_nothing_is_left_over(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ours, theirs = registered_in_between(project, tmp_path, monkeypatch, step)
    assert (ours.created, theirs.created) == (False, True)
    assert ours.filed.digest == theirs.filed.digest
    versions = project.client().search_model_versions("name = 'm'")
    assert [int(version.version) for version in versions] == [theirs.filed.record.version]


def test_a_number_that_mlflow_hands_out_again_is_refused_and_taken_back(project: Project) -> None:
    project.register("m", "ad1", data=DATA)
    project.client().delete_registered_model("m")
    before = project.head()
    with pytest.raises(IntegrityError, match="new number"):
        project.register("m", "ad2", data=DATA)
    assert project.head() == before
    assert project.client().search_model_versions("name = 'm'") == []


def test_a_failure_of_the_projection_is_told_and_the_version_stands(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def project_(self: MlflowModels, projection: object) -> None:
        raise BackendUnavailable("expected MLflow to answer, found silence")

    monkeypatch.setattr(MlflowModels, "project", project_)
    done = project.register("m", "ad1", data=DATA)
    assert done.created
    assert "does not show all of it yet" in done.notices[-1]


def test_scores_are_on_record_only_when_their_items_are_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.register("m", "ad1", data=DATA)
    project.write("scores.jsonl", '{"id": "q", "f1": 1}\n')
    before = project.head()

    def attach(self: MlflowModels, *_: object) -> None:
        raise BackendUnavailable("expected MLflow to take the scored items, found silence")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowModels, "attach", attach)
        with pytest.raises(BackendUnavailable, match="scored items"):
            project.register("m", "ad1", data=DATA, evaluations=("scores.jsonl",))
    assert project.head() == before
    done = project.register("m", "ad1", data=DATA, evaluations=("scores.jsonl",))
    assert [evaluation.suite for evaluation in done.evaluations] == ["scores"]


def test_a_file_that_is_lost_on_the_way_is_told_and_no_version_is_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    real = MlflowClient.log_model_artifacts

    def lossy(self: MlflowClient, model_id: str, folder: str, *path: str) -> None:
        real(self, model_id, folder, *path)
        if path:
            location = Path(self.get_logged_model(model_id).artifact_location[7:])
            (location / path[0] / "adapter_model.safetensors").write_bytes(b"cut")

    monkeypatch.setattr(MlflowClient, "log_model_artifacts", lossy)
    before = project.head()
    with pytest.raises(IntegrityError, match=r"adapter_model\.safetensors"):
        project.register("m", "ad1", data=DATA)
    assert project.head() == before
    assert project.mlflow_rows()["model_versions"] == 0


def test_weights_that_change_between_hash_and_upload_are_not_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = project.workspace()
    real = ours.models.upload

    def late(upload: Any) -> Any:
        file = project.root / "ad1" / "adapter_model.safetensors"
        file.write_bytes(bytes(reversed(file.read_bytes())))
        return real(upload)

    monkeypatch.setattr(ours.models, "upload", late)
    before = project.head()
    with pytest.raises(IntegrityError):
        project.register("m", "ad1", data=DATA, workspace=ours)
    assert project.head() == before


def test_an_evaluation_that_two_clones_add_at_once_is_added_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.register("m", "ad1", data=DATA)
    project.write("math.jsonl", items(metric="pass"))
    clone, theirs = other_clone(project, tmp_path)
    request = {"data": DATA, "evaluations": ("math.jsonl",)}
    ours = project.workspace()
    real = ours.ledger.append
    done: list[Registered] = []

    def interposed(change: Any) -> Any:
        if not done:
            done.append(clone.register("m", "ad1", workspace=theirs, **request))
        return real(change)

    monkeypatch.setattr(ours.ledger, "append", interposed)
    again = project.register("m", "ad1", workspace=ours, **request)
    assert (len(done[0].evaluations), again.evaluations) == (1, ())


def test_a_link_in_the_weights_is_refused_before_anything_is_stored(project: Project) -> None:
    (project.root / "ad1" / "link").symlink_to("/etc/passwd")
    before = project.state()
    with pytest.raises(Refused, match="link"):
        project.register("m", "ad1")
    assert project.state() == before
