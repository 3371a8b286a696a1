"""`verify --heal` as its user meets it, above all for weights."""

import contextlib
import errno
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.project import Project, tree_digests

from ft_registry.backends.mlflow.artifacts import MlflowArtifacts
from ft_registry.errors import BackendUnavailable

pytestmark = pytest.mark.integration

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def mine(seeded: Project) -> Project:
    """A registry whose weights are in its MLflow alone."""
    for name in ("ad1", "ad2"):
        shutil.rmtree(seeded.root / name)
    return seeded


def shelf_of(project: Project, version: int) -> Path:
    record = project.workspace().show(f"m/{version}").filed.record
    return project.root / "mlartifacts/m/models" / record.run.logged_model_id / "artifacts"


def weights_of(project: Project, version: int) -> Path:
    return shelf_of(project, version) / "adapter" / WEIGHTS


def quarantine_of(project: Project) -> list[Path]:
    return sorted((project.root / ".git/ft-registry/quarantine").glob("*"))


def flip(file: Path) -> bytes:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    return bytes(content)


def backup(project: Project, version: int, folder: Path) -> Path:
    shutil.copytree(shelf_of(project, version) / "adapter", folder)
    return folder


def test_a_whole_registry_needs_no_healing(mine: Project) -> None:
    head = mine.head()
    outcome = mine.cli("verify", "--heal")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == "nothing to heal: every byte is what it was\n"
    assert mine.head() == head
    assert quarantine_of(mine) == []


def test_what_could_not_be_read_is_not_called_whole(mine: Project) -> None:
    away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    outcome = mine.cli("verify", "m/1", "--heal", "--dry-run", env=away)
    assert outcome.code == 6
    assert outcome.stdout.startswith("unknown   artifact models:/m-"), outcome.stdout


def test_a_dry_run_prints_the_plan_and_changes_nothing(mine: Project, tmp_path: Path) -> None:
    folder = backup(mine, 1, tmp_path / "backup")
    flip(weights_of(mine, 1))
    before = tree_digests(mine.root)
    outcome = mine.cli("verify", "m/1", "--heal", "--dry-run", "--from", folder)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout.startswith("would     m/1: restore")
    assert {k: v for k, v in tree_digests(mine.root).items() if ".git/" not in k} == {
        k: v for k, v in before.items() if ".git/" not in k
    }


def test_weights_come_back_from_a_folder_and_the_bad_ones_are_kept(
    mine: Project, tmp_path: Path
) -> None:
    good = weights_of(mine, 1).read_bytes()
    folder = backup(mine, 1, tmp_path / "backup")
    bad = flip(weights_of(mine, 1))
    head, before = mine.head(), mine.mlflow_rows()
    alone = mine.cli("verify", "m/1", "--heal")
    assert alone.code == 4
    assert "lost      m/1: adapter/adapter_model.safetensors is changed" in alone.stdout
    assert "--from DIR" in alone.stderr
    assert weights_of(mine, 1).read_bytes() == bad, "the last copy stays"
    outcome = mine.cli("verify", "m/1", "--heal", "--from", folder)
    assert outcome.code == 0, outcome.stderr
    assert "will m/1: restore adapter/adapter_model.safetensors" in outcome.stderr
    assert weights_of(mine, 1).read_bytes() == good
    (kept,) = quarantine_of(mine)
    assert (kept / "bytes").read_bytes() == bad
    note = json.loads((kept / "note.json").read_bytes())
    assert (note["subject"], note["at"]) == ("m/1", str(weights_of(mine, 1)))
    assert (mine.head(), mine.mlflow_rows()) == (head, before), "it is no event"
    assert mine.cli("verify", "m/1").code == 0


def test_a_file_that_another_version_has_comes_from_there(mine: Project) -> None:
    config = shelf_of(mine, 1) / "adapter/adapter_config.json"
    config.unlink()
    document = mine.done("verify", "m/1", "--heal")
    (healed,) = document["healed"]
    assert (healed["state"], healed["source"]) == ("missing", "m/2 (adapter/adapter_config.json)")
    assert config.is_file()
    assert document["ok"]


def test_a_file_comes_back_from_the_folder_that_it_was_registered_from(seeded: Project) -> None:
    flip(weights_of(seeded, 1))
    document = seeded.done("verify", "m/1", "--heal")
    assert document["healed"][0]["source"].startswith("the work tree (")
    assert seeded.cli("verify", "m/1").code == 0


def test_all_files_of_a_logged_model_come_back(seeded: Project) -> None:
    for number in (1, 2):
        shutil.rmtree(shelf_of(seeded, number))
    outcome = seeded.cli("verify", "--heal")
    document = seeded.cli("verify", "--heal", "--json").document
    # Scored items, and the files of MLflow's loader, were in MLflow alone.
    assert outcome.code == 4
    assert sorted((w["subject"], w["kind"]) for w in document["lost"]) == [
        ("m/1", "attachment"), ("m/1", "loader"), ("m/2", "loader")
    ]  # fmt: skip
    found = seeded.cli("--json", "verify", "m/2").document["items"]
    assert {i["kind"] for i in found if i["state"] not in ("ok", "unknown")} == {"loader"}


