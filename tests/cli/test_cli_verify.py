"""`verify` as its user meets it; and what it finds stops whoever relies on it."""

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.project import Project, run_cli

pytestmark = pytest.mark.integration

WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def mine(seeded: Project, seeded_template: Path) -> Project:
    """A registry whose files are its own: MLflow knows where they went."""
    with contextlib.closing(sqlite3.connect(seeded.root / "mlflow.db")) as db:
        db.execute(
            "UPDATE logged_models SET artifact_location = replace(artifact_location, ?, ?)",
            (str(seeded_template), str(seeded.root)),
        )
        db.commit()
    return seeded


def files_of(project: Project, version: int) -> Path:
    record = project.workspace().show(f"m/{version}").filed.record
    return project.root / "mlartifacts/m/models" / record.run.logged_model_id / "artifacts/adapter"


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(0o444)  # as DVC keeps them, and believes them for it


def test_a_whole_version_is_one_line(mine: Project) -> None:
    outcome = mine.cli("verify", "m/2")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert re.fullmatch(r"m/2  ok  2 files, 1\.9 kB, 1 base, 1 dataset\n", outcome.stdout), (
        outcome.stdout
    )


def test_all_of_it_is_a_line_for_each_version_and_one_for_the_ledger(mine: Project) -> None:
    outcome = mine.cli("verify")
    assert outcome.code == 0, outcome.stdout
    assert [line.split()[:2] for line in outcome.stdout.splitlines()] == [
        ["m/1", "ok"],
        ["m/2", "ok"],
        ["ledger", "ok"],
        ["presence", "and"],
    ]


def test_the_document_names_everything_that_was_looked_at(mine: Project) -> None:
    document = mine.done("verify", "m/1")
    assert sorted(document) == ["depth", "items", "notes", "ok"]
    assert document["ok"] is True
    assert {(item["kind"], item["name"], item["state"]) for item in document["items"]} >= {
        ("artifact", f"adapter/{WEIGHTS}", "ok"),
        ("base", "base", "ok"),
        ("data", "data/train.jsonl", "ok"),
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["m/1"], 4), (["--full"], 4), ([], 0), (["m/1", "--fast"], 0), (["m/2"], 0)],
)
def test_one_version_is_read_whole_and_many_are_looked_over(
    mine: Project, arguments: list[str], code: int
) -> None:
    flip(files_of(mine, 1) / WEIGHTS)
    outcome = mine.cli("verify", *arguments)
    assert outcome.code == code
    assert ("--full reads every byte" in outcome.stdout) == (code == 0 and arguments != ["m/2"])


def test_damage_is_told_with_both_digests_below_its_place(mine: Project) -> None:
    folder = files_of(mine, 1)
    flip(folder / WEIGHTS)
    outcome = mine.cli("verify", "m/1")
    assert outcome.code == 4
    first, place, name, sides, *rest = outcome.stdout.splitlines()
    assert first.startswith("m/1  DAMAGED  2 files, 1.9 kB")
    assert place == f"  in {folder.parent}"
    assert name == f"    changed  adapter/{WEIGHTS}"
    assert re.fullmatch(r" +expected sha256:[0-9a-f]{12}, found sha256:[0-9a-f]{12}", sides)
    assert rest == []
    assert max(len(line) for line in (first, name, sides)) <= 80


def damage_artifact(project: Project) -> str:
    flip(files_of(project, 1) / WEIGHTS)
    return WEIGHTS


def damage_cache(project: Project) -> str:
    (data,) = project.workspace().show("m/1").filed.record.data
    flip(project.cached(data.dvc.md5))
    return "data/train.jsonl in DVC cache"


def damage_remote(project: Project) -> str:
    (data,) = project.workspace().show("m/1").filed.record.data
    remote = project.root.parent / "remote"
    project.dvc("remote", "add", "--default", "store", str(remote))
    project.dvc("push")
    md5 = data.dvc.md5
    flip(remote / "files" / "md5" / md5[:2] / md5[2:])
    return "data/train.jsonl in DVC remote 'store'"


@pytest.mark.parametrize("damage", [damage_artifact, damage_cache, damage_remote])
def test_a_flipped_byte_anywhere_is_named_and_blocks_the_way_back(
    mine: Project, damage: Callable[[Project], str]
) -> None:
    named = damage(mine)
    before = mine.head()
    assert mine.cli("verify", "m/1").code == 4
    outcome = mine.cli("rollback", "m@champion", "--reason", "worse")
    assert outcome.code == 4, outcome.stderr
    assert named in outcome.stderr
    assert mine.head() == before


