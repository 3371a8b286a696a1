"""Promotion and rollback: planned, checked against MLflow, applied as planned, or not at all."""

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

PLAN = (
    "model", "alias", "type", "from", "to", "record", "reason", "before", "after", "lock",
    "called_bad", "skipped", "overrides",
)  # fmt: skip


def flip(file: Path) -> None:
    """Changes one byte of a file, whatever its mode."""
    mode = file.stat().st_mode
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    file.chmod(mode)


def alias_in_mlflow(project: Project) -> int:
    return int(project.client().get_model_version_by_alias("m", "champion").version)


@pytest.mark.parametrize(
    "command",
    [
        ("promote", "m/1", "--to", "champion", "--reason", "r"),
        ("promote", "m/1", "--to", "staging"),
        ("rollback", "m@champion", "--reason", "r"),
        ("rollback", "m@champion", "--to", "1", "--reason", "r"),
    ],
    ids=" ".join,
)
def test_a_dry_run_prints_the_plan_that_is_then_applied(
    seeded: Project, command: tuple[str, ...]
) -> None:
    before = seeded.state()
    plan = seeded.done(*command, "--dry-run")
    assert seeded.state() == before
    done = seeded.done(*command)
    assert {key: plan[key] for key in PLAN} == {key: done[key] for key in PLAN}
    assert (plan["changed"], done["changed"], plan["event"]) == (False, True, None)
    assert seeded.head() == done["event"]


@pytest.mark.parametrize(
    "command",
    [
        ("register", "m", "ad3", "--data", "data/train.jsonl", "--eval", "dates.jsonl"),
        ("data", "snapshot", "more.jsonl"),
    ],
    ids=" ".join,
)
def test_a_dry_run_of_what_adds_changes_nothing(seeded: Project, command: tuple[str, ...]) -> None:
    seeded.adapter("ad3")
    seeded.write("more.jsonl", "{}\n")
    before = seeded.state()
    plan = seeded.done(*command, "--dry-run")
    assert plan["dry_run"]
    assert seeded.state() == before


def test_the_identity_of_a_dry_run_is_that_of_the_run(seeded: Project) -> None:
    seeded.adapter("ad3")
    command = ("register", "m", "ad3", "--data", "data/train.jsonl")
    plan = seeded.done(*command, "--dry-run")
    done = seeded.done(*command)
    record = seeded.done("show", f"m/{done['version']}")["record"]
    assert (plan["identity"], plan["known_as"]) == (record["identity"], None)
    assert seeded.done(*command, "--dry-run")["known_as"] == "m/3"


@pytest.mark.parametrize("expect", ["0", "1", "9"])
def test_an_alias_that_is_not_where_it_was_believed_to_be_stays(
    seeded: Project, expect: str
) -> None:
    before = seeded.state()
    outcome = seeded.cli("--json", "promote", "m/1", "--to", "champion", "--expect", expect)
    assert (outcome.code, outcome.stdout, outcome.error["kind"]) == (5, "", "conflict")
    assert "found version 2, moved there by Ada <ada@example.org>" in outcome.error["message"]
    assert "it is better" in outcome.error["message"]
    assert seeded.state() == before


def test_a_belief_that_is_right_moves(seeded: Project) -> None:
    assert seeded.done("promote", "m/1", "--to", "fresh", "--expect", "0")["from"] is None
    assert seeded.done("show", "m@fresh")["version"] == 1


def test_mlflow_follows_every_move(seeded: Project) -> None:
    assert alias_in_mlflow(seeded) == 2
    seeded.done("rollback", "m@champion", "--reason", "worse")
    assert alias_in_mlflow(seeded) == 1


def test_moving_to_where_it_is_appends_nothing_and_mends_mlflow(seeded: Project) -> None:
    seeded.client().set_registered_model_alias("m", "champion", "1")
    before = seeded.head()
    outcome = seeded.cli("promote", "m/2", "--to", "champion")
    assert (outcome.code, outcome.stdout[:25]) == (0, "already m@champion = m/2  "[:25])
    assert seeded.head() == before
    assert alias_in_mlflow(seeded) == 2


