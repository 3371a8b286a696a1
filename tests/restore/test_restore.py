"""What is restored is what was: byte for byte, from whatever copy is whole, or it is told."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, tree_digests
from tests.ledger.repositories import work_state
from tests.restore.conftest import register

from ft_registry.actions.restore import Restored
from ft_registry.errors import FtRegistryError, IntegrityError, InvalidInput
from ft_registry.formats.item_table import read_item_table
from ft_registry.model.canonical import digest_bytes

pytestmark = pytest.mark.integration

CODE = ("train.py", "score.py", "dvc.yaml", "dvc.lock", "params.yaml", "code.bin", "tool.sh",
        "untracked.txt", ".gitignore", "data/train.jsonl", "data/heldout.jsonl",
        "build/base/model.bin")  # fmt: skip


def restore(project: Project, into: Path, *, level: Any = "R2", **settings: str) -> Restored:
    workspace = project.workspace(**settings)
    return workspace.restore(workspace.plan_restore("m/1", into, level=level))


def states(restored: Restored) -> dict[str, str]:
    return {step.name: step.state for step in restored.steps}


def test_everything_that_made_a_version_comes_back(restorable: Project, tmp_path: Path) -> None:
    was = {name: (restorable.root / name).read_bytes() for name in CODE}
    weights = tree_digests(restorable.root / "build/adapter")
    lines = (restorable.root / "build/evaluation/dates.jsonl").read_text().splitlines()
    items = {item["id"]: item["exact_match"] for item in map(json.loads, lines)}
    # The work goes on: nothing of it is looked at.
    for name in CODE:
        if name != ".gitignore":
            (restorable.root / name).unlink()
    shutil.rmtree(restorable.root / "build/adapter")
    restorable.cli("status")  # the database is open to readers from here on
    before, heads = work_state(restorable.root), restorable.head()
    dvc = tree_digests(restorable.root / ".dvc")
    into = tmp_path / "back"
    restored = restore(restorable, into)
    assert restored.level == "R2"
    assert set(states(restored).values()) == {"ok"}, restored.steps
    assert {name: (into / "code" / name).read_bytes() for name in CODE} == was
    assert tree_digests(into / "artifact") == weights
    (found,) = (into / "evaluations").iterdir()
    assert read_item_table(found).values_of("exact_match") == items
    assert os.access(into / "code/tool.sh", os.X_OK)
    assert (into / "code/link").readlink() == Path("params.yaml")
    assert not (into / "code/.git").exists()
    record = (into / "record.json").read_bytes()
    assert digest_bytes(record) == restored.plan.filed.digest
    assert "pydantic==" in (into / "environment/packages.txt").read_text()
    assert work_state(restorable.root) == before
    assert tree_digests(restorable.root / ".dvc") == dvc
    assert restorable.git("worktree", "list").count("\n") == 0
    assert restorable.head() != heads


def test_the_folder_says_what_it_is(restorable: Project, tmp_path: Path) -> None:
    restored = restore(restorable, tmp_path / "back")
    told = json.loads((tmp_path / "back/restored.json").read_text())
    assert (told["model"], told["version"], told["level"]) == ("m", 1, "R2")
    assert told["lock"] == restored.plan.lock.as_json()
    digests = tree_digests(tmp_path / "back")
    listed = {entry["path"]: entry["sha256"] for entry in told["files"]}
    assert listed == {
        name: digest
        for name, digest in digests.items()
        if digest != "a folder" and not digest.startswith("->") and name != "restored.json"
    }


def test_a_restore_is_proved_on_record_and_shown(restorable: Project, tmp_path: Path) -> None:
    shown = restorable.done("restore", "m/1", "--into", tmp_path / "back")
    assert (shown["level"], shown["notices"]) == ("R2", [])
    event = restorable.done("log", "m")["events"][0]
    assert (event["type"], event["version"]) == ("restore", 1)
    proof = restorable.done("show", "m/1")["proof"]
    assert (proof["level"], proof["how"]) == ("R2", "restore")
    assert "proved" in restorable.cli("show", "m/1").stdout


def test_data_comes_from_the_remote_when_the_cache_is_gone(
    restorable: Project, tmp_path: Path
) -> None:
    shutil.rmtree(restorable.root / ".dvc/cache")
    restored = restore(restorable, tmp_path / "back")
    assert restored.level == "R2"
    assert any("remote 'store'" in step.detail for step in restored.steps)
    assert not (restorable.root / ".dvc/cache").exists()


def test_lost_data_lowers_the_level_and_is_told(restorable: Project, tmp_path: Path) -> None:
    shutil.rmtree(restorable.root / ".dvc/cache")
    restorable.dvc("remote", "modify", "store", "url", str(tmp_path / "empty"))
    (tmp_path / "empty").mkdir()
    outcome = restorable.cli("restore", "m/1", "--into", tmp_path / "back")
    assert outcome.code == 4
    assert "missing  data train" in outcome.stdout
    assert "level R1: artifact bytes verified" in outcome.stdout
    assert (tmp_path / "back/artifact/adapter_model.safetensors").is_file()
    assert (tmp_path / "back/code/train.py").is_file()


def test_damaged_data_in_the_cache_is_passed_over(restorable: Project, tmp_path: Path) -> None:
    for place in (restorable.root / ".dvc/cache/files/md5").rglob("*"):
        if place.is_file():
            place.chmod(0o644)
            place.write_bytes(place.read_bytes()[::-1] + b"!")
            place.chmod(0o444)
    assert restore(restorable, tmp_path / "back").level == "R2"


@pytest.mark.parametrize("harm", ["flip", "lose"])
def test_damaged_weights_are_refused_and_nothing_is_left(
    trained: Project, tmp_path: Path, harm: str
) -> None:
    register(trained)
    (weights,) = trained.root.glob("mlartifacts/**/adapter_model.safetensors")
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    if harm == "lose":
        weights.unlink()
    outcome = trained.cli("--json", "restore", "m/1", "--into", tmp_path / "back")
    assert outcome.code == 4
    assert outcome.error["kind"] == "integrity"
    assert "adapter_model.safetensors" in outcome.error["message"]
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob("*partial*"))
    assert trained.events()[-1].startswith("register")
    assert restore(trained, tmp_path / "alone", level="R0").level == "R0"


def test_a_lost_patch_and_lost_items_are_told(trained: Project, tmp_path: Path) -> None:
    register(trained)
    for place in trained.root.glob("mlartifacts/**/ftr/*"):
        if place.name != "record.json":
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    restored = restore(trained, tmp_path / "back")
    found = states(restored)
    assert (restored.level, found["patch"], found["code"]) == ("R1", "missing", "ok")
    assert (found["evaluation dates"], found["config"]) == ("missing", "ok")


def test_a_commit_that_is_not_here_lowers_the_level(restorable: Project, tmp_path: Path) -> None:
    commit = restorable.git("rev-parse", "HEAD")
    (restorable.root / ".git/objects" / commit[:2] / commit[2:]).unlink()
    restored = restore(restorable, tmp_path / "back")
    (code,) = [step for step in restored.steps if step.name == "code"]
    assert (restored.level, code.state) == ("R1", "missing")
    assert f"git fetch origin refs/ft-registry/pins/{commit}" in code.detail


def test_changed_configuration_is_told(restorable: Project, tmp_path: Path) -> None:
    """A record whose patch does not carry its params: made by hand, as an older tool might."""
    workspace = restorable.workspace()
    plan = workspace.plan_restore("m/1", tmp_path / "back")
    config = plan.filed.record.config.model_copy(update={"files": {"params.yaml": {"seed": 8}}})
    record = plan.filed.record.model_copy(update={"config": config})
    other = type(plan.filed)(record, plan.filed.content)
    restored = workspace.restore(type(plan)(**{**vars(plan), "filed": other}))
    assert (restored.level, states(restored)["config"]) == ("R1", "differs")


@pytest.mark.parametrize("path", ["../out", "/etc/out", ".git/config", "a/../../out", "link/x"])
def test_hostile_inputs_of_a_stage_are_not_written(
    restorable: Project, tmp_path: Path, path: str
) -> None:
    workspace = restorable.workspace()
    plan = workspace.plan_restore("m/1", tmp_path / "back")
    stage = plan.filed.record.pipeline
    (train,) = [entry for entry in stage.deps if entry["path"] == "build/base"]  # type: ignore[union-attr]
    hostile = stage.model_copy(update={"deps": ({**train, "path": path},)})
    record = plan.filed.record.model_copy(update={"pipeline": hostile})
    other = type(plan.filed)(record, plan.filed.content)
    before = sorted(tmp_path.iterdir())
    restored = workspace.restore(type(plan)(**{**vars(plan), "filed": other}))
    assert restored.level == "R1"
    assert sorted({*tmp_path.iterdir()} - set(before)) == [tmp_path / "back"]
    assert not (tmp_path / "back/code/.git").exists()


def test_a_level_may_be_asked_for(restorable: Project, tmp_path: Path) -> None:
    done = restorable.done("restore", "m/1", "--into", tmp_path / "one", "--level", "R1")
    assert done["level"] == "R1"
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "artifact", "record.json", "restored.json",
    ]  # fmt: skip


def test_a_plan_changes_nothing(restorable: Project, tmp_path: Path) -> None:
    before = restorable.state()
    done = restorable.done("restore", "m/1", "--into", tmp_path / "back", "--dry-run")
    assert [part["name"] for part in done["sources"]] == [
        "record", "artifact", "code", "data eval", "data train", "evaluation dates",
    ]  # fmt: skip
    assert not (tmp_path / "back").exists()
    assert restorable.state() == before


def test_a_folder_that_is_used_or_lies_in_the_repository_is_refused(
    restorable: Project, tmp_path: Path
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used/file").touch()
    (tmp_path / "file").touch()
    (tmp_path / "inside").symlink_to(restorable.root / "build")
    places = [
        "used", "file", "project/new", "project/build/new", "project/.git/new", "inside/new",
        "nowhere/new", "project",
    ]  # fmt: skip
    for place in places:
        with pytest.raises(InvalidInput):
            restorable.workspace().plan_restore("m/1", tmp_path / place)


def test_an_empty_folder_stays_the_same_folder(restorable: Project, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    number = (tmp_path / "back").stat().st_ino
    assert restore(restorable, tmp_path / "back").level == "R2"
    assert (tmp_path / "back").stat().st_ino == number
    assert not list((tmp_path / "back").glob("*partial*"))


def test_a_remote_of_the_ledger_that_is_away_is_told(restorable: Project, tmp_path: Path) -> None:
    restorable.git("remote", "add", "team", str(tmp_path / "gone.git"))
    restored = restore(restorable, tmp_path / "back", ledger_remote="team")
    assert restored.level == "R2"
    assert any("not on record" in notice for notice in restored.notices)


def test_a_full_disk_leaves_nothing(
    restorable: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = restorable.workspace()
    plan = workspace.plan_restore("m/1", tmp_path / "back")
    monkeypatch.setattr(
        type(workspace.data), "bring", lambda *_: (_ for _ in ()).throw(OSError(28, "No space"))
    )
    with pytest.raises(FtRegistryError, match="No space"):
        workspace.restore(plan)
    assert not list(tmp_path.glob("back*"))


def test_weights_of_another_version_are_not_taken(trained: Project, tmp_path: Path) -> None:
    register(trained)
    (folder,) = trained.root.glob("mlartifacts/**/adapter")
    (folder / "more.bin").write_bytes(b"added by hand")
    restored = restore(trained, tmp_path / "back")
    assert not (tmp_path / "back/artifact/more.bin").exists()
    assert restored.level == "R2"
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"adapter_config\.json"):
        restore(trained, tmp_path / "again")
