"""The decision in a sentence, and which checks stand in its way."""

import pytest
from tests.unit.formats.reports import (
    HOSTILE,
    failing,
    inconclusive,
    make_check,
    make_comparison,
    make_interval,
    make_verdict,
    passing,
)

from ft_registry.formats.verdict_axis import axis_of
from ft_registry.formats.verdict_words import (
    comparison_words,
    cut,
    headline,
    plain,
    score_words,
    slices_of,
    span,
    standing,
    use_words,
    word,
)
from ft_registry.model.verdict import GroupFinding, SliceFinding, Verdict

FAILS = make_check("lineage", outcome="fail")
WAITS = make_check("better", outcome="inconclusive")
PASSES = make_check("score")


def said(verdict: Verdict) -> str:
    return f"{word(verdict)}: {headline(verdict)}"


def any_of(*findings, outcome):
    return GroupFinding(joined="any", outcome=outcome, findings=findings)


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (passing().verdict, "PASS: support-dates/3 may be @champion: all 2 checks pass"),
        (make_verdict(PASSES), "PASS: support-dates/3 may be @champion: its one check passes"),
        (
            make_verdict(any_of(FAILS, PASSES, outcome="pass")),
            "PASS: support-dates/3 may be @champion: 1 of 2 checks pass, as the policy asks",
        ),
        (failing().verdict, "FAIL: support-dates/3 may not be @champion: better fails"),
        (
            make_verdict(FAILS, WAITS, make_check("safe", outcome="fail")),
            "FAIL: support-dates/3 may not be @champion: lineage and safe fail",
        ),
        (
            make_verdict(*(make_check(f"c{n}", outcome="fail") for n in range(7))),
            "FAIL: support-dates/3 may not be @champion: c0, c1, c2, c3 and 3 more fail",
        ),
        (
            inconclusive().verdict,
            "INCONCLUSIVE: support-dates/3 may not be @champion yet: better cannot be decided",
        ),
        (
            make_verdict(any_of(FAILS, WAITS, outcome="inconclusive")),
            "INCONCLUSIVE: support-dates/3 may not be @champion yet: better cannot be decided",
        ),
        (
            make_verdict(policy=None),
            "FAIL: support-dates/3 may not be @champion: nothing was asked, which shows nothing",
        ),
        (
            make_verdict(
                FAILS.model_copy(update={"overridden": True}), PASSES, overrides=("lineage",)
            ),
            "OVERRIDDEN: support-dates/3 may be @champion by override alone: "
            "lineage was set aside",
        ),
        (
            make_verdict(FAILS, WAITS, overrides=("gate",)),
            "OVERRIDDEN: support-dates/3 may be @champion by override alone: "
            "the whole gate was set aside",
        ),
        (
            make_verdict(
                FAILS.model_copy(update={"overridden": True}), WAITS, overrides=("lineage",)
            ),
            "FAIL: support-dates/3 may not be @champion yet: better cannot be decided",
        ),
    ],
)  # fmt: skip
def test_the_decision_is_one_sentence(verdict: Verdict, sentence: str) -> None:
    assert said(verdict) == sentence


def test_what_stands_in_the_way_is_neither_set_aside_nor_beside_another_that_is_enough() -> None:
    assert [check.name for check in standing(failing().verdict)] == ["better", "safe"]
    assert standing(passing().verdict) == ()
    assert standing(make_verdict(FAILS, overrides=("gate",))) == ()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_comes_on_one_line_that_a_terminal_obeys_nowhere(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not [char for char in shown if ord(char) < 32 or 0xD800 <= ord(char) < 0xE000]
    assert "\u202e" not in shown
    assert len(cut(text)) <= 400


def test_letters_that_join_others_stay() -> None:
    assert plain("می\u200cروم 👩\u200d🚀") == "می\u200cروم 👩\u200d🚀"


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((0.1, 0.3), "95 % 0.1000 to 0.3000"),
        ((None, 0.3), "95 % below 0.3000"),
        ((0.1, None), "95 % above 0.1000"),
        ((None, None), "95 % interval not bounded"),
    ],
)
def test_an_end_that_nothing_bounds_is_left_open(ends, shown) -> None:
    assert span(make_interval(0.2, low=ends[0], high=ends[1])) == shown


def test_where_lower_is_better_the_turned_difference_is_told() -> None:
    told = dict(comparison_words(make_comparison(before=0.3, after=0.2, delta=make_interval(0.1))))
    assert told["delta"].endswith("lower is better, so less counts as more")
    assert "lower" not in dict(comparison_words(make_comparison()))["delta"]


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        (make_interval(), "0.9000, 95 % 0.8700 to 0.9300; 500 items (wilson)"),
        (make_interval(high=None), "0.9000, 95 % above 0.8700; 500 items (wilson)"),
        (make_interval(low=None, high=None, n=0, method="as recorded"), "0.9000 (as recorded)"),
        (make_interval(n=1, clusters=1), "0.9000, 95 % 0.8700 to 0.9300; 1 item in 1 cluster "
         "(wilson)"),
    ],
)  # fmt: skip
def test_a_score_is_told_with_what_is_known_of_it(score, shown) -> None:
    assert score_words(score) == shown


def test_items_needed_are_told_with_what_is_taken_for_true() -> None:
    better = dict(comparison_words(make_comparison(items_needed=2353)))
    assert better["needed"].endswith("four times in five, were this the true difference")
    no_worse = dict(comparison_words(make_comparison(items_needed=2353, null=-0.02)))
    assert no_worse["needed"].endswith("four times in five, were both as good")


def test_no_item_turned_where_none_is_on_both_sides() -> None:
    assert "items" in dict(comparison_words(make_comparison()))
    assert "items" not in dict(comparison_words(make_comparison(paired=False)))


def test_the_slice_that_got_worse_comes_first() -> None:
    slices = tuple(
        SliceFinding(slice=f"s={n}", n=1, before=1, after=0, p_worse=p)
        for n, p in enumerate((1.0, 0.5, 0.01))
    )
    found = slices_of(make_comparison(slices=slices))
    assert [one.slice for one in found] == ["s=2", "s=1", "s=0"]


def test_the_evidence_names_digests_opponents_and_uses() -> None:
    told = list(use_words(failing().verdict))
    assert ("opponent", "support-dates/2 (@champion), 333333333333") in told
    assert ("data", "heldout@0123abcd decided 14 promotions before this one") in told
    assert ("record", "1" * 64) in told
    assert ("policy", "2" * 64) in told
    assert ("policy", "none") in list(use_words(make_verdict(policy=None)))


@pytest.mark.parametrize(
    "comparison",
    [
        make_comparison(),
        make_comparison(null=-0.02),
        make_comparison(delta=make_interval(0.0, low=0.0, high=0.0)),
        make_comparison(delta=make_interval(0.0, low=None, high=None)),
        make_comparison(delta=make_interval(1e308, low=-1.7e308, high=1.7e308)),
        make_comparison(delta=make_interval(5e-324, low=0, high=5e-324)),
    ],
)
def test_all_that_is_drawn_lies_on_the_axis_in_order(comparison) -> None:
    axis = axis_of(comparison)
    assert 0 <= axis.low <= axis.value <= axis.high <= 1
    assert 0 <= axis.zero <= 1
    assert 0 <= axis.null <= 1
    assert (axis.null < axis.zero) == (comparison.null < 0)