def test_a_lost_file_is_not_counted_as_there(mine: Project) -> None:
    (files_of(mine, 1) / WEIGHTS).unlink()
    outcome = mine.cli("verify", "--fast", "m/1")
    assert outcome.code == 4
    assert outcome.stdout.startswith("m/1  DAMAGED  1 of 2 files, ")


def test_a_version_that_mlflow_lost_is_told(mine: Project) -> None:
    with contextlib.closing(sqlite3.connect(mine.root / "mlflow.db")) as db:
        db.execute("DELETE FROM model_versions WHERE version = 1")
        db.commit()
    outcome = mine.cli("--json", "verify")
    assert outcome.code == 0, "its bytes are whole"
    (told,) = [item for item in outcome.document["items"] if item["state"] == "unknown"]
    assert (told["kind"], told["name"]) == ("version", "m/1")
    assert "not in MLflow" in mine.cli("verify").stdout


def test_what_is_damaged_in_the_cache_is_named_by_its_path_and_can_be_mended(mine: Project) -> None:
    damage_cache(mine)
    good = (mine.root / "data/train.jsonl").read_bytes()
    (item,) = [i for i in mine.cli("--json", "verify", "m/1").document["items"] if i["at"]]
    refusal = mine.cli("rollback", "m@champion", "--reason", "r").stderr
    assert f"at {item['at']}" in refusal
    assert "hint: ft-registry verify m/1 --heal" in refusal
    assert mine.cli("verify", "m/1", "--heal").code == 0
    assert (mine.root / "data/train.jsonl").read_bytes() == good
    assert mine.cli("verify", "m/1").code == 0


def test_lost_data_is_told_by_its_own_name(mine: Project) -> None:
    (data,) = mine.workspace().show("m/1").filed.record.data
    mine.cached(data.dvc.md5).unlink()
    outcome = mine.cli("--json", "verify", "m/1")
    assert outcome.code == 4
    (lost,) = [item for item in outcome.document["items"] if item["state"] != "ok"]
    assert (lost["kind"], lost["name"], lost["state"]) == ("data", "data/train.jsonl", "missing")
    assert "last seen" in lost["found"]


def test_a_store_that_does_not_answer_leaves_it_undecided(mine: Project) -> None:
    outcome = mine.cli("--json", "verify", "m/1", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert outcome.code == 6
    assert outcome.document["ok"] is False
    (unknown,) = [item for item in outcome.document["items"] if item["state"] == "unknown"]
    assert "127.0.0.1:9" in unknown["found"]


def test_a_remote_whose_disk_may_not_be_mounted_is_told(mine: Project, tmp_path: Path) -> None:
    mine.dvc("remote", "add", "--default", "store", str(tmp_path / "disk"))
    told = "disk) was not checked: its folder is not there: a disk is not mounted"
    whole = mine.cli("verify", "m/1")
    assert (whole.code, told in whole.stderr) == (0, True), whole.stderr
    (data,) = mine.workspace().show("m/1").filed.record.data
    mine.cached(data.dvc.md5).unlink()
    lost = mine.cli("verify", "m/1")
    assert (lost.code, "a disk is not mounted" in " ".join(lost.stdout.split())) == (6, True)
    assert lost.stdout.startswith("m/1  unknown  ")
    back = mine.cli("restore", "m/1", "--into", tmp_path / "back")
    assert (back.code, "a disk is not" in " ".join(back.stdout.split())) == (6, True), back.stdout
    for name in ("data/train.jsonl", "data/train.jsonl.examples.arrow"):
        (mine.root / name).unlink()
    healing = mine.cli("verify", "m/1", "--heal")
    assert (healing.code, "a disk is not mounted" in healing.stderr) == (6, True), healing.stderr


def test_a_place_that_was_not_asked_is_not_counted_as_there(mine: Project) -> None:
    outcome = mine.cli("verify", "m/1", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert outcome.code == 6
    first = outcome.stdout.splitlines()[0]
    assert first == "m/1  unknown  store of files not asked, 1 base, 1 dataset"


def test_a_silent_remote_that_may_have_the_only_copy_leaves_it_undecided(mine: Project) -> None:
    (data,) = mine.workspace().show("m/1").filed.record.data
    mine.cached(data.dvc.md5).unlink()
    mine.dvc("remote", "add", "--default", "store", "s3://bucket/data")
    mine.dvc("remote", "modify", "store", "endpointurl", "http://127.0.0.1:9")
    for depth in ("--fast", "--full"):
        outcome = mine.cli("--json", "verify", "m/1", depth)
        assert (outcome.code, outcome.document["ok"]) == (6, False), outcome.stderr
    assert mine.cli("verify", "m/1").stdout.startswith("m/1  unknown  ")
    moved = mine.cli("rollback", "m@champion", "--reason", "worse")
    assert moved.code == 0, "its weights are whole"
    assert "no copy of data/train.jsonl was seen" in moved.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["m/1", "--fast", "--full"], 2, "usage"),
        (["m/9"], 1, "not_found"),
        (["other/1"], 1, "not_found"),
        (["m@nobody"], 1, "not_found"),
        (["m/x"], 2, "usage"),
        ([""], 2, "usage"),
        (["m/1", "m/2"], 2, "usage"),
    ],
)
def test_what_cannot_be_verified_is_told(
    shelf: Project, arguments: list[str], code: int, kind: str
) -> None:
    outcome = shelf.cli("--json", "verify", *arguments)
    assert (outcome.code, outcome.error["kind"], outcome.stdout) == (code, kind, "")


