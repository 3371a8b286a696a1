"""What a verdict comes to when a person sets checks aside."""

import pytest
from tests.unit.formats.reports import make_check, make_verdict

from ft_registry.model.verdict import GroupFinding, left

FAILS = make_check(outcome="fail")
ASIDE = make_check(outcome="fail", overridden=True)
WAITS = make_check(outcome="inconclusive")
PASSES = make_check()


def group(how, *findings):
    return GroupFinding(joined=how, outcome="fail", findings=findings)


@pytest.mark.parametrize(
    ("finding", "outcome"),
    [
        (ASIDE, "pass"),
        (group("all", ASIDE, PASSES), "pass"),
        (group("all", ASIDE, WAITS), "inconclusive"),
        (group("all", FAILS, ASIDE), "fail"),
        (group("any", FAILS, ASIDE), "pass"),
        (group("any", FAILS, WAITS), "inconclusive"),
        (group("all", group("any", FAILS, ASIDE), PASSES), "pass"),
    ],
)
def test_what_was_set_aside_counts_as_passed(finding, outcome) -> None:
    assert left(finding) == outcome


@pytest.mark.parametrize("how", ["all", "any"])
def test_a_group_of_nothing_passes_nowhere(how) -> None:
    assert left(group(how)) == "fail"
    assert not make_verdict(group(how)).passes


def test_a_verdict_without_checks_moves_no_alias() -> None:
    assert not make_verdict(policy=None).passes
    assert make_verdict(policy=None, overrides=("gate",)).passes
