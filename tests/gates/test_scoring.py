"""A score keeps its bound, by value or by limit; what is not known of it never passes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ft_registry.gates.scoring import MeasuredScore, answer_score
from ft_registry.model.policy_checks import ScoreCheck


def check(**fields) -> ScoreCheck:
    return ScoreCheck(**{"suite": "dates", "metric": "exact", **fields})


def measured(items, clusters=None) -> MeasuredScore:
    scores = np.array(items, dtype=float)
    ids = tuple(f"q{number}" for number in range(len(scores)))
    value = math.fsum(items) / len(items) if items else 0.0
    return MeasuredScore(value, len(scores), scores, ids, clusters)


def right(k: int, n: int) -> list[float]:
    return [1.0] * k + [0.0] * (n - k)


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [
        ({"at_least": 0.9}, "pass"), ({"at_least": 0.91}, "fail"),
        ({"at_most": 0.9}, "pass"), ({"at_most": 0.89}, "fail"),
    ],
)  # fmt: skip
def test_a_value_is_held_against_the_bound(bound, outcome) -> None:
    assert answer_score(check(**bound), measured(right(9, 10))).outcome == outcome
    total = MeasuredScore(0.9, 0)
    assert answer_score(check(**bound), total).outcome == outcome


def test_a_value_that_is_the_bound_but_for_its_last_bits_keeps_it() -> None:
    assert answer_score(check(at_least=0.3), MeasuredScore(0.1 + 0.2, 10)).outcome == "pass"
    assert answer_score(check(at_most=0.3), MeasuredScore(0.1 + 0.2, 10)).outcome == "pass"


def test_a_lower_bound_is_the_exact_one() -> None:
    found = answer_score(check(at_least=0.9, by="lower_bound"), measured(right(95, 100)))
    limit = stats.binomtest(95, 100, alternative="greater").proportion_ci(0.95).low
    assert found.score is not None
    assert found.score.low == pytest.approx(limit, abs=1e-9)
    assert found.score.high is None
    assert found.outcome == "inconclusive"
    assert "about 191 items would show it at 80 % power" in found.found
    enough = answer_score(check(at_least=0.9, by="lower_bound"), measured(right(950, 1000)))
    assert enough.outcome == "pass"
    assert "the lower bound at 95 % is 0.9371 (Clopper-Pearson)" in enough.found
    below = answer_score(check(at_least=0.96, by="lower_bound"), measured(right(95, 100)))
    assert below.outcome == "fail"


def test_an_upper_bound_mirrors_a_lower_one() -> None:
    low = answer_score(check(at_least=0.98, by="lower_bound"), measured(right(100, 100)))
    high = answer_score(check(at_most=0.02, by="upper_bound"), measured(right(0, 100)))
    assert low.outcome == high.outcome == "inconclusive"
    assert low.score is not None
    assert high.score is not None
    assert high.score.high == pytest.approx(1 - low.score.low, abs=1e-12)
    assert "about 149 items" in low.found
    assert "about 149 items" in high.found


def test_graded_scores_have_students_limit() -> None:
    items = np.random.default_rng(1).beta(8, 2, 60).tolist()
    found = answer_score(check(at_least=0.78, by="lower_bound", level=0.9), measured(items))
    limit = np.mean(items) - stats.t.ppf(0.9, 59) * stats.sem(items)
    assert found.score is not None
    assert found.score.low == pytest.approx(limit, abs=1e-9)
    assert found.score.method == "Student's t"
    assert found.score.level == 0.9


def test_clusters_widen_the_limit() -> None:
    items = np.repeat(np.random.default_rng(2).integers(0, 2, 30), 4).astype(float).tolist()
    clusters = [f"text {number // 4}" for number in range(120)]
    alone = answer_score(check(at_least=0.1, by="lower_bound"), measured(items))
    joined = answer_score(check(at_least=0.1, by="lower_bound"), measured(items, clusters))
    assert alone.score is not None
    assert joined.score is not None
    assert joined.score.low < alone.score.low
    assert joined.score.clusters == 30
    # One item each says the same as no clusters.
    single = [f"text {number}" for number in range(120)]
    assert answer_score(check(at_least=0.1, by="lower_bound"), measured(items, single)) == alone


def test_clusters_that_are_all_right_are_that_many_draws() -> None:
    clusters = [f"text {number // 10}" for number in range(600)]
    found = answer_score(check(at_least=0.95, by="lower_bound"), measured([1.0] * 600, clusters))
    assert found.score is not None
    assert found.score.low == pytest.approx(0.05 ** (1 / 60), abs=1e-9)
    assert found.outcome == "pass"
    few = answer_score(check(at_least=0.99, by="lower_bound"), measured([1.0] * 600, clusters))
    assert few.outcome == "inconclusive"
    assert "about 2,990 items" in few.found


@pytest.mark.parametrize(
    ("fields", "score", "words"),
    [
        ({}, measured([1.0, math.nan]), "1 item of 2 without: q1"),
        ({}, measured([1.0, 0.0, math.inf]), "1 item of 3 without: q2"),
        ({}, MeasuredScore(math.nan, 3), "expected a finite score, found nan"),
        ({}, MeasuredScore(0.5, 0, np.array([])), "found none"),
        ({"by": "lower_bound"}, MeasuredScore(0.95, 100), "there is the total alone"),
        ({"by": "lower_bound"}, MeasuredScore(0.95, 9, absent="no samples"), "none: no samples"),
        ({"by": "lower_bound"}, MeasuredScore(0.95, 2, np.array([1.0, 0.0])), "mean of 0.5000"),
        ({"by": "lower_bound"}, measured([0.7] * 9), "all 9 items score 0.7000"),
        ({"by": "lower_bound"}, measured([1.0, 0.0], ["a", "a"]), "at least 2 clusters"),
        ({"by": "lower_bound"}, measured([1.0, 0.0] * 2, ["a", "a", "b", "b"]), "clusters alike"),
    ],
)  # fmt: skip
def test_what_cannot_be_reckoned_with_fails(fields, score, words) -> None:
    with np.errstate(invalid="ignore"):
        found = answer_score(check(at_least=0.5, **fields), score)
    assert found.outcome == "fail"
    assert words in found.found


def test_too_few_items_decide_nothing() -> None:
    found = answer_score(check(at_least=0.5, min_items=100), measured(right(20, 20)))
    assert (found.outcome, found.found) == (
        "inconclusive", "expected at least 100 items, found 20 items",
    )  # fmt: skip
    unknown = answer_score(check(at_least=0.5, min_items=100), MeasuredScore(0.9, 0))
    assert unknown.outcome == "inconclusive"
    assert "nobody saying how many" in unknown.found


def test_what_no_number_of_items_would_show() -> None:
    found = answer_score(check(at_least=0.9, by="lower_bound"), measured(right(9, 10)))
    assert found.outcome == "inconclusive"
    assert "no number of items would show it" in found.found
    lone = answer_score(check(at_least=0.1, by="lower_bound"), measured([0.7]))
    assert lone.outcome == "inconclusive"
    assert "1 item tells nothing of the spread" in lone.found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40), st.randoms())
def test_the_order_of_items_says_nothing_and_sides_mirror(items, random) -> None:
    here = answer_score(check(at_least=0.5, by="lower_bound"), measured(items))
    shuffled = list(items)
    random.shuffle(shuffled)
    there = answer_score(check(at_least=0.5, by="lower_bound"), measured(shuffled))
    assert there.outcome == here.outcome
    turned = answer_score(check(at_most=0.5, by="upper_bound"), measured([1 - x for x in items]))
    assert turned.outcome == here.outcome