def test_an_alias_that_was_moved_by_hand_in_mlflow_is_not_believed(seeded: Project) -> None:
    seeded.client().set_registered_model_alias("m", "champion", "1")
    assert seeded.done("show", "m@champion")["version"] == 2


def test_rollback_goes_back_and_back_and_then_says_that_it_is_at_the_first(
    seeded: Project,
) -> None:
    seeded.adapter("ad3")
    seeded.register("m", "ad3")
    workspace = seeded.workspace()
    workspace.move(workspace.plan_promotion("m/3", "champion"))
    for expected in (2, 1):
        moved = workspace.move(workspace.plan_rollback("m@champion", reason="worse"))
        assert moved.plan.to == expected
    outcome = seeded.cli("--json", "rollback", "m@champion", "--reason", "r")
    assert (outcome.code, outcome.error["kind"]) == (1, "not_found")


def test_the_trail_tells_who_and_why_and_what_stood_when(seeded: Project) -> None:
    seeded.done("rollback", "m@champion", "--reason", "it was worse")
    newest, promoted, _ = seeded.done("log", "m@champion")["events"]
    assert (newest["type"], newest["from"], newest["to"]) == ("rollback", 2, 1)
    assert (newest["reason"], newest["actor"]) == ("it was worse", "Ada <ada@example.org>")
    assert seeded.done("at", "m@champion", promoted["time"])["version"] == 2
    assert seeded.done("at", "m@champion", newest["time"])["version"] == 1


def test_the_actor_of_a_pipeline_is_the_one_it_says(seeded: Project) -> None:
    env = {"FT_REGISTRY_ACTOR": "CI <ci@example.org>"}
    seeded.done("promote", "m/1", "--to", "champion", env=env)
    assert seeded.done("log")["events"][0]["actor"] == "CI <ci@example.org>"


def deleted(client: Any) -> None:
    client.delete_model_version("m", "1")


def replaced(client: Any) -> None:
    source = client.get_model_version("m", "1").source
    client.delete_registered_model("m")
    client.create_registered_model("m")
    client.create_model_version("m", source)


@pytest.mark.parametrize("harm", [deleted, replaced], ids=lambda harm: harm.__name__)
@pytest.mark.parametrize(
    "command",
    [
        ("promote", "m/1", "--to", "champion"),
        ("rollback", "m@champion", "--reason", "r"),
        ("rollback", "m@champion", "--reason", "r", "--dry-run"),
    ],
    ids=lambda command: command[0] + "-dry" * ("--dry-run" in command),
)
def test_a_version_that_mlflow_lost_is_not_moved_to(
    seeded: Project, command: tuple[str, ...], harm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", seeded.workspace().mlflow.uri)
    harm(seeded.client())
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    before = seeded.head()
    outcome = seeded.cli("--json", *command)
    assert (outcome.code, outcome.error["kind"], outcome.stdout) == (4, "integrity", "")
    assert "m/1 in MLflow" in outcome.error["message"]
    assert seeded.head() == before


def commit_by_hand(project: Project, path: str, content: bytes) -> None:
    """Puts a document on top of the ledger, beside the event of the commit before."""
    commands = (
        b"commit refs/heads/ft-registry\ncommitter M <m@example.org> 1790000000 +0000\n"
        b"data 2\nhi\nfrom refs/heads/ft-registry^0\n"
        b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(content), content)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=project.root, input=commands, check=True)