def test_a_file_on_no_record_is_set_aside(mine: Project) -> None:
    stray = shelf_of(mine, 2) / "adapter/pytorch_model.bin"
    stray.write_bytes(b"who put this here?")
    outcome = mine.cli("verify", "m/2", "--heal")
    assert outcome.code == 0, outcome.stderr
    assert not stray.exists()
    (kept,) = quarantine_of(mine)
    assert (kept / "bytes").read_bytes() == b"who put this here?"


def test_a_link_in_the_place_of_weights_is_replaced_not_followed(
    mine: Project, tmp_path: Path
) -> None:
    folder = backup(mine, 1, tmp_path / "backup")
    outside = tmp_path / "outside"
    outside.write_bytes(b"not ours")
    weights_of(mine, 1).unlink()
    weights_of(mine, 1).symlink_to(outside)
    outcome = mine.cli("verify", "m/1", "--heal", "--from", folder)
    assert outcome.code == 0, outcome.stderr
    assert outside.read_bytes() == b"not ours"
    assert not weights_of(mine, 1).is_symlink()


def test_a_folder_that_leads_out_is_told_and_nothing_is_written_there(
    mine: Project, tmp_path: Path
) -> None:
    folder = backup(mine, 1, tmp_path / "backup")
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(weights_of(mine, 1).parent)
    weights_of(mine, 1).parent.symlink_to(tmp_path / "elsewhere")
    outcome = mine.cli("verify", "m/1", "--heal", "--from", folder)
    assert outcome.code == 4, outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_data_is_healed_by_the_same_command(mine: Project) -> None:
    (md5,) = {data.key for data in mine.workspace().show("m/1").filed.record.data}
    bad = flip(mine.cached(md5))
    outcome = mine.cli("verify", "--heal")
    assert outcome.code == 0, outcome.stderr
    assert mine.cached(md5).read_bytes() == (mine.root / "data/train.jsonl").read_bytes()
    assert [(kept / "bytes").read_bytes() for kept in quarantine_of(mine)] == [bad]


def test_verify_names_the_way_to_heal(mine: Project) -> None:
    flip(weights_of(mine, 1))
    assert "ft-registry verify m/1 --heal" in mine.cli("verify", "m/1").stderr


@pytest.mark.parametrize(
    "options",
    [["--dry-run"], ["--from", "."], ["--heal", "--fast"], ["--heal", "--from", "nowhere"]],
)
def test_what_makes_no_sense_is_a_usage_error(mine: Project, options: list[str]) -> None:
    outcome = mine.cli("verify", *options)
    assert outcome.code == 2, outcome.stdout
    assert "expected" in outcome.stderr


def test_a_version_that_is_not_there_is_told(mine: Project) -> None:
    assert mine.cli("verify", "m/9", "--heal").code == 1


HARMS = st.sampled_from(["flipped", "cut", "emptied", "gone", "swapped"])
FILES = ("adapter_config.json", WEIGHTS)


@given(
    harms=st.lists(
        st.tuples(st.sampled_from([1, 2]), st.sampled_from(FILES), HARMS), max_size=6
    ),
    with_backup=st.booleans(),
)  # fmt: skip
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_damage_all_is_whole_or_named_and_no_bad_byte_is_gone(
    seeded_template: Path, tmp_path_factory: pytest.TempPathFactory,
    harms: list[tuple[int, str, str]], with_backup: bool,
) -> None:  # fmt: skip
    root = tmp_path_factory.mktemp("any")
    project = Project.copy(seeded_template, root / "project")
    for name in ("ad1", "ad2"):
        shutil.move(project.root / name, root / name)
    bad: dict[Path, bytes] = {}
    for number, name, how in harms:
        file = shelf_of(project, number) / "adapter" / name
        if not file.is_file():
            continue
        content = file.read_bytes()
        other = shelf_of(project, 3 - number) / "adapter" / name
        damaged = {
            "flipped": bytes([content[0] ^ 1]) + content[1:] if content else b"x",
            "cut": content[:-1],
            "emptied": b"",
            "swapped": other.read_bytes() if other.is_file() else b"x",
            "gone": None,
        }[how]
        bad.pop(file, None)
        if damaged is None:
            file.unlink()
        else:
            file.write_bytes(damaged)
            bad[file] = damaged
    workspace = project.workspace()
    plan = workspace.plan_heal(extra=root if with_backup else None)
    healed = workspace.heal(plan)
    assert not (with_backup and healed.failure)
    lost = {(wound.subject, wound.name) for wound in healed.lost}
    found = workspace.verify(depth="full")
    assert {(finding.subject, finding.name) for finding in found.damage} == lost
    there = {file.read_bytes() for file in bad if file.is_file()}
    there |= {(kept / "bytes").read_bytes() for kept in quarantine_of(project)}
    assert set(bad.values()) <= there


