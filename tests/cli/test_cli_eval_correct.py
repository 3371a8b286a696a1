"""Corrections, as processes: what was withdrawn comes back, and nothing is corrected twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

from ft_registry.errors import Conflict

pytestmark = pytest.mark.integration


def write(project: Project, name: str, right: int) -> Path:
    """Writes ten items of which some are right."""
    rows = [{"id": f"q{n}", "exact_match": int(n < right)} for n in range(10)]
    return project.write(name, "".join(json.dumps(row) + "\n" for row in rows))


def counting(project: Project, reference: str = "m/2") -> list[float]:
    """Returns the scores that count."""
    found = project.done("eval", "show", reference, "--suite", "sums")["evaluations"]
    return [one["scores"][0]["value"] for one in found if not one["corrected"]]


def test_a_withdrawn_result_comes_back(seeded: Project) -> None:
    one, two = write(seeded, "one.jsonl", 3), write(seeded, "two.jsonl", 6)
    add = ("eval", "add", "m/2", "--suite", "sums")
    seeded.done(*add, one)
    seeded.done(*add, two, "--corrects")
    unasked = seeded.cli(*add, one)
    assert (unasked.code, counting(seeded)) == (0, [0.6])
    assert "already sums of m/2" in unasked.stdout
    assert "--corrects brings it back" in unasked.stderr
    assert seeded.done(*add, one, "--corrects")["created"]
    assert counting(seeded) == [0.3]
    assert not seeded.done(*add, one, "--corrects")["created"]
    assert seeded.done("verify", "--full")["ok"]


def test_the_data_of_the_same_file_is_corrected(seeded: Project) -> None:
    one = write(seeded, "one.jsonl", 3)
    add = ("eval", "add", "m/2", one, "--suite", "sums", "--data")
    seeded.done(*add, "hub:org/wrong@1")
    before = seeded.state()
    outcome = seeded.cli("--json", *add, "hub:org/right@1")
    assert (outcome.code, outcome.error["kind"]) == (5, "conflict")
    assert "org/wrong@1" in outcome.error["message"]
    assert seeded.state() == before
    done = seeded.done(*add, "hub:org/right@1", "--corrects")
    assert done["evaluation"]["data"] == {"name": "org/right", "revision": "1"}
    assert counting(seeded) == [0.3]
    assert seeded.done("verify", "--full")["ok"]


def test_of_two_corrections_at_once_one_stands(seeded: Project) -> None:
    one, two, three = (write(seeded, f"{n}.jsonl", n) for n in (3, 6, 9))
    seeded.done("eval", "add", "m/2", one, "--suite", "sums")
    scoring = seeded.workspace().scoring

    def plan(file: Path) -> Any:
        return scoring.plan_add("m/2", [file], suite="sums", corrects=True, cwd=seeded.root)

    first, second, twin = plan(two), plan(three), plan(two)
    assert scoring.add(first).created
    with pytest.raises(Conflict, match="sums of m/2 as it was read") as caught:
        scoring.add(second)
    assert caught.value.exit_code == 5
    assert not scoring.add(twin).created
    assert counting(seeded) == [0.6]


def test_registering_again_with_other_data_tells_how_to_say_so(seeded: Project) -> None:
    held = seeded.write("data/held.jsonl", "".join(f'{{"prompt": "{n}"}}\n' for n in range(10)))
    seeded.done("data", "snapshot", held)
    seeded.adapter("ad3")
    one = write(seeded, "sums.jsonl", 3)
    register = ("register", "m", "ad3", "--eval", one)
    seeded.done(*register)
    again = seeded.done(*register, "--data", "data/held.jsonl:eval")
    assert (again["created"], again["evaluations"]) == (False, [])
    assert "--corrects" in " ".join(again["notices"])
    assert not seeded.done(*register)["notices"]