@pytest.mark.parametrize(
    ("version", "path", "source", "old", "new"),
    [
        ("m/1", "versions/0/1", "versions/0/1", '"host":"', '"host":"not-'),
        ("m/3", "versions/0/3", "versions/0/1", '"version":1}', '"version":3}'),
        ("m/2", "aliases/champion", "aliases/champion", '"version":1', '"version":2'),
        ("m/2", "standings/0/2", "standings/0/2", '"bad"', '"good"'),
    ],
    ids=["record", "added record", "alias", "standing"],
)
def test_what_was_committed_by_hand_is_not_relied_on(
    seeded: Project, version: str, path: str, source: str, old: str, new: str
) -> None:
    seeded.done("rollback", "m@champion", "--reason", "it swears")
    content = seeded.git("show", f"ft-registry:models/m/{source}.json")
    assert old in content
    commit_by_hand(seeded, f"models/m/{path}.json", content.replace(old, new).encode())
    before = seeded.state()
    outcome = seeded.cli("--json", "promote", version, "--to", "champion")
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert f"models/m/{path}.json" in outcome.error["message"]
    assert seeded.state() == before
    assert seeded.cli("verify").code == 4


def test_what_takes_back_a_bad_word_calls_nothing_bad(seeded: Project) -> None:
    seeded.done("rollback", "m@champion", "--reason", "it swears")
    back = ("rollback", "m@champion", "--to", "2", "--override", "standing", "--reason", "no")
    assert seeded.done(*back)["called_bad"] is None
    rows = seeded.done("list", "m")["versions"]
    assert {row["version"]: row["standing"] for row in rows} == {1: "", 2: "good"}


