"""Scores of more or fewer items than the data has that they are said to be of."""

import json
from pathlib import Path

import pytest
from tests.cli.project import Project, items

pytestmark = pytest.mark.integration


@pytest.fixture
def held(seeded: Project) -> Project:
    """A snapshot of 50 examples; scores of 20, of 50 and of 60."""
    seeded.write("data/held.jsonl", "".join(f'{{"prompt": "{n}"}}\n' for n in range(50)))
    seeded.done("data", "snapshot", "data/held.jsonl")
    for count in (20, 50, 60):
        seeded.write(f"of{count}.jsonl", items(count))
    seeded.adapter("ad3")
    return seeded


def command(project: Project, verb: str, file: str | Path) -> tuple[str | Path, ...]:
    if verb == "add":
        return ("eval", "add", "m/2", file, "--data", "held")
    if verb == "register":
        return ("register", "m", "ad3", "--data", "data/held.jsonl:eval", "--eval", file)
    if verb == "run":
        suite = f'[suites.held]\ncmd = "cp {file} {{out}}"\ndata = "held"\n'
        project.write("ft-registry.toml", suite)
        return ("eval", "run", "m/2", "--suite", "held")
    return ("baseline", "add", "m", "--label", "few", "--base", "b", "--eval", file,
            "--data", "held")  # fmt: skip


def partial(project: Project, verb: str) -> str:
    subject = {"register": "m/3", "baseline": "m:few"}.get(verb, "m/2")
    found = project.done("eval", "show", subject)["evaluations"][-1]
    assert found["data"]["name"] == "held"
    return str(found.get("partial", ""))


@pytest.mark.parametrize("verb", ["add", "run", "baseline"])
def test_a_part_is_taken_only_when_told_and_more_never(held: Project, verb: str) -> None:
    before = held.head()
    for count, found in ((20, "20 of 50 examples"), (60, "has 50 examples, found 60 items")):
        asked = command(held, verb, f"of{count}.jsonl")
        outcome = held.cli(*asked)
        assert (outcome.code, found in outcome.stderr) == (1, True), outcome.stderr
    assert held.cli(*asked, "--allow-partial").code == 1
    assert held.head() == before
    held.done(*command(held, verb, "of20.jsonl"), "--allow-partial")
    assert partial(held, verb) == "20 of 50 examples"


def test_all_of_it_is_no_part_and_what_is_counted_otherwise_is_told(held: Project) -> None:
    added = held.done(*command(held, "add", "of50.jsonl"), "--allow-partial")
    assert ("partial" in added["evaluation"], "notes" in added["evaluation"]) == (False, False)
    rows = [{"id": f"q{n}", "acc": 1, "task": f"t{n % 2}"} for n in range(60)]
    tasks = held.write("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    told = held.done(*command(held, "add", tasks))
    assert "60 items were scored, held has 50 examples" in told["evaluation"]["notes"]


def test_a_stated_number_counts_where_there_are_no_items(held: Project) -> None:
    totals = {"suite": "sums", "scores": {"bleu": {"value": 0.3, "n": 20}}}
    asked = command(held, "add", held.write("totals.json", json.dumps(totals)))
    assert "20 of 50 examples" in held.cli(*asked).stderr
    held.done(*asked, "--allow-partial")
    assert partial(held, "add") == "20 of 50 examples"
