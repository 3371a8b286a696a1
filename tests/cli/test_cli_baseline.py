"""Baselines whose model has nothing on record yet."""

import json

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration


def test_a_baseline_of_a_model_that_is_not_there_is_taken_for_a_slip(seeded: Project) -> None:
    scores = seeded.write("scores.json", json.dumps({"items": [{"id": "q1", "acc": 1}]}))
    adding = ("baseline", "add", "n", "--label", "few", "--base", "org/b@1", "--eval", scores)
    before = seeded.head()
    outcome = seeded.cli("--json", *adding)
    assert (outcome.code, outcome.error["kind"]) == (1, "not_found")
    assert outcome.error["hints"][-1] == "--new begins a model with its baseline"
    assert seeded.head() == before
    assert seeded.done(*adding, "--new")["created"]
