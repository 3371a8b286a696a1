"""`MLmodel` decides what MLflow's own loader loads: it is on record, and verified."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

from ft_registry.backends.git.ledger import GitLedger
from ft_registry.backends.mlflow.store import MlflowModels
from ft_registry.model.manifest import entry_of
from ft_registry.model.record import Artifact

pytestmark = pytest.mark.integration


class Killed(BaseException):
    """Stands for a kill."""


def place(project: Project) -> Path:
    """Returns where the file lies by now."""
    from ft_registry.actions.homes import home_of
    from ft_registry.actions.resolve import read_record
    from ft_registry.model.reference import VersionReference

    workspace = project.workspace()
    home = home_of(workspace.ledger, read_record(workspace.ledger, VersionReference("m", 1)))
    return (
        project.root / "mlartifacts" / "m" / "models" / home.logged_model_id / "artifacts/MLmodel"
    )


def registered(project: Project) -> Any:
    return project.register("m", "ad1").filed.record.artifact.mlmodel


def test_its_digest_is_on_record_and_damage_is_told(project: Project) -> None:
    entry = registered(project)
    file = place(project)
    good = file.read_bytes()
    assert entry == entry_of("MLmodel", good)
    told = project.done("verify", "m/1")["items"]
    assert [one["state"] for one in told if one["kind"] == "loader"] == ["ok"]
    damage: dict[str, bytes | None] = {
        "same size": good.replace(b"adapter", b"adaptor", 1),
        "another base": good + b"\n# other\n",
        "gone": None,
    }
    for what, content in damage.items():
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        outcome = project.cli("verify", "m/1")
        assert outcome.code == 4, what
        assert f"{'missing' if content is None else 'changed'}  MLmodel" in outcome.stdout
        file.write_bytes(good)
    assert project.cli("verify", "m/1").code == 0


def test_a_record_of_before_is_as_valid_as_it_was(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = MlflowModels.upload

    def without(self: MlflowModels, wanted: Any) -> Any:
        from dataclasses import replace

        return replace(upload(self, wanted), mlmodel=None)

    monkeypatch.setattr(MlflowModels, "upload", without)
    assert registered(project) is None
    record = project.done("show", "m/1")["record"]
    assert "mlmodel" not in record["artifact"]
    assert Artifact.model_validate_json(json.dumps(record["artifact"])).mlmodel is None
    place(project).write_bytes(b"flavors: {}\n")
    assert project.cli("verify", "m/1").code == 0


def test_a_registration_that_was_cut_off_has_it_on_record_as_well(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object, **_options: object) -> None:
        raise Killed

    monkeypatch.setattr(GitLedger, "append", killed)
    with pytest.raises(Killed):
        registered(project)
    monkeypatch.undo()
    entry = registered(project)
    assert entry == entry_of("MLmodel", place(project).read_bytes())
    record = project.done("show", "m/1")["record"]
    assert record["artifact"]["location"].startswith("file://")
    assert project.cli("verify", "m/1").code == 0


def test_bytes_that_were_stored_anew_have_another_one(project: Project) -> None:
    entry = registered(project)
    (project.root / "mlflow.db").unlink()
    for rest in ("-wal", "-shm"):
        (project.root / f"mlflow.db{rest}").unlink(missing_ok=True)
    project.done("sync", "--restore")
    file = place(project)
    assert entry_of("MLmodel", file.read_bytes()) != entry
    assert project.cli("verify", "m/1").code == 0
    file.write_bytes(b"flavors: {}\n")
    assert "changed  MLmodel" in project.cli("verify", "m/1").stdout
