"""The same files or items once more: of one version told, of another refused where they answer."""

import json
from pathlib import Path

import pytest
from tests.cli.project import Project

SENTENCE = "as far as I can tell, it was in"

pytestmark = pytest.mark.integration


def answered(project: Project, name: str, *, model: str = "", answer: str = SENTENCE) -> Path:
    rows = [{"id": f"q{n}", "acc": n % 2, "answer": f"{answer} {n}"} for n in range(6)]
    told = {"model": model} if model else {"time": "2026-01-01T00:00:00Z"}
    return project.write(name, json.dumps({"suite": "sums", **told, "items": rows}))


def test_the_answers_of_another_version_are_refused_unless_trusted(seeded: Project) -> None:
    seeded.done("eval", "add", "m/1", answered(seeded, "named.json", model="m/1"))
    bare = answered(seeded, "bare.json")
    before = seeded.head()
    adding = ("eval", "add", "m/2", bare)
    few = ("baseline", "add", "m", "--label", "few", "--base", "b", "--eval", bare)
    seeded.adapter("ad3")
    for asked in (adding, few, ("register", "m", "ad3", "--eval", bare)):
        outcome = seeded.cli("--json", *asked)
        assert (outcome.code, outcome.error["kind"]) == (1, "refused")
        assert "the answers of m/1, to the letter" in outcome.error["message"]
    assert seeded.head() == before
    told = seeded.done(*adding, "--trust")["evaluation"]
    assert (told["trusted"], told["notes"]) == (
        "the answers of m/1, to the letter", ["the same items are on record: sums of m/1"]
    )  # fmt: skip


def test_words_may_be_equal_by_chance_and_are_told(seeded: Project) -> None:
    bare = answered(seeded, "bare.json", answer="in")
    seeded.done("eval", "add", "m/1", bare)
    told = seeded.done("eval", "add", "m/2", bare)
    assert told["evaluation"]["notes"] == ["the same items are on record: sums of m/1"]
    assert told["notices"][0] == told["evaluation"]["notes"][0]


def test_what_was_taken_on_trust_stays_so_in_part(seeded: Project) -> None:
    seeded.done("eval", "add", "m/1", answered(seeded, "own.json", model="else"), "--trust")
    bare = answered(seeded, "bare.json")
    assert "items that are on record on trust" in seeded.cli("eval", "add", "m/1", bare).stderr
    told = seeded.done("eval", "add", "m/1", bare, "--trust")["evaluation"]
    assert "called 'else'" in told["trusted"]
    named = seeded.done("eval", "add", "m/1", answered(seeded, "named.json", model="m/1"))
    assert "trusted" not in named["evaluation"]
