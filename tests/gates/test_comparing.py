"""Comparisons: each outcome, each refusal, and what must not matter does not."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ft_registry.gates.answer import Answer
from ft_registry.gates.comparing import Compared, Sides, compared, judged
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.statistics.bootstrap import bootstrap_mean_difference
from ft_registry.statistics.mcnemar import PairedTable, mcnemar
from ft_registry.statistics.paired import paired_t
from ft_registry.statistics.paired_exact import exact_paired_test
from ft_registry.statistics.unpaired import welch


def check(test="superior", **fields) -> CompareCheck:
    if test == "non_inferior":
        fields = {"margin": 0.05, **fields}
    return CompareCheck(suite="dates", metric="exact", against="@champion", test=test, **fields)


def sides(new, old, **fields) -> Sides:
    given = {"higher_is_better": True, "ids": [f"q{n:04}" for n in range(len(new))], **fields}
    return Sides("m/1", np.array(new, dtype=float), np.array(old, dtype=float), **given)


def answers(both: int, b: int, c: int, neither: int, **fields) -> Sides:
    new = [1] * (both + b) + [0] * (c + neither)
    old = [1] * both + [0] * b + [1] * c + [0] * neither
    return sides(new, old, **fields)


def judge(test: CompareCheck, found: Sides, p_adjusted: float | None = None) -> Answer:
    first = compared(test, found)
    return first if isinstance(first, Answer) else judged(first, p_adjusted)


def graded(n=60, *, gain=0.0, seed=0, **fields) -> Sides:
    rng = np.random.default_rng(seed)
    old = rng.beta(4, 2, n)
    return sides(old + rng.normal(gain, 0.1, n), old, **fields)


def test_better_passes_by_mcnemar() -> None:
    found = judge(check(), answers(60, 20, 5, 15))
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert found.comparison.p == mcnemar(20, 5, alternative="greater")
    assert found.comparison.delta.method == "McNemar exact; Newcombe's interval"
    assert (found.comparison.gained, found.comparison.lost) == (20, 5)
    assert (found.comparison.before, found.comparison.after) == (0.65, 0.8)
    assert found.found == (
        "0.8000 against 0.6500 of m/1 on 100 items: +0.1500 (+0.0535 to +0.2440), p 0.0020"
    )


def test_a_little_better_is_undecided_and_says_how_many_items_would_do() -> None:
    found = judge(check(), answers(60, 12, 8, 20))
    assert found.outcome == "inconclusive"
    assert found.comparison is not None
    assert found.comparison.items_needed is not None
    assert 700 < found.comparison.items_needed < 850
    assert f"about {found.comparison.items_needed} items would show it" in found.found
    assert "were +0.0400 the true gain" in found.found


@pytest.mark.parametrize("counts", [(60, 5, 5, 30), (60, 5, 8, 27), (60, 0, 0, 40)])
def test_no_better_fails(counts) -> None:
    found = judge(check(), answers(*counts))
    assert found.outcome == "fail"
    assert found.found.endswith(": no better")


def test_better_by_a_margin() -> None:
    found = judge(check(margin=0.1), answers(60, 30, 5, 5))
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert found.comparison.null == 0.1
    exact = exact_paired_test(PairedTable(both=60, b=30, c=5, neither=5), 0.1)
    assert found.comparison.p == exact.p
    assert judge(check(margin=0.1), answers(60, 15, 5, 20)).outcome == "fail"
    assert judge(check(margin=0.1), answers(60, 17, 5, 18)).outcome == "inconclusive"


def test_no_worse_by_a_margin() -> None:
    passes = judge(check("non_inferior"), answers(900, 20, 20, 60))
    assert passes.outcome == "pass"
    assert passes.comparison is not None
    assert passes.comparison.null == -0.05
    undecided = judge(check("non_inferior"), answers(60, 5, 5, 30))
    assert undecided.outcome == "inconclusive"
    assert "were both as good" in undecided.found
    fails = judge(check("non_inferior"), answers(60, 5, 10, 25))
    assert fails.outcome == "fail"
    assert fails.found.endswith("not above -0.0500")


def test_where_less_is_better_the_sign_is_turned() -> None:
    better = answers(15, 5, 20, 60, higher_is_better=False)
    found = judge(check(), better)
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert found.comparison.delta.value == pytest.approx(0.15)
    assert found.comparison.before > found.comparison.after
    assert (found.comparison.gained, found.comparison.lost) == (20, 5)
    assert judge(check(), answers(15, 20, 5, 60, higher_is_better=False)).outcome == "fail"
    loss = graded(gain=-0.1, higher_is_better=False)
    assert judge(check(), loss).outcome == "pass"


def test_graded_scores_by_the_t_or_the_bootstrap() -> None:
    found = graded(gain=0.03, seed=4)
    by_t, drawn = judge(check(), found), judge(check(method="bootstrap"), found)
    assert by_t.comparison is not None
    assert drawn.comparison is not None
    assert by_t.comparison.p == paired_t(found.new, found.old, alternative="greater").p
    both = paired_t(found.new, found.old)
    assert (by_t.comparison.delta.low, by_t.comparison.delta.high) == (both.low, both.high)
    resampled = bootstrap_mean_difference(found.new, found.old, alternative="greater")
    assert drawn.comparison.p == resampled.p
    assert drawn.comparison.delta.method.startswith("BCa bootstrap")
    assert drawn.comparison.delta.high is not None


def test_a_small_alpha_takes_more_resamples() -> None:
    found = judge(check(method="bootstrap", alpha=1e-4), graded(gain=0.2))
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert "100000 resamples" in found.comparison.delta.method


def test_clusters_are_counted_and_those_of_one_item_are_none() -> None:
    clusters = [str(number // 4) for number in range(100)]
    joined = judge(check(), answers(60, 20, 5, 15, clusters=clusters))
    assert joined.comparison is not None
    assert joined.comparison.delta.clusters == 25
    assert joined.comparison.delta.method == "paired t, cluster-robust (CR1)"
    alone = answers(60, 20, 5, 15, clusters=[str(number) for number in range(100)])
    assert judge(check(), alone) == judge(check(), answers(60, 20, 5, 15))


def test_two_groups() -> None:
    new, old = [1] * 90 + [0] * 10, [1] * 50 + [0] * 40
    found = judge(check(paired=False), sides(new, old))
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert found.comparison.delta.method.startswith("Farrington-Manning score, exact")
    assert (found.comparison.gained, found.comparison.worst) == (0, ())
    close = judge(check(paired=False), sides([1] * 55 + [0] * 45, old[:90]))
    assert close.outcome == "fail"
    rng = np.random.default_rng(1)
    new, old = rng.normal(0.2, 1, 50), rng.normal(0, 1, 70)
    found = judge(check(paired=False), sides(new, old))
    assert found.comparison is not None
    assert found.comparison.p == welch(new, old, alternative="greater").p
    assert found.outcome == "inconclusive"
    assert found.comparison.items_needed is not None


def test_a_model_that_changes_nothing() -> None:
    scores = np.random.default_rng(2).beta(2, 2, 100)
    same = sides(scores, scores)
    assert judge(check(), same).outcome == "fail"
    # At a loss of 5 points one item in 20 would differ at least: 0.95^100 is 0.006.
    found = judge(check("non_inferior"), same)
    assert found.outcome == "pass"
    assert found.comparison is not None
    assert found.comparison.p == pytest.approx(0.95**100)
    few = judge(check("non_inferior", margin=0.02), same)
    assert few.outcome == "inconclusive"
    assert few.comparison is not None
    assert few.comparison.items_needed == math.ceil(math.log(0.05) / math.log(0.98))
    clusters = [str(number // 10) for number in range(100)]
    assert judge(check("non_inferior"), replace(same, clusters=clusters)).outcome == "inconclusive"


def test_the_worst_items_are_named_the_worst_first() -> None:
    new = [0.5] * 20
    old = [0.5] * 8 + [0.6 + number / 100 for number in range(12)]
    found = judge(check("non_inferior"), sides(new, old))
    assert found.comparison is not None
    assert found.comparison.lost == 12
    assert found.comparison.worst == tuple(f"q{number:04}" for number in range(19, 9, -1))


def test_a_part_that_got_worse_fails_the_whole() -> None:
    languages = ["en"] * 60 + ["de"] * 20 + [""] * 20
    new = [1] * 60 + [0] * 15 + [1] * 25
    old = [0] * 40 + [1] * 40 + [0] * 20
    both = sides(new, old, slices={"language": languages, "topic": ["x", "y"] * 50})
    assert judge(check(), both).outcome == "pass"
    found = judge(check(slices=("language", "topic")), both)
    assert found.outcome == "fail"
    assert "worse on language=de (1.0000 to 0.2500 on 20 items, p 0.0001)" in found.found
    assert found.comparison is not None
    assert [one.slice for one in found.comparison.slices] == [
        "language=de", "language=en", "topic=x", "topic=y",
    ]  # fmt: skip
    # Four parts are judged together: the smallest p times four.
    assert found.comparison.slices[0].p_worse == pytest.approx(4 * 0.5**15)


def test_graded_parts_and_parts_of_clusters() -> None:
    both = graded(gain=0.2, slices={"part": ["a", "b"] * 30})
    new = both.new.copy()
    new[1::2] -= 0.35
    worse = judge(check("non_inferior", slices=("part",)), replace(both, new=new))
    assert worse.outcome == "fail"
    assert "worse on part=b" in worse.found
    # Two losses of the same size spread nothing, and are two tosses of a coin.
    small = replace(both, slices={"part": ["a"] * 58 + ["b"] * 2})
    new = both.new.copy()
    new[58:] = both.old[58:] - 0.25
    found = compared(check(slices=("part",)), replace(small, new=new))
    assert isinstance(found, Compared)
    assert found.finding.slices[1].p_worse == pytest.approx(2 * 0.25)
    clusters = ["c"] * 2 + [str(number // 2) for number in range(58)]
    one = replace(both, clusters=clusters, slices={"part": ["b"] * 2 + ["a"] * 58})
    found = compared(check(slices=("part",)), one)
    assert isinstance(found, Compared)
    assert found.finding.slices[1].p_worse == 1


def test_a_family_is_judged_by_its_own_p() -> None:
    found = compared(check(), answers(60, 15, 5, 20))
    assert isinstance(found, Compared)
    assert judged(found).outcome == "pass"
    answer = judged(found, p_adjusted=3 * found.p)
    assert answer.outcome == "inconclusive"
    assert answer.comparison is not None
    assert answer.comparison.p_adjusted == 3 * found.p
    assert "in its family" in answer.found
    assert answer.comparison.items_needed is not None
    assert answer.comparison.items_needed > 100


def test_too_few_items_decide_nothing() -> None:
    found = judge(check(min_items=101), answers(60, 20, 5, 15))
    assert found.outcome == "inconclusive"
    assert "expected at least 101 items, found 100 items" in found.found


@pytest.mark.parametrize(
    ("found", "fields", "words"),
    [
        (sides([], []), {}, "scored items of the candidate, found none"),
        (sides([1.0], [1.0], higher_is_better=None), {}, "higher_is_better"),
        (sides([1, math.nan], [1, 0]), {}, "1 item of 2 without: q0001"),
        (sides([1, 0], [math.inf, 0]), {}, "every item of m/1"),
        (sides([1, 0], [0]), {}, "found 2 and 1"),
        (sides([0.5] * 9, [0.4] * 9), {}, "all 9 items score 0.5000 of the candidate"),
        (sides([0.5, 0.7, 0.9], [0.4, 0.6, 0.8]), {}, "every item differs by +0.1000"),
        (sides([1, 0], [0, 1], clusters=["a", "a"]), {}, "at least 2 clusters"),
        (
            sides([1, 0, 1, 0], [0, 1, 0, 1], clusters=["a", "a", "b", "b"]),
            {}, "every cluster differs by +0.0000",
        ),
        (sides([1.7e308, 1], [-1.7e308, 2]), {}, "a float can hold"),
        (answers(1, 1, 1, 1), {"slices": ("language",)}, "expected items with language, found no"),
        (
            answers(1, 1, 1, 1, slices={"topic": list("abcd"), "language": [""] * 4}),
            {"slices": ("language",)}, "found topic",
        ),
        (answers(1, 1, 1, 1), {"test": "non_inferior", "margin": 1.0}, "a margin below 1"),
        (sides([2.0, 2.0], [1.0, 1.0]), {"paired": False}, "graded scores that spread"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_fails(found, fields, words) -> None:
    answer = judge(check(**fields), found)
    assert answer.outcome == "fail"
    assert words in answer.found


def test_one_graded_item_decides_nothing() -> None:
    found = judge(check(), sides([0.7], [0.6]))
    assert found.outcome == "inconclusive"
    assert found.comparison is not None
    assert (found.comparison.delta.low, found.comparison.p) == (None, 1)


PAIRS = st.one_of(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60),
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.sampled_from([0.1, 0.4, 0.5, 0.9])),
        min_size=2, max_size=30,
    ),
)  # fmt: skip
CHECKS = st.sampled_from(
    [check(), check(margin=0.1), check("non_inferior"), check("non_inferior", method="bootstrap")]
)


@settings(max_examples=60, deadline=None)
@given(PAIRS, CHECKS, st.randoms(), st.booleans())
def test_the_order_of_items_says_nothing(pairs, test, random, clustered) -> None:
    rows = [(*pair, f"q{n:03}", str(n // 3)) for n, pair in enumerate(pairs)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    found = []
    for some in (rows, shuffled):
        new, old, ids, clusters = (list(column) for column in zip(*some, strict=True))
        found.append(
            judge(test, sides(new, old, ids=ids, clusters=clusters if clustered else None))
        )
    assert found[0] == found[1]


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.sampled_from([True, False]))
def test_swapping_sides_mirrors_the_difference(pairs, is_better) -> None:
    new, old = (list(column) for column in zip(*pairs, strict=True))
    here = compared(check(), sides(new, old, higher_is_better=is_better))
    there = compared(check(), sides(old, new, higher_is_better=is_better))
    assert isinstance(here, Compared) == isinstance(there, Compared)
    if isinstance(here, Answer) or isinstance(there, Answer):
        return
    one, other = here.finding, there.finding
    assert one.delta.value == pytest.approx(-other.delta.value, abs=1e-12)
    assert (one.gained, one.lost) == (other.lost, other.gained)
    if one.delta.low is not None and other.delta.high is not None:
        assert one.delta.low == pytest.approx(-other.delta.high, abs=1e-9)
    # Both cannot be better.
    assert {judged(here).outcome, judged(there).outcome} != {"pass"}
    turned = compared(check(), sides(old, new, higher_is_better=not is_better))
    assert isinstance(turned, Compared)
    assert turned.finding.p == pytest.approx(one.p, abs=1e-9)
