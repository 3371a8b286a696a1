"""`status` and `sync` as their user sees them: what is told, what is printed, how they end."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration


def sql(project: Project, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(project.root / "mlflow.db")) as db, db:
        for statement in statements:
            db.execute(statement)


MOVED = "UPDATE registered_model_aliases SET version = 1"


def test_status_names_each_drift_and_ends_well(seeded: Project) -> None:
    sql(seeded, MOVED, "UPDATE model_versions SET description = 'mine' WHERE version = 1")
    outcome = seeded.cli("status")
    assert outcome.code == 0
    assert "drift     2 differences between the ledger and MLflow" in outcome.stdout
    assert "alias moved         m@champion  version 2" in outcome.stdout
    found = seeded.done("status")
    assert found["drift_checked"] is True
    assert [sorted(drift) for drift in found["drift"]] == [
        ["expected", "found", "kind", "name"]
    ] * 2
    assert {"kind": "alias_moved", "name": "m@champion", "expected": "version 2",
            "found": "version 1"} in found["drift"]  # fmt: skip


def test_tags_that_are_missing_share_a_row(seeded: Project) -> None:
    sql(seeded, "DELETE FROM model_version_tags")
    rows = [row for row in seeded.cli("status").stdout.splitlines() if "tags missing" in row]
    assert len(rows) == 2


def test_hostile_names_obey_nobody(seeded: Project) -> None:
    sql(
        seeded,
        "INSERT INTO registered_model_aliases (alias, version, name, workspace) "
        "VALUES ('cham\x1b[31mpion\u202e', 1, 'm', 'default')",
    )
    outcome = seeded.cli("status")
    assert "\x1b" not in outcome.stdout
    assert "\u202e" not in outcome.stdout
    assert "m@cham\\x1b[31mpion\\u202e" in outcome.stdout
    assert seeded.cli("sync", "--adopt").code == 5
    refused = seeded.cli("sync", "--restore")
    assert refused.code == 5
    assert "take it out of its database" in refused.stderr


def test_a_server_that_is_away_is_said_and_does_not_fail_status(seeded: Project) -> None:
    env = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    outcome = seeded.cli("status", env=env)
    assert outcome.code == 0
    assert "drift     not looked at: expected the MLflow server" in outcome.stdout
    assert seeded.done("status", "--offline", env=env)["drift_checked"] is False


def test_sync_tells_what_it_leaves_and_how_to_go_on(seeded: Project) -> None:
    sql(seeded, MOVED)
    before = seeded.state()
    outcome = seeded.cli("--json", "sync")
    assert outcome.code == 5
    assert outcome.document["left"][0]["kind"] == "alias_moved"
    assert seeded.state() == before
    text = seeded.cli("sync")
    assert "left      alias moved: m@champion" in text.stdout
    assert "--restore" in text.stderr
    assert "--adopt" in text.stderr


@pytest.mark.parametrize("way", ["--restore", "--adopt"])
def test_a_dry_run_prints_the_plan_and_changes_nothing(seeded: Project, way: str) -> None:
    sql(seeded, MOVED)
    before, database = seeded.state(), aliases(seeded)
    outcome = seeded.cli("sync", way, "--dry-run")
    assert outcome.code == 0
    assert "would     m@champion: " in outcome.stdout
    assert (seeded.state(), aliases(seeded)) == (before, database)
    done = seeded.done("sync", way)
    assert [step["do"] for step in done["steps"]] == [
        "set_alias" if way == "--restore" else "adopt_alias"
    ]
    assert seeded.done("sync")["steps"] == []


def aliases(project: Project) -> list[tuple[str, int]]:
    with contextlib.closing(sqlite3.connect(project.root / "mlflow.db")) as db:
        return db.execute("SELECT alias, version FROM registered_model_aliases").fetchall()


def test_both_ways_at_once_are_none(seeded: Project) -> None:
    assert seeded.cli("sync", "--restore", "--adopt").code == 2


def test_sync_without_mlflow_changes_nothing(seeded: Project) -> None:
    before = seeded.state()
    outcome = seeded.cli("sync", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert outcome.code == 6
    assert seeded.state() == before


def test_sync_publishes_what_waits_and_status_tells_how_the_remote_stands(
    seeded: Project, tmp_path: Path
) -> None:
    seeded.git("init", "--quiet", "--bare", str(tmp_path / "team.git"))
    seeded.git("remote", "add", "team", str(tmp_path / "team.git"))
    env = {"FT_REGISTRY_LEDGER_REMOTE": "team"}
    done = seeded.done("sync", env=env)
    assert (done["ledger"]["changed"], len(done["ledger"]["push"])) == (True, len(seeded.events()))
    seeded.done("promote", "m/1", "--to", "champion", "--offline", env=env)
    remote = seeded.done("status", env=env)["ledger_remote"]
    assert (remote["state"], remote["ahead"], remote["behind"]) == ("ahead", 1, 0)
    assert (
        "team: 1 event not pushed; asked less than a minute ago"
        in seeded.cli("status", env=env).stdout
    )
    outcome = seeded.cli("sync", "--dry-run", env=env)
    assert outcome.stdout.startswith("would     publish: ")
    assert "promote m/1 to champion" in outcome.stdout
    seeded.done("sync", env=env)
    assert seeded.done("status", env=env)["ledger_remote"]["state"] == "level"
    # A check-out that lost the setting shares the ledger all the same.
    assert "ledger_remote is not set in this check-out: team" in seeded.cli("status").stderr
    seeded.done("promote", "m/1", "--to", "staging")
    assert seeded.git("rev-parse", "ft-registry", cwd=tmp_path / "team.git") == seeded.head()


def test_what_another_clone_moved_is_left_until_its_event_comes(
    seeded: Project, tmp_path: Path
) -> None:
    seeded.git("init", "--quiet", "--bare", str(tmp_path / "team.git"))
    seeded.git("remote", "add", "team", str(tmp_path / "team.git"))
    database = f"sqlite:///{seeded.root / 'mlflow.db'}"
    env = {"FT_REGISTRY_LEDGER_REMOTE": "team", "MLFLOW_TRACKING_URI": database}
    seeded.done("sync", env=env)
    other = Project(Path(shutil.copytree(seeded.root, tmp_path / "other", symlinks=True)))
    other.done("rollback", "m@champion", "--offline", "--reason", "it is worse", env=env)
    for way in ((), ("--adopt",)):
        outcome = seeded.cli("--json", "sync", *way, env=env)
        assert outcome.code == 5
        assert [drift["kind"] for drift in outcome.document["left"]] == ["alias_ahead"]
        assert "run ft-registry sync in the clone that moved it" in outcome.error["hints"][0]
    assert aliases(seeded) == [("champion", 1)]
    other.done("sync", env=env)
    seeded.done("sync", env=env)
    assert aliases(seeded) == [("champion", 1)]
    assert seeded.done("status", env=env)["drift"] == []


def test_a_remote_that_went_back_is_named_and_published_again(
    seeded: Project, tmp_path: Path
) -> None:
    team = tmp_path / "team.git"
    seeded.git("init", "--quiet", "--bare", str(team))
    seeded.git("remote", "add", "team", str(team))
    env = {"FT_REGISTRY_LEDGER_REMOTE": "team"}
    seeded.done("sync", env=env)
    head = seeded.head()
    seeded.git("update-ref", "refs/heads/ft-registry", f"{head}~1", cwd=team)
    outcome = seeded.cli("sync", env=env)
    assert outcome.code == 4
    assert "rolled back" in outcome.stderr
    assert "rolled back: 1 event" in seeded.cli("status", env=env).stdout
    seeded.done("sync", "--restore", env=env)
    assert seeded.git("rev-parse", "ft-registry", cwd=team) == head
