"""Scores of another model: refused by every command that takes scores, unless on trust."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project
from tests.evaluations.outputs import lm_eval_results, lm_eval_samples

pytestmark = pytest.mark.integration


def scores(project: Project, model: str, name: str = "s.json", **more: Any) -> Path:
    """Writes scores that name the model which they are of."""
    items = [{"id": f"q{n}", "exact_match": n % 2} for n in range(6)]
    return project.write(
        name, json.dumps({"suite": "sums", "model": model, "items": items, **more})
    )


def test_register_takes_no_scores_of_other_weights(seeded: Project) -> None:
    seeded.adapter("ad3")
    register = ("register", "m", "ad3", "--eval", scores(seeded, "ad1"))
    before = seeded.state()
    for dry in ((), ("--dry-run",)):
        outcome = seeded.cli("--json", *register, *dry)
        assert (outcome.code, outcome.error["kind"]) == (1, "refused")
        assert "a model at ad1" in outcome.error["message"]
    assert seeded.state() == before
    assert seeded.done(*register, "--trust")["version"] == 3
    (one,) = seeded.done("show", "m/3")["evaluations"]
    assert "a model at ad1" in one["trusted"]
    assert seeded.done("log", "m")["events"][0]["overrides"] == ["model"]


def test_register_takes_its_own_scores_and_later_those_by_its_name(seeded: Project) -> None:
    seeded.adapter("ad3")
    own = scores(seeded, "ad3")
    assert seeded.done("register", "m", "ad3", "--eval", own)["evaluations"]
    named = scores(seeded, "m/3", "named.json", suite="others")
    assert seeded.done("register", "m", "ad3", "--eval", named)["evaluations"]
    other = scores(seeded, "m/1", "other.json", suite="more")
    outcome = seeded.cli("register", "m", "ad3", "--eval", other)
    assert (outcome.code, "no name of m/3" in outcome.stderr) == (1, True)


def test_register_takes_a_part_of_a_suite_only_when_told(seeded: Project) -> None:
    seeded.adapter("ad3")
    found = lm_eval_results({"sums": lm_eval_samples({"acc": [1.0, 0.0, 1.0]})})
    found["config"]["limit"] = 3.0
    found["config"]["model_args"] = "pretrained=base,peft=ad3"
    register = ("register", "m", "ad3", "--eval", seeded.write("part.json", json.dumps(found)))
    assert seeded.cli(*register).code == 1
    seeded.done(*register, "--allow-partial")
    (one,) = seeded.done("show", "m/3")["evaluations"]
    assert "limit 3" in one["partial"]


def test_a_baseline_takes_no_scores_of_another_model(seeded: Project) -> None:
    add = (
        "baseline", "add", "m", "--label", "few", "--base", "org/tiny",
        "--eval", scores(seeded, "org/large"),
    )  # fmt: skip
    before = seeded.state()
    outcome = seeded.cli("--json", *add)
    assert (outcome.code, outcome.error["kind"]) == (1, "refused")
    assert "'org/large', where m:few has org/tiny" in outcome.error["message"]
    assert seeded.state() == before
    assert seeded.done(*add, "--trust")["created"]
    own = scores(seeded, "hf/org/tiny", "own.json", suite="others")
    assert seeded.done(*add[:-1], own)["evaluations"]