@pytest.fixture
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes a request and never answers; the event says that one has come."""
    asked = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                if connection.recv(1):
                    kept.append(connection)
                    asked.set()
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in kept:
        connection.close()
    thread.join()


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_an_interruption_ends_with_130_and_nothing_moved(
    seeded: Project, silent_server: tuple[str, threading.Event], options: tuple[str, ...]
) -> None:
    url, asked = silent_server
    before = seeded.state()
    process = seeded.start(
        *options, "promote", "m/1", "--to", "champion", env={"MLFLOW_TRACKING_URI": url}
    )
    assert asked.wait(timeout=90)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert seeded.state() == before


def test_a_rollback_prints_before_after_and_a_lock_of_every_file(seeded: Project) -> None:
    records = {number: seeded.done("show", f"m/{number}") for number in (1, 2)}
    outcome = seeded.cli("rollback", "m@champion", "--reason", "worse")
    first, before, after, lock, *files, checked = outcome.stdout.splitlines()
    assert first == "moved m@champion: 2 -> 1"
    short = {number: record["digest"][7:19] for number, record in records.items()}
    assert before == f"  before   2  record {short[2]}  called bad"
    assert after == f"  after    1  record {short[1]}"
    artifact = records[1]["record"]["artifact"]
    assert lock.startswith(f"  lock     m/1  {len(artifact['files'])} files, ")
    assert [line.split()[0] for line in files] == [entry["path"] for entry in artifact["files"]]
    assert [line.split()[-1] for line in files] == [e["sha256"][:12] for e in artifact["files"]]
    assert checked == "  checked  every byte of 2 files of weights, 1 copy of data: as recorded"
    assert all(len(line) <= 80 for line in outcome.stdout.splitlines())


def test_a_lock_names_the_files_that_mlflow_serves(seeded: Project, tmp_path: Path) -> None:
    lock = seeded.done("rollback", "m@champion", "--reason", "worse")["lock"]
    client = seeded.client()
    version = client.get_model_version_by_alias("m", "champion")
    assert version.source == lock["uri"]
    model_id = lock["uri"].removeprefix("models:/")
    seen = client.list_logged_model_artifacts(model_id, lock["folder"])
    assert {info.path.rpartition("/")[2]: info.file_size for info in seen} == {
        entry["path"]: entry["size"] for entry in lock["files"]
    }


def test_what_was_called_bad_is_shown_and_listed_and_needs_an_override(seeded: Project) -> None:
    seeded.done("rollback", "m@champion", "--reason", "it swears")
    rows = seeded.done("list", "m", "--where", "standing=bad")["versions"]
    assert [(row["version"], row["standing"]) for row in rows] == [(2, "bad")]
    assert "m/2 (bad)" in seeded.cli("list").stdout
    assert "called bad by Ada <ada@example.org>" in seeded.cli("show", "m/2").stdout
    refused = seeded.cli("--json", "promote", "m/2", "--to", "champion")
    assert (refused.code, refused.error["kind"]) == (3, "gate_refused")
    assert "it swears" in refused.error["message"]
    done = seeded.done(
        "promote", "m/2", "--to", "champion", "--override", "standing", "--reason", "it does not"
    )
    assert done["overrides"] == ["standing"]
    newest = seeded.done("log", "m@champion")["events"][0]
    assert newest["overrides"] == ["standing"]
    assert newest["subject"].endswith("overriding standing")


def weights_of(project: Project, number: int) -> Path:
    found = project.done("show", f"m/{number}")["record"]["artifact"]["uri"]
    (file,) = project.root.glob(
        f"mlartifacts/**/{found.removeprefix('models:/')}/**/adapter_model.safetensors"
    )
    return file


def cached_data(project: Project) -> Path:
    (data,) = project.done("show", "m/1")["record"]["data"]
    return project.cached(data["dvc"]["md5"])


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)], ids=["real", "dry run"])
def test_lost_weights_block_a_rollback_that_says_where_they_were(
    seeded: Project, dry_run: tuple[str, ...]
) -> None:
    lost = weights_of(seeded, 1)
    lost.unlink()
    before = seeded.state()
    outcome = seeded.cli("--json", "rollback", "m@champion", "--reason", "r", *dry_run)
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    for word in ("m/1", "adapter_model.safetensors", "missing", str(lost.parents[1])):
        assert word in outcome.error["message"], outcome.error["message"]
    assert seeded.state() == before


def test_a_flipped_byte_of_the_weights_blocks_every_move(seeded: Project) -> None:
    flip(weights_of(seeded, 1))
    before = seeded.state()
    for command in (
        ("rollback", "m@champion", "--reason", "r"),
        ("rollback", "m@champion", "--reason", "r", "--override", "data"),
        ("promote", "m/1", "--to", "champion"),
    ):
        outcome = seeded.cli("--json", *command)
        assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
        assert "adapter_model.safetensors" in outcome.error["message"]
    assert seeded.state() == before


def test_a_flipped_byte_in_the_cache_blocks_until_it_is_set_aside(seeded: Project) -> None:
    flip(cached_data(seeded))
    command = ("--json", "rollback", "m@champion", "--reason", "r")
    outcome = seeded.cli(*command)
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert "data/train.jsonl" in outcome.error["message"]
    assert "DVC cache" in outcome.error["message"]
    assert any("--override data" in hint for hint in outcome.error["hints"])
    assert seeded.done(*command[1:], "--override", "data")["overrides"] == ["data"]
    shown = seeded.done("show", "m/1")["moves"][0]
    assert (shown["overrides"], shown["actor"]) == (["data"], "Ada <ada@example.org>")
    assert "overriding data" in seeded.cli("show", "m/1").stdout


def test_a_flipped_byte_in_the_remote_blocks_although_the_cache_is_whole(
    seeded: Project, tmp_path: Path
) -> None:
    seeded.dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    seeded.dvc("push", "--quiet", "data/train.jsonl.dvc")
    (stored,) = (file for file in (tmp_path / "remote").rglob("*") if file.is_file())
    flip(stored)
    outcome = seeded.cli("--json", "rollback", "m@champion", "--reason", "r")
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert "DVC remote 'store'" in outcome.error["message"]
    stored.unlink()  # not there is no damage: the cache has it
    assert seeded.done("rollback", "m@champion", "--reason", "r")["to"] == 1
