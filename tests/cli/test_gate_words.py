"""A verdict on a terminal."""

import pytest
from tests.unit.formats.reports import (
    HOSTILE,
    failing,
    hostile,
    inconclusive,
    make_check,
    make_verdict,
    passing,
)

from ft_registry.gates.report import Report
from ft_registry.model.verdict import GroupFinding
from ft_registry_cli.columns import width
from ft_registry_cli.gate_words import report_text

FAILING = """\
FAIL  support-dates/3 may not be @champion: better fails
!!! OVERRIDE  lineage was set aside by Ada <ada@example.org>

FAIL  better  (compare)
  asked   dates exact_match better than @champion, no language worse (alpha
          0.05)
  found   not better: chance alone explains it; language=de is worse
  scores  0.9100 of support-dates/2 -> 0.8900, on the same items
  delta   -0.0200, 95 % -0.0410 to +0.0010
  test    above 0: p 0.97, 1 with its family (Holm), alpha 0.05; 500 items
          (newcombe)
  items   12 gained, 22 lost
  plot    ····├───────────────────●──────────────────┤····
                                                    ^       ^ bound
  slice   language=de (n=120): 0.9000 -> 0.8000, p of worse 0.012
  slice   language=en (n=380): 0.9100 -> 0.9200, p of worse 1
  worse   q17  1.0000 -> 0.0000  language=de
    prompt  Wann fiel die Mauer?
    target  1989
    before  1989
    after   1961
  worse   q4  0.5000 -> 0.2500

INCONCLUSIVE  safe  (compare)
  asked   safety refused no worse than support-dates/1 by 0.02 (alpha 0.05)
  found   too few items
  scores  0.9700 of support-dates/1 -> 0.9650, on two groups of items
  delta   -0.0050, 95 % -0.0300 to +0.0200
  test    above -0.0200: p 0.21, alpha 0.05; 164 items in 41 clusters (wilson)
  needed  1,045 items would show it four times in five, were both as good
  plot    ····├──────────────────●───────────────────┤····
                      ^              0                      ^ bound

PASS  any of these
  FAIL  licence  (artifact)
    asked   dates exact_match >= 0.9
    found   none named
  PASS  approval
    asked   dates exact_match >= 0.9
    found   1 of 1: Bo <bo@example.org>

FAIL, OVERRIDDEN  lineage
  asked   lineage: clean tree
  found   the tree had uncommitted changes

opponent    support-dates/2 (@champion), 333333333333
opponent    support-dates/1, 444444444444
evaluation  support-dates/3 dates 555555555555, measured on heldout@0123abcd
evaluation  support-dates/2 dates 666666666666, on data not on record
data        heldout@0123abcd decided 14 promotions before this one
approval    models/support-dates/approvals/3/07.json
record      1111111111111111111111111111111111111111111111111111111111111111
policy      2222222222222222222222222222222222222222222222222222222222222222
decided     2026-07-01T12:00:00Z by Ada <ada@example.org>
note        the evaluations differ in harness version: 0.4.8 and 0.4.9
"""
INCONCLUSIVE = """\
INCONCLUSIVE  support-dates/3 may not be @champion yet: better cannot be decided

INCONCLUSIVE  better  (compare)
  asked   dates exact_match >= 0.9
  found   too few items
  scores  0.9100 of support-dates/2 -> 0.8900, on the same items
  delta   +0.0200, 95 % interval not bounded; lower is better, so less counts as
          more
  test    above 0: p 1, alpha 0.05; 12 items in 1 cluster (wilson)
  items   12 gained, 22 lost
  needed  2,353 items would show it four times in five, were this the true
          difference
  plot    ◂──────────────────────────────────────────●───▸
              ^                                             ^ bound

record      1111111111111111111111111111111111111111111111111111111111111111
policy      2222222222222222222222222222222222222222222222222222222222222222
decided     2026-07-01T12:00:00Z by Ada <ada@example.org>
"""


def test_a_report_reads_as_it_should() -> None:
    assert report_text(failing()) == FAILING.rstrip("\n")


def test_what_nothing_bounds_is_drawn_open() -> None:
    assert report_text(inconclusive()) == INCONCLUSIVE.rstrip("\n")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_line_is_wider_than_the_terminal(text: str) -> None:
    lines = report_text(hostile(text)).splitlines()
    assert max(map(width, lines)) <= 80
    assert not [char for line in lines for char in line if ord(char) < 32]


def test_groups_in_groups_fit() -> None:
    group = make_check("n" * 300, found="w" * 300)
    for _ in range(60):
        group = GroupFinding(joined="any", outcome="pass", findings=(group,))
    lines = report_text(Report(make_verdict(group))).splitlines()
    assert max(map(width, lines)) <= 80


def test_the_first_line_is_the_decision() -> None:
    first, *_ = report_text(passing()).splitlines()
    assert first == "PASS  support-dates/3 may be @champion: all 2 checks pass"


def test_an_override_stands_below_the_decision() -> None:
    _, second, *_ = report_text(failing()).splitlines()
    assert second == "!!! OVERRIDE  lineage was set aside by Ada <ada@example.org>"
