"""Secrets and personal data in a dataset, as its user is told of them."""

import json
from importlib.util import find_spec

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

# Put together here, so that no scanner of repositories takes this file for a leak.
KEY = "AKIA" + "Z7PQ2RSTUVWX3YK4"
ADDRESS = "ada@lovelace.org"


def write(project: Project, path: str) -> str:
    rows = [{"prompt": f"Which day comes {n} days later?", "completion": "one"} for n in range(30)]
    rows[6]["prompt"] += f" {KEY}"
    for row in rows[9::5]:
        row["completion"] += f" of {ADDRESS}"
    project.write(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path


WARNINGS = [
    "5 examples hold what looks like an e-mail address (heuristic): lines 10, 15, 20 and others",
    "1 example holds what looks like an AWS access key (heuristic): line 7",
]


def test_a_check_names_kind_and_line_and_stays_ok(project: Project) -> None:
    path = write(project, "a.jsonl")
    found = project.done("data", "check", path)
    assert found["ok"]
    assert found["profile"]["warnings"][-2:] == WARNINGS
    shown = project.cli("data", "check", path)
    assert "an AWS access key (heuristic): line 7" in " ".join(shown.stdout.split())
    assert KEY not in shown.stdout + shown.stderr + json.dumps(found)


def test_in_a_folder_the_file_is_named(project: Project) -> None:
    write(project, "data/b.jsonl")
    found = project.done("data", "check", "data")
    assert found["profile"]["warnings"][-1].endswith("(heuristic): b.jsonl:7")


def test_a_snapshot_keeps_the_warnings_and_never_the_text(project: Project) -> None:
    path = write(project, "a.jsonl")
    outcome = project.cli("data", "snapshot", path)
    assert outcome.code == 0
    assert "warning: 1 example holds what looks like an AWS access key" in outcome.stderr
    shown = project.cli("--json", "data", "show", "a")
    assert json.loads(shown.stdout)["profile"]["warnings"][-2:] == WARNINGS
    for secret in (KEY, ADDRESS):
        assert secret not in outcome.stdout + outcome.stderr + shown.stdout


@pytest.mark.parametrize("verb", ["check", "snapshot"])
def test_nobody_looks_where_it_is_not_wanted(project: Project, verb: str) -> None:
    found = project.done("data", verb, write(project, "a.jsonl"), "--no-sensitive")
    assert not any("looks like" in text for text in found["profile"]["warnings"])


@pytest.mark.skipif(find_spec("betterleaks") is not None, reason="Betterleaks is installed")
@pytest.mark.parametrize("verb", ["check", "snapshot"])
def test_a_scanner_that_is_not_there_is_named(project: Project, verb: str) -> None:
    outcome = project.cli("--json", "data", verb, write(project, "a.jsonl"), "--scan")
    assert (outcome.code, outcome.error["kind"]) == (1, "refused")
    assert "pip install ft-registry[scan]" in outcome.error["hints"]