def test_without_a_registry_there_is_nothing_to_verify(tmp_path: Path) -> None:
    Project(tmp_path).git("init", "--quiet", ".")
    outcome = run_cli("--json", "verify", cwd=tmp_path)
    assert (outcome.code, outcome.error["kind"]) == (1, "not_a_registry")


def test_a_linked_work_tree_reads_the_cache_of_the_main_one(mine: Project, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    mine.git("worktree", "add", "--quiet", "--detach", str(linked))
    (data,) = mine.workspace().show("m/1").filed.record.data
    outcome = run_cli("verify", "--full", cwd=linked)
    assert outcome.code == 0, outcome.stdout + outcome.stderr
    back = run_cli("restore", "m/1", "--into", str(tmp_path / "back"), cwd=linked)
    assert back.code == 0, back.stdout + back.stderr
    good = mine.cached(data.key).read_bytes()
    flip(mine.cached(data.key))
    damaged = run_cli("verify", "--full", cwd=linked)
    assert damaged.code == 4
    assert str(mine.cached(data.key)) in damaged.stdout
    assert mine.cached(data.key).read_bytes() != good


def test_a_damaged_object_of_a_linked_work_tree_hides_none_of_the_main_one(
    mine: Project, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    mine.git("worktree", "add", "--quiet", "--detach", str(linked))
    (data,) = mine.workspace().show("m/1").filed.record.data
    good = mine.cached(data.key)
    own = Project(linked).cached(data.key)
    own.parent.mkdir(parents=True)
    shutil.copy(good, own)
    flip(own)
    assert run_cli("verify", "--full", cwd=linked).code == 4
    back = run_cli("restore", "m/1", "--into", str(tmp_path / "back"), cwd=linked)
    assert back.code == 0, back.stdout + back.stderr
    healed = run_cli("verify", "--heal", cwd=linked)
    assert healed.code == 0, healed.stdout + healed.stderr
    assert own.read_bytes() == good.read_bytes()


def test_the_cache_of_the_main_work_tree_is_no_remote(mine: Project, tmp_path: Path) -> None:
    linked, store = tmp_path / "linked", tmp_path / "store"
    mine.git("worktree", "add", "--quiet", "--detach", str(linked))
    text = "aliases:\n  beta:\n    all:\n      - lineage: {pushed: true}\n"
    mine.done("policy", "apply", mine.write("policy.yaml", text), "--reason", "r")
    (data,) = mine.workspace().show("m/1").filed.record.data
    asked = ("gate", "m/1", "--to", "beta")
    assert "none is configured" in run_cli(*asked, cwd=linked).stdout
    Project(linked).write(
        ".dvc/config.local", f"[core]\n    remote = s\n['remote \"s\"']\n    url = {store}\n"
    )
    (store / "files/md5").mkdir(parents=True)
    assert "dvc push uploads it" in run_cli("verify", "--full", cwd=linked).stderr
    assert "lies in no DVC remote" in run_cli(*asked, cwd=linked).stdout
    assert run_cli("verify", "--heal", cwd=linked).code == 0
    pushed = store / "files/md5" / data.key[:2] / data.key[2:]
    assert pushed.read_bytes() == mine.cached(data.key).read_bytes()
    assert not Project(linked).cached(data.key).exists(), "the main one's cache will do"


def test_a_version_that_was_deleted_on_purpose_is_not_to_be_restored_by_sync(mine: Project) -> None:
    mine.client().delete_model_version("m", "1")
    mine.done("sync", "--adopt")
    outcome = mine.cli("verify", "m/1")
    assert outcome.code == 0, outcome.stdout
    assert "sync --restore" not in outcome.stdout + outcome.stderr
    assert "ft-registry restore m/1 --into DIR" in outcome.stderr
    for move in (["promote", "m/1", "--to", "beta"], ["rollback", "m@champion"]):
        refused = mine.cli(*move, "--reason", "r")
        assert refused.code in (1, 3)
        assert "sync --restore" not in refused.stderr
        assert "--override" not in refused.stderr
