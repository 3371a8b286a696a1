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


class TestABaseline:
    @pytest.fixture
    def few(self, seeded: Project) -> Project:
        """A baseline with three of ten right."""
        outcome = seeded.cli(*self.add(write(seeded, "one.jsonl", 3)))
        assert outcome.stdout.startswith("added m:few  prompt on org/tiny\n"), outcome.stderr
        return seeded

    def add(self, file: Path, *more: str) -> tuple[str | Path, ...]:
        return (
            "baseline", "add", "m", "--label", "few", "--base", "org/tiny", "--suite", "sums",
            "--eval", file, *more,
        )  # fmt: skip

    def test_is_scored_further_and_corrected(self, few: Project) -> None:
        again = few.cli(*self.add(few.root / "one.jsonl"))
        assert again.stdout == "already m:few  prompt on org/tiny\n"
        scored = few.cli(*self.add(write(few, "two.jsonl", 6)))
        assert scored.stdout.startswith("scored m:few  prompt on org/tiny\n  sums: exact_match 0.6")
        assert counting(few, "m:few") == [0.3, 0.6]
        assert few.done(*self.add(few.root / "one.jsonl", "--corrects"))["evaluations"]
        assert counting(few, "m:few") == [0.3]
        withdrawn = few.done(*self.add(few.root / "two.jsonl"))
        assert (withdrawn["evaluations"], len(withdrawn["notices"])) == ([], 1)
        other = few.cli(*self.add(few.root / "one.jsonl", "--data", "hub:org/right@1"))
        assert other.code == 5

    def test_is_shown(self, few: Project) -> None:
        text = few.cli("eval", "show", "m:few").stdout
        assert "m:few" in text
        (series,) = few.done("eval", "show", "m:few")["series"]
        assert [(one["version"], one["baseline"]) for one in series["points"]] == [(None, "few")]
        few.done("eval", "show", "m:few", "--html", few.root / "page.html")
        assert ">few<" in (few.root / "page.html").read_text()
        outcome = few.cli("--json", "eval", "show", "m:none")
        assert (outcome.code, outcome.error["kind"]) == (1, "not_found")

    def test_is_verified(self, few: Project) -> None:
        assert "m:few" in few.cli("verify").stdout
        whole = few.done("verify", "m:few")
        assert [one["kind"] for one in whole["items"]] == ["artifact", "attachment"]
        assert {one["state"] for one in whole["items"]} == {"ok"}
        (table,) = few.root.rglob("**/ftr/evaluations/sums-*.parquet")
        table.write_bytes(table.read_bytes()[::-1])
        for arguments, code in (((), 0), (("--full",), 4), (("m:few",), 4)):
            assert few.cli("verify", *arguments).code == code
        table.unlink()
        outcome = few.cli("--json", "verify")
        (lost,) = [one for one in outcome.document["items"] if one["state"] == "missing"]
        assert (outcome.code, lost["subject"]) == (4, "m:few")
        assert few.cli("verify", "m:none").code == 1


def test_an_unknown_suite_is_refused_by_name(shelf: Project) -> None:
    outcome = shelf.cli("--json", "eval", "show", "m/1", "--suite", "datse")
    assert (outcome.code, outcome.error["kind"]) == (1, "not_found")
    assert "dates" in " ".join(outcome.error["hints"])


def test_a_dry_run_tells_the_scores(seeded: Project) -> None:
    seeded.adapter("ad3")
    register = ("register", "m", "ad3", "--eval", write(seeded, "sums.jsonl", 3))
    text = seeded.cli(*register, "--dry-run").stdout
    assert "  scores of sums: exact_match 0.3000\n" in text
    (one,) = seeded.done(*register, "--dry-run")["evaluations"]
    assert (one["scores"], one["known"]) == ({"exact_match": 0.3}, False)
    seeded.done(*register)
    assert "  already scores of sums: " in seeded.cli(*register, "--dry-run").stdout
    further = write(seeded, "more.jsonl", 4)
    assert seeded.cli(*register[:-1], further).stdout.startswith("scored m/3")
