"""Secrets come into no record: refused by file and key, never shown, or taken with a reason."""

import json
import sys
from pathlib import Path

import pytest
from tests.cli.project import Outcome, Project

pytestmark = pytest.mark.integration
TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmqWeRtYuI"
REASON = "it was revoked a year ago"


def refused(project: Project, *arguments: str) -> str:
    """Runs what must be refused without a trace, twice; returns what it said."""
    before = project.state()
    outcome = project.cli(*arguments)
    assert outcome.code == 1, outcome
    assert_silent(outcome)
    assert "expected no secrets" in outcome.stderr
    assert "--allow-secret REASON" in outcome.stderr
    assert project.state() == before
    return outcome.stderr


def assert_silent(outcome: Outcome) -> None:
    assert TOKEN not in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_params_and_named_configurations_are_looked_at(project: Project) -> None:
    project.write("params.yaml", f"hub: {{push: true, hub_token: {TOKEN}}}\n")
    told = refused(project, "register", "m", "ad1", "--dry-run")
    assert "params.yaml: hub.hub_token (a Hugging Face token)" in told
    project.write("params.yaml", "hub: {hub_token: '${HF_TOKEN}'}\n")
    project.write("more.json", json.dumps({"steps": [{"wandb_api_key": "0a1b2c3d4e5f6a7b8c9d"}]}))
    told = refused(project, "register", "m", "ad1", "--config", "more.json")
    assert "more.json: steps[0].wandb_api_key (a password or secret)" in told
    project.done("register", "m", "ad1")


def test_notes_and_small_files_beside_weights_are_looked_at(project: Project) -> None:
    assert "the note, line 1" in refused(project, "register", "m", "ad1", "--note", f"use {TOKEN}")
    project.write("ad1/README.md", f"---\nhub_token: {TOKEN}\n---\n")
    assert "README.md, line 2" in refused(project, "register", "m", "ad1")


def test_uncommitted_changes_are_looked_at(project: Project) -> None:
    project.write(".env", f"HF_TOKEN={TOKEN}\n")
    assert "uncommitted changes: .env (a Hugging Face token)" in refused(
        project, "register", "m", "ad1"
    )


def test_a_reason_takes_it_and_stays_on_record(project: Project) -> None:
    project.write("params.yaml", f"hub_token: {TOKEN}\n")
    project.done("register", "m", "ad1", "--allow-secret", REASON)
    record = project.done("show", "m/1")["record"]
    (exemption,) = record["exemptions"]
    assert (exemption["door"], exemption["reason"]) == ("secret", REASON)
    assert exemption["places"][0] == "params.yaml: hub_token (a Hugging Face token)"
    shown = project.cli("show", "m/1")
    assert f"because: {REASON}" in shown.stdout
    assert_silent(shown)
    assert project.done("log")["events"][0]["overrides"] == ["secret"]
    again = project.done("register", "m", "ad1")
    assert (again["version"], again["created"]) == (1, False)


def test_a_run_is_not_started_with_a_secret_in_its_command(project: Project) -> None:
    marker = project.root / "ran"
    script = f"open({str(marker)!r}, 'w')"
    told = refused(project, "run", "--", sys.executable, "-c", script, "--token", TOKEN)
    assert "the command of the run (a Hugging Face token)" in told
    assert not marker.exists()


def test_what_a_run_was_allowed_is_allowed_to_its_weights(project: Project) -> None:
    project.write("params.yaml", f"hub_token: {TOKEN}\n")
    project.commit("params.yaml")
    command = ("--", sys.executable, "-c", "pass")
    refused(project, "run", *command)
    run = project.done("run", "--allow-secret", REASON, *command)["run_id"]
    project.done("register", "m", "ad1", "--run", run)
    (exemption,) = project.done("show", "m/1")["record"]["exemptions"]
    assert exemption["reason"] == REASON
    project.write("ad1/README.md", TOKEN)
    assert "README.md, line 1" in refused(project, "register", "m", "ad1", "--run", run)


def test_a_baselines_prompts_are_looked_at(project: Project, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text(f"use {TOKEN}")
    scores = project.root / "dates.jsonl"
    outcome = project.cli(
        "baseline", "add", "m", "--label", "few", "--base", "org/b@1",
        "--eval", scores, "--config", prompt,
    )  # fmt: skip
    assert outcome.code == 1, outcome
    assert "prompt.txt" in outcome.stderr
    assert_silent(outcome)