def test_a_healing_of_weights_that_was_cut_off_goes_on(
    seeded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    good = weights_of(seeded, 1).read_bytes()
    bad = flip(weights_of(seeded, 1))
    workspace = seeded.workspace()
    plan = workspace.plan_heal("m/1")
    monkeypatch.setattr(MlflowArtifacts, "put", killed)
    with pytest.raises(Killed):
        workspace.heal(plan)
    monkeypatch.undo()
    assert weights_of(seeded, 1).read_bytes() == bad
    assert seeded.cli("verify", "m/1", "--heal").code == 0
    assert weights_of(seeded, 1).read_bytes() == good
    assert [(kept / "bytes").read_bytes() for kept in quarantine_of(seeded)] == [bad]


def test_a_copy_that_changed_since_the_plan_is_not_used(seeded: Project) -> None:
    bad = flip(weights_of(seeded, 1))
    workspace = seeded.workspace()
    plan = workspace.plan_heal("m/1")
    (seeded.root / "ad1" / WEIGHTS).write_bytes(b"other")
    healed = workspace.heal(plan)
    assert [wound.name for wound in healed.lost] == [f"adapter/{WEIGHTS}"]
    assert weights_of(seeded, 1).read_bytes() == bad


def test_what_mlflow_forgot_is_filled_again_then_sync_makes_it(
    project: Project, tmp_path: Path
) -> None:
    record = project.register("m", "ad1", method="sft").filed.record
    shutil.copytree(shelf_of(project, 1), tmp_path / "backup")
    shutil.rmtree(tmp_path / "backup" / "adapter")
    shutil.rmtree(shelf_of(project, 1))
    with contextlib.closing(sqlite3.connect(project.root / "mlflow.db")) as db, db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM logged_models WHERE model_id = ?", [record.run.logged_model_id])
    refused = project.cli("sync", "--restore")
    assert refused.code == 4, refused.stderr
    assert "ft-registry verify --heal" in refused.stderr
    outcome = project.cli("verify", "m/1", "--heal", "--from", tmp_path / "backup")
    assert outcome.code == 0, outcome.stderr
    assert "sync --restore" in project.cli("verify", "m/1").stderr
    assert project.cli("sync", "--restore").code == 0
    assert project.cli("verify", "m/1").code == 0


def test_a_folder_in_the_place_of_a_file_is_told(seeded: Project) -> None:
    weights_of(seeded, 1).unlink()
    (weights_of(seeded, 1) / "inside").mkdir(parents=True)
    outcome = seeded.cli("verify", "m/1", "--heal")
    assert outcome.code == 4
    assert "found a folder" in outcome.stdout


def test_a_folder_that_may_not_be_written_to_is_told_and_nothing_is_half_written(
    seeded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    bad = flip(weights_of(seeded, 1))
    before = sorted(shelf_of(seeded, 1).parent.rglob("*"))
    workspace = seeded.workspace()
    plan = workspace.plan_heal("m/1")
    monkeypatch.setattr(Path, "replace", refused)
    healed = workspace.heal(plan)
    monkeypatch.undo()
    assert isinstance(healed.failure, BackendUnavailable)
    assert "Permission denied" in healed.failure.message
    assert weights_of(seeded, 1).read_bytes() == bad
    assert sorted(shelf_of(seeded, 1).parent.rglob("*")) == before


def test_nothing_is_locked_where_nothing_is_to_be_healed(mine: Project) -> None:
    locks = mine.root / ".git/ft-registry/locks"
    shutil.rmtree(locks, ignore_errors=True)
    locks.touch()  # nobody could make a lock there
    outcome = mine.cli("verify", "--heal")
    assert (outcome.code, outcome.stderr) == (0, "")
    flip(shelf_of(mine, 1) / "adapter/adapter_config.json")
    outcome = mine.cli("verify", "--heal")
    assert outcome.code != 0
    assert "Traceback" not in outcome.stderr


def test_what_another_has_healed_meanwhile_is_left_as_it_is(seeded: Project) -> None:
    (md5,) = {data.key for data in seeded.workspace().show("m/1").filed.record.data}
    flip(weights_of(seeded, 1))
    flip(seeded.cached(md5))
    workspace = seeded.workspace()
    plan = workspace.plan_heal()
    first = seeded.workspace().heal(plan)
    kept = quarantine_of(seeded)
    assert (len(first.done), len(kept)) == (2, 2)
    second = workspace.heal(plan)
    assert second.failure is None
    assert quarantine_of(seeded) == kept, "good bytes are not set aside"
