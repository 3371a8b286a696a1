"""Intervals of a proportion are those of SciPy and statsmodels, and keep the laws of intervals."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from ft_registry.statistics.proportions import clopper_pearson, wilson

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
COUNTS = st.one_of(st.integers(1, 40), st.integers(1, 2000), st.just(10**6)).flatmap(
    lambda n: st.tuples(st.one_of(st.integers(0, n), st.sampled_from([0, 1, n - 1, n])), st.just(n))
)
METHODS = pytest.mark.parametrize(
    ("method", "theirs"), [(wilson, "wilson"), (clopper_pearson, "exact")]
)


@METHODS
@given(counts=COUNTS, level=LEVELS)
def test_it_is_scipys(method, theirs, counts, level) -> None:
    successes, n = counts
    expected = stats.binomtest(successes, n).proportion_ci(level, method=theirs)
    ours = method(successes, n, level=level)
    assert ours.low == pytest.approx(expected.low, abs=1e-9)
    assert ours.high == pytest.approx(expected.high, abs=1e-9)
    assert 0 <= ours.low <= ours.estimate <= ours.high <= 1


@METHODS
@given(counts=COUNTS, level=LEVELS)
def test_it_is_statsmodels(method, theirs, counts, level) -> None:
    successes, n = counts
    name = {"wilson": "wilson", "exact": "beta"}[theirs]
    low, high = proportion_confint(successes, n, alpha=1 - level, method=name)
    ours = method(successes, n, level=level)
    assert ours.low == pytest.approx(low, abs=1e-9)
    assert ours.high == pytest.approx(high, abs=1e-9)


@METHODS
@pytest.mark.parametrize("side", ["greater", "less"])
@given(counts=COUNTS, level=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_a_bound_is_scipys(method, theirs, side, counts, level) -> None:
    successes, n = counts
    test = stats.binomtest(successes, n, alternative=side)
    expected = test.proportion_ci(level, method=theirs)
    ours = method(successes, n, level=level, alternative=side)
    assert ours.low == pytest.approx(expected.low, abs=1e-9)
    assert ours.high == pytest.approx(expected.high, abs=1e-9)


@METHODS
@given(counts=COUNTS, level=LEVELS)
def test_failures_mirror_successes(method, theirs, counts, level) -> None:
    successes, n = counts
    ours, mirrored = method(successes, n, level=level), method(n - successes, n, level=level)
    assert ours.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    assert ours.high == pytest.approx(1 - mirrored.low, abs=1e-12)


@METHODS
@given(counts=COUNTS)
def test_intervals_nest_by_level(method, theirs, counts) -> None:
    found = [method(*counts, level=level) for level in (0.5, 0.9, 0.95, 0.99, 0.999)]
    for inner, outer in pairwise(found):
        assert outer.low <= inner.low <= inner.high <= outer.high


def test_the_example_of_a_textbook() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I: 81 of 263, and 0 of 20.
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    found = clopper_pearson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2527, 0.3676)
    found = wilson(0, 20)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 0.1611)
    found = clopper_pearson(0, 20)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 0.1684)


@given(st.integers(1, 10**6), LEVELS)
def test_no_failure_bounds_the_rate_of_failures(n: int, level: float) -> None:
    found = clopper_pearson(0, n, level=level, alternative="less")
    assert found.high == pytest.approx(-math.expm1(math.log1p(-level) / n), abs=1e-12)


def test_the_rule_of_three() -> None:
    assert clopper_pearson(0, 1000, alternative="less").high == pytest.approx(3 / 1000, rel=5e-3)


def test_the_exact_interval_holds_its_level_whatever_the_truth() -> None:
    n = 30
    found = [clopper_pearson(k, n, level=0.9) for k in range(n + 1)]
    for truth in (0.001, 0.05, 0.3, 0.5, 0.77, 0.99):
        mass = stats.binom.pmf(range(n + 1), n, truth)
        assert sum(m for m, i in zip(mass, found, strict=True) if i.holds(truth)) >= 0.9


@METHODS
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((1, 0), {}, "items: a whole number from 1 on, found 0"),
        ((-1, 5), {}, "successes: a whole number from 0 on, found -1"),
        ((6, 5), {}, "at most 5 successes, found 6"),
        ((1.0, 5), {}, "whole number from 0 on, found 1.0"),
        ((True, 5), {}, "found True"),
        ((1, math.nan), {}, "found nan"),
        ((1, 5), {"level": 0}, "a level between 0 and 1, found 0"),
        ((1, 5), {"level": "0.95"}, "found '0.95'"),
        ((1, 5), {"alternative": "larger"}, "two-sided, greater, less, found 'larger'"),
    ],
)
def test_what_makes_no_sense_is_refused(method, theirs, arguments, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        method(*arguments, **options)
