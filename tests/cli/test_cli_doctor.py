"""``doctor``: each finding is provoked for real, and what is sound is left in peace."""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Outcome, Project, run_cli

from ft_registry.backends.versions import dangers_of, installed

pytestmark = pytest.mark.integration


def checks(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.stderr == ""
    found: list[dict[str, Any]] = outcome.document["checks"]
    return found


def only(outcome: Outcome, check: str, state: str) -> dict[str, Any]:
    """Returns the one diagnosis of a check and state."""
    (found,) = [one for one in checks(outcome) if (one["check"], one["state"]) == (check, state)]
    assert found["found"]
    assert state not in ("warning", "problem") or found["advice"]
    return found


def bad(outcome: Outcome) -> set[str]:
    """Returns the names of what is no good."""
    return {one["check"] for one in checks(outcome) if one["state"] in ("warning", "problem")}


def remote(project: Project, url: object, *more: str, name: str = "r") -> None:
    """Writes DVC's configuration as `dvc remote add --default` does, without its seconds."""
    lines = ["[core]", f"remote = {name}", f"['remote \"{name}\"']", f"url = {url}", *more]
    project.write(".dvc/config", "\n".join(lines) + "\n")


@pytest.fixture
def sound(project: Project, tmp_path: Path) -> Project:
    """A registry with a remote on the disk that the cache is on: the one warning that it has."""
    store = tmp_path / "store"
    store.mkdir()
    remote(project, store, name="store")
    return project


def test_what_is_sound_is_left_in_peace_and_untouched(sound: Project) -> None:
    before = sound.state()
    outcome = sound.cli("doctor", "--json")
    assert (outcome.code, bad(outcome)) == (0, {"remote store"})
    assert outcome.document["ok"] is True
    assert outcome.document["counts"]["problem"] == 0
    assert {one["group"] for one in checks(outcome)} == {
        "tools", "git", "ledger", "DVC", "MLflow", "this machine",
    }  # fmt: skip
    assert sound.state() == before


def test_the_text_fits_and_says_what_to_do(project: Project) -> None:
    remote(project, "../near", name="near")
    outcome = project.cli("doctor")
    assert outcome.code == 1
    long = [line for line in outcome.stdout.splitlines() if len(line) > 80 and " /" not in line]
    assert not long
    assert "  PROBLEM  remote near: " in outcome.stdout
    assert outcome.stdout.splitlines()[-1].startswith("1 problem")


def test_outside_a_repository_the_rest_is_still_told(tmp_path: Path) -> None:
    outcome = run_cli("doctor", "--json", cwd=tmp_path)
    assert outcome.code == 1
    assert only(outcome, "repository", "problem")["advice"]
    assert only(outcome, "mlflow", "ok")


def test_without_git_the_rest_is_still_told(sound: Project, tmp_path: Path) -> None:
    outcome = sound.cli("doctor", "--json", env={"PATH": str(tmp_path)})
    assert outcome.code == 1
    assert "install git" in only(outcome, "git", "problem")["advice"][0]
    assert only(outcome, "dvc", "ok")


def test_settings_that_cannot_be_read_are_a_finding(sound: Project) -> None:
    sound.write("ft-registry.toml", "mlflow_url = ''\n")
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert "mlflow_url" in only(outcome, "settings", "problem")["found"]
    assert only(outcome, "repository", "ok")
    assert only(outcome, "project", "ok")


def test_a_folder_before_init_has_no_ledger(tmp_path: Path) -> None:
    project = Project(tmp_path / "bare")
    project.root.mkdir()
    project.git("init", "--quiet", ".")
    outcome = project.cli("doctor", "--json")
    assert outcome.code == 1
    assert {"branch", "commits", "project"} <= bad(outcome)


def test_a_bare_repository_is_looked_at_as_far_as_it_goes(sound: Project, tmp_path: Path) -> None:
    sound.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    outcome = run_cli("doctor", "--json", cwd=tmp_path / "bare")
    assert outcome.code == 0
    assert only(outcome, "versions", "unchecked")


def test_offline_leaves_the_remotes_of_data_alone(seeded: Project, dead_address: str) -> None:
    remote(seeded, f"{dead_address}/data", "verify = true")
    outcome = seeded.cli("doctor", "--json", "--offline")
    assert (outcome.code, bad(outcome)) == (0, set())
    assert only(outcome, "versions", "unchecked")


def test_files_that_are_no_text_are_a_finding(sound: Project) -> None:
    (sound.root / ".dvcignore").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in only(sound.cli("doctor", "--json"), "ignored", "problem")["found"]
    (sound.root / ".dvc" / "config").write_bytes(b"\xff\xfe")
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert "DVC configuration" in only(outcome, "project", "problem")["found"]


def test_git_that_is_unusual_is_told(sound: Project) -> None:
    sound.git("checkout", "--quiet", "--detach")
    sound.git("config", "gc.pruneExpire", "now")
    (sound.root / ".git" / "index.lock").write_text("")
    os.utime(sound.root / ".git" / "index.lock", (1, 1))
    hook = sound.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert "detached" in only(outcome, "commits", "warning")["found"]
    assert "pruneExpire" in only(outcome, "clean-up", "warning")["found"]
    assert "index.lock" in only(outcome, "locks", "problem")["found"]
    assert "pre-commit" in only(outcome, "hooks", "ok")["found"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_somebody_else_is_told(sound: Project) -> None:
    for path in (sound.root, sound.root / ".git"):
        os.chown(path, 12345, 12345)
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert "safe.directory" in only(outcome, "repository", "problem")["advice"][0]


def test_a_mirror_that_prunes_would_take_the_ledger(sound: Project, tmp_path: Path) -> None:
    sound.git("remote", "add", "--mirror=fetch", "copy", str(tmp_path / "copy"))
    sound.git("config", "fetch.prune", "true")
    outcome = sound.cli("doctor", "--json")
    assert "the ledger" in only(outcome, "clean-up", "problem")["found"]


def test_a_shallow_clone_is_told(sound: Project, tmp_path: Path) -> None:
    sound.write("more.txt", "")
    sound.commit("more.txt", message="more")
    sound.git("clone", "--quiet", "--depth=1", f"file://{sound.root}", str(tmp_path / "shallow"))
    shallow = Project(tmp_path / "shallow")
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "ft-registry:ft-registry")
    outcome = shallow.cli("doctor", "--json")
    assert only(outcome, "order of times", "ok")
    assert "--unshallow" in only(outcome, "history", "warning")["advice"][0]


def test_nobody_to_name_is_told(sound: Project, tmp_path: Path) -> None:
    nobody = {
        "FT_REGISTRY_ACTOR": "", "GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": "",
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }  # fmt: skip
    outcome = sound.cli("doctor", "--json", env=nobody)
    assert "user.name" in only(outcome, "identity", "warning")["found"]


def test_a_clock_behind_the_last_event_is_told(sound: Project) -> None:
    later = sound.workspace()
    ahead = replace(later.context, now=lambda: datetime.now(UTC) + timedelta(hours=3))
    vars(later)["context"] = ahead
    sound.register("m", "ad1", workspace=later, method="sft")
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 0
    assert "behind" in only(outcome, "clock", "warning")["found"]


def test_events_that_go_back_in_time_are_told_with_who_wrote_them(seeded: Project) -> None:
    assert only(seeded.cli("doctor", "--json"), "order of times", "ok")
    before = seeded.workspace()
    behind = replace(before.context, now=lambda: datetime.now(UTC) - timedelta(hours=2), host="old")
    vars(before)["context"] = behind
    before.approve("m/1", reason="by a clock that is behind")
    outcome = seeded.cli("doctor", "--json")
    assert outcome.code == 0
    told = only(outcome, "order of times", "warning")["found"]
    assert f"event {seeded.head()[:12]}" in told
    assert "by Ada <ada@example.org> on old follows" in told


def test_a_clock_that_was_ahead_is_named_as_well_as_those_that_are_right(seeded: Project) -> None:
    for version, host, hours in (("m/1", "fast", 24), ("m/2", "right", 0)):
        workspace = seeded.workspace()
        now = datetime.now(UTC) + timedelta(hours=hours)
        vars(workspace)["context"] = replace(workspace.context, now=lambda now=now: now, host=host)
        workspace.approve(version, reason="r")
    found = only(seeded.cli("doctor", "--json"), "order of times", "warning")
    assert "on right follows" in found["found"]
    assert "the clocks of fast and right" in found["advice"][0]


def test_a_repository_that_was_moved_is_told_with_what_to_do(seeded: Project) -> None:
    new = seeded.root.parent / "moved"
    seeded.root.rename(new)
    moved = Project(new)
    outcome = moved.cli("doctor", "--json")
    assert outcome.code == 1
    found = only(outcome, "moved", "problem")
    assert f"2 models below {seeded.root / 'mlartifacts'}" in found["found"]
    command = found["advice"][0].partition("was: ")[2]
    subprocess.run(command, shell=True, check=True)
    assert "moved" not in bad(moved.cli("doctor", "--json"))
    assert moved.cli("verify", "--full").code == 0


def test_a_ledger_remote_is_asked_unless_offline(sound: Project, tmp_path: Path) -> None:
    sound.git("remote", "add", "team", str(tmp_path / "gone"))
    sound.write("ft-registry.toml", 'ledger_remote = "team"\n')
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 6
    assert only(outcome, "remote", "problem")["no_answer"] is True
    outcome = sound.cli("doctor", "--json", "--offline")
    assert outcome.code == 0
    assert only(outcome, "answer of the remote", "unchecked")


def test_lost_weights_are_a_problem(seeded: Project) -> None:
    for file in (seeded.root / "mlartifacts").rglob("adapter_model.safetensors"):
        file.unlink()
    outcome = seeded.cli("doctor", "--json")
    assert outcome.code == 1
    assert "ft-registry verify" in only(outcome, "versions", "problem")["advice"][0]


def test_drift_is_a_warning(seeded: Project) -> None:
    with contextlib.closing(sqlite3.connect(seeded.root / "mlflow.db")) as db, db:
        db.execute("UPDATE registered_model_aliases SET version = 1")
    outcome = seeded.cli("doctor", "--json")
    assert "ft-registry sync" in only(outcome, "drift", "warning")["advice"][0]


@pytest.mark.parametrize(
    ("url", "state", "word"),
    [
        ("../near", "problem", "relative"),
        ("ftp://host/x", "problem", "knows no remote"),
        ("s3://bucket/x", "warning", "without checking"),
        ("gs://bucket/x", "problem", "dvc-gs"),
    ],
)
def test_remotes_are_judged_by_their_kind(
    project: Project, url: str, state: str, word: str
) -> None:
    if word == "dvc-gs" and installed("dvc-gs"):
        pytest.skip("dvc-gs is installed")
    remote(project, url)
    outcome = project.cli("doctor", "--json", "--offline")
    assert word in only(outcome, "remote r", state)["found"]


def test_the_advice_for_a_relative_remote_names_where_it_is(project: Project) -> None:
    project.dvc("remote", "add", "--default", "near", "../near")
    advice = only(project.cli("doctor", "--json"), "remote near", "problem")["advice"][0]
    assert advice == f"dvc remote modify near url {project.root.parent / 'near'}"
    project.dvc(*advice.removeprefix("dvc ").split())
    assert only(project.cli("doctor", "--json"), "remote near", "warning")


def test_no_remote_and_no_default_are_told(project: Project, tmp_path: Path) -> None:
    outcome = project.cli("doctor", "--json")
    assert outcome.code == 0
    assert "only copy" in only(outcome, "remotes", "warning")["found"]
    remote(project, tmp_path)
    config = project.root / ".dvc" / "config"
    config.write_text(config.read_text().replace("remote = r\n", ""))
    assert "default" in only(project.cli("doctor", "--json"), "remotes", "warning")["found"]


def test_a_remote_that_does_not_answer_is_away(project: Project, dead_address: str) -> None:
    remote(project, f"{dead_address}/data", "verify = true", name="web")
    outcome = project.cli("doctor", "--json")
    assert outcome.code == 6
    assert only(outcome, "answer of web", "problem")["no_answer"] is True
    outcome = project.cli("doctor", "--json", "--offline")
    assert (outcome.code, bad(outcome)) == (0, set())


def test_keys_in_the_committed_configuration_are_told_and_not_shown(project: Project) -> None:
    remote(project, "s3://bucket/x", "secret_access_key = canary-7f3a")
    outcome = project.cli("doctor", "--json", "--offline")
    assert "secret_access_key" in only(outcome, "secrets", "problem")["found"]
    assert "canary" not in outcome.stdout


def test_locks_of_dvc_that_hold_for_ever_are_told(sound: Project) -> None:
    file = sound.root / ".dvc" / "tmp" / "rwlock"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{")
    assert "cannot be read" in only(sound.cli("doctor", "--json"), "locks", "problem")["found"]
    other = subprocess.Popen(["sleep", "60"])
    try:
        file.write_text(json.dumps({"x": {"write": {"pid": other.pid, "cmd": "dvc add x"}}}))
        assert "is no DVC" in only(sound.cli("doctor", "--json"), "locks", "problem")["found"]
    finally:
        other.kill()
        other.wait()
    assert bad(sound.cli("doctor", "--json")) == {"remote store"}


def test_what_a_killed_add_left_is_told(sound: Project) -> None:
    left = sound.root / ".dvc" / "cache" / "files" / "md5" / "ab" / ".x.tmp"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"1" * 1000)
    os.utime(left, (1, 1))
    assert (
        "1 in the cache"
        in only(sound.cli("doctor", "--json"), "temporary files", "warning")["found"]
    )


def test_tracked_data_that_is_ignored_is_told(sound: Project) -> None:
    sound.write("folder/a.jsonl", "{}\n")
    sound.dvc("add", "folder")
    sound.write("folder/b.log", "read by the trainer")
    sound.write("folder/.a.jsonl.tmp", "half")
    sound.write(".dvcignore", "*.log\n")
    outcome = sound.cli("doctor", "--json")
    assert "folder/b.log" in only(outcome, "ignored", "problem")["found"]
    assert "folder/.a.jsonl.tmp" in only(outcome, "data", "problem")["found"]


def test_a_work_tree_with_an_empty_cache_is_told(sound: Project) -> None:
    sound.done("data", "snapshot", "data/train.jsonl")
    sound.git("worktree", "add", "--quiet", "../second")
    beside = Project(sound.root.parent / "second")
    outcome = beside.cli("doctor", "--json")
    assert "cache.dir" in only(outcome, "cache", "warning")["advice"][0]


def test_a_cache_that_is_no_folder_is_told(sound: Project) -> None:
    shutil.rmtree(sound.root / ".dvc" / "cache", ignore_errors=True)
    sound.write(".dvc/cache", "")
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert "no folder" in only(outcome, "cache", "problem")["found"]


@pytest.mark.parametrize(
    ("schema", "word"), [("0584bdc529eb", "is older than"), ("ffffffffffff", "is not known to")]
)
def test_the_schema_is_compared_and_not_migrated(sound: Project, schema: str, word: str) -> None:
    with contextlib.closing(sqlite3.connect(sound.root / "mlflow.db")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (schema,))
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert word in only(outcome, "schema", "problem")["found"]
    with contextlib.closing(sqlite3.connect(sound.root / "mlflow.db")) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == (schema,)


def test_a_damaged_database_is_told(sound: Project) -> None:
    database = sound.root / "mlflow.db"
    content = bytearray(database.read_bytes())
    content[8192:40000] = b"\xff" * (40000 - 8192)
    database.write_bytes(content)
    outcome = sound.cli("doctor", "--json")
    assert outcome.code == 1
    assert only(outcome, "database", "problem")


def test_artifacts_that_cannot_be_written_are_told(sound: Project) -> None:
    shutil.rmtree(sound.root / "mlartifacts", ignore_errors=True)
    sound.write("mlartifacts", "")
    assert "no folder" in only(sound.cli("doctor", "--json"), "artifacts", "problem")["found"]


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may do anything is refused nothing")
def test_a_folder_without_the_right_to_write_is_told(sound: Project) -> None:
    git = sound.root / ".git"
    git.chmod(0o555)
    try:
        assert "no right" in only(sound.cli("doctor", "--json"), "rights", "problem")["found"]
    finally:
        git.chmod(0o755)


def test_variables_that_endanger_what_is_kept_are_told(sound: Project) -> None:
    outcome = sound.cli("doctor", "--json", env={"MLFLOW_TRACKING_INSECURE_TLS": "true"})
    assert "INSECURE" in only(outcome, "variables", "warning")["found"]
    outcome = sound.cli("doctor", "--json", env={"MLFLOW_REGISTRY_URI": "sqlite:////x.db"})
    assert "another registry" in only(outcome, "variables", "warning")["advice"][0]


@pytest.fixture
def dead_address() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


class Server(ThreadingHTTPServer):
    """Answers like an MLflow server of some version."""

    version = installed("mlflow")
    login = ""
    moment: float | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        allowed = not self.server.login or self.headers.get("Authorization") == self.server.login
        body = self.server.version if self.path == "/version" else "{}"
        self.send_response_only(200 if allowed or self.path == "/version" else 401)
        self.send_header("Date", formatdate(self.server.moment or time.time(), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine."""
    with Server(("127.0.0.1", 0), _Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def ask(project: Project, server: Server, **env: str) -> Outcome:
    address = f"http://127.0.0.1:{server.server_port}"
    return project.cli("doctor", "--json", env={"MLFLOW_TRACKING_URI": address, **env})


def test_a_server_of_this_version_is_sound(sound: Project, server: Server) -> None:
    outcome = ask(sound, server)
    assert (outcome.code, bad(outcome)) == (0, {"remote store"})
    settings = only(outcome, "server settings", "unchecked")["advice"]
    assert any("SOURCE_VALIDATION_REGEX" in line for line in settings)


@pytest.mark.parametrize(
    ("version", "state", "word"),
    [
        ("2.22.0", "problem", "CVE-2025-11201"),
        ("3.10.1", "problem", "CVE-2026-0545"),
        ("3.11.0", "warning", "is older than"),
        ("9.0.0", "warning", "may not understand"),
        ("<html>", "problem", "no version"),
    ],
)
def test_the_version_of_a_server_is_judged(
    sound: Project, server: Server, version: str, state: str, word: str
) -> None:
    server.version = version
    outcome = ask(sound, server)
    assert word in only(outcome, "server version", state)["found"]
    assert outcome.code == (1 if state == "problem" else 0)


def test_a_server_with_another_clock_is_told(sound: Project, server: Server) -> None:
    server.moment = time.time() + 3600
    assert "60 minutes behind" in only(ask(sound, server), "server clock", "warning")["found"]


def test_a_login_that_is_missing_or_refused_is_told(sound: Project, server: Server) -> None:
    server.login = "Bearer right"
    assert "there is none" in only(ask(sound, server), "login", "problem")["found"]
    outcome = ask(sound, server, MLFLOW_TRACKING_TOKEN="wrong")
    assert "refuses" in only(outcome, "login", "problem")["found"]
    assert only(ask(sound, server, MLFLOW_TRACKING_TOKEN="right"), "login", "ok")


def test_a_server_that_is_away_is_the_only_problem(sound: Project, dead_address: str) -> None:
    away = {"MLFLOW_TRACKING_URI": dead_address}
    outcome = sound.cli("doctor", "--json", env=away)
    assert outcome.code == 6
    assert only(outcome, "server", "problem")["no_answer"] is True
    assert sound.cli("doctor", "--offline", env=away).code == 0


def test_known_holes_are_told_by_version() -> None:
    assert not dangers_of("mlflow", installed("mlflow"))
    assert {one.source for one in dangers_of("mlflow", "3.9.0")} >= {"CVE-2026-2614"}
    assert not dangers_of("mlflow", "no version")
