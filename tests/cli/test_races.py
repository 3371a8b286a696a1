"""Many at once: every registration is one version and one record; of two promotions one wins."""

import os
from collections.abc import Sequence

import pytest
from tests.cli.project import Outcome, Project

pytestmark = pytest.mark.integration

COUNT = int(os.environ.get("FT_REGISTRY_CONCURRENCY", "6"))


def at_once(project: Project, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Starts commands together and returns how each ended."""
    running = [project.start(*command) for command in commands]
    outcomes = []
    for process in running:
        stdout, stderr = process.communicate(timeout=300)
        outcomes.append(Outcome(process.returncode, stdout, stderr))
    return outcomes


def test_concurrent_registrations_are_as_many_versions(project: Project) -> None:
    names = [f"ad-{number}" for number in range(COUNT)]
    for name in names:
        project.adapter(name)
    # The same data in all of them: MLflow's table of datasets takes it once.
    project.done("data", "snapshot", "data/train.jsonl")
    data = ("--data", "data/train.jsonl")
    outcomes = at_once(project, [("register", "m", name, *data) for name in names])
    assert [outcome.code for outcome in outcomes] == [0] * COUNT, outcomes
    rows = project.done("list", "m")["versions"]
    assert [row["version"] for row in rows] == list(range(1, COUNT + 1))
    assert len({row["artifact"] for row in rows}) == COUNT
    assert project.mlflow_rows()["model_versions"] == COUNT


def test_the_same_weights_at_once_are_one_version(project: Project) -> None:
    outcomes = at_once(project, [("register", "m", "ad1")] * 3)
    assert [outcome.code for outcome in outcomes] == [0, 0, 0], outcomes
    verbs = sorted(outcome.stdout.partition(" ")[0] for outcome in outcomes)
    assert verbs == ["already", "already", "registered"]
    assert project.mlflow_rows()["model_versions"] == 1


def test_of_two_promotions_one_wins_and_the_other_is_told_who(seeded: Project) -> None:
    before = len(seeded.events())
    outcomes = at_once(
        seeded,
        [
            ("promote", "m/1", "--to", "champion", "--expect", "2", "--reason", "one"),
            ("promote", "m/1", "--to", "stable", "--expect", "0"),
            ("rollback", "m@champion", "--expect", "2", "--reason", "two"),
        ],
    )
    codes = [outcome.code for outcome in outcomes]
    assert codes[1] == 0
    assert sorted([codes[0], codes[2]]) == [0, 5], outcomes
    loser = outcomes[0] if codes[0] == 5 else outcomes[2]
    assert "moved there by Ada <ada@example.org>" in loser.stderr
    assert len(seeded.events()) == before + 2
    assert int(seeded.client().get_model_version_by_alias("m", "champion").version) == 1
