"""Checks of scores on a real ledger, with items that lie in a real MLflow."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.cli.project import Project

from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.checks.compare import check_comparison
from ft_registry.actions.checks.score import check_score
from ft_registry.actions.item_tables import ItemTables
from ft_registry.gates.comparing import Compared, judged
from ft_registry.model.policy_checks import CompareCheck, ScoreCheck
from ft_registry.model.reference import VersionReference

pytestmark = pytest.mark.integration


def items(right: int, count: int = 60) -> str:
    return "".join(f'{{"id": "q{n}", "exact": {int(n < right)}}}\n' for n in range(count))


def test_what_was_added_by_hand_is_what_the_gate_decides_by(seeded: Project) -> None:
    for number, right in ((1, 20), (2, 50)):
        file = seeded.write(f"scores-{number}.jsonl", items(right))
        seeded.done("eval", "add", f"m/{number}", file, "--suite", "sums")
    wiring = seeded.workspace().scoring._wiring
    tools = Tools(
        tables=lambda: ItemTables(wiring.private / "items", wiring.artifacts),
        shelves=lambda: wiring.shelves, evidence=lambda: wiring.evidence,
        artifacts=lambda: wiring.artifacts, runner=lambda: wiring.runner, scratch=wiring.private,
    )  # fmt: skip
    now = datetime(2026, 11, 25, tzinfo=UTC)
    case = Case(wiring.ledger, VersionReference("m", 2), "champion", now, tools)
    score = ScoreCheck(suite="sums", metric="exact", at_least=0.7, by="lower_bound")
    found = check_score(score, case)
    assert found.outcome == "pass"
    compare = CompareCheck(
        suite="sums", metric="exact", against="m/1", test="superior", higher_is_better=True
    )
    shutil.rmtree(wiring.private / "items")  # from the store again
    fresh = replace(case, tables={})
    compared = check_comparison(compare, fresh)
    assert isinstance(compared, Compared)
    answer = judged(compared)
    assert answer.outcome == "pass"
    assert answer.comparison is not None
    assert (answer.comparison.gained, answer.comparison.lost) == (30, 0)
    for use in fresh.uses.evaluations.values():
        assert wiring.ledger.read(use.path) is not None
    (seeded.root / "scores-3.jsonl").write_text(items(50, count=59))
    seeded.done("eval", "add", "m/2", "scores-3.jsonl", "--suite", "sums")
    later = Case(wiring.ledger, VersionReference("m", 2), "champion", now, tools)
    refused = check_comparison(compare, later)
    assert "found 0 of the candidate alone and 1 (q59) of m/1 alone" in refused.found
