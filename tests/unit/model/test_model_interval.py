"""Intervals are those of the literature, to the last digits that a gate could see."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ft_registry.model.interval import Interval, mean_interval, student, wilson

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), LEVELS)
def test_wilson_is_scipys(counts: tuple[int, int], level: float) -> None:
    successes, n = counts
    theirs = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    ours = wilson(successes, n, level=level)
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert 0 <= ours.low <= successes / n <= ours.high <= 1


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=60), LEVELS)
def test_student_is_scipys(values: list[float], level: float) -> None:
    ours = student(values, level=level)
    n = len(values)
    mean = math.fsum(values) / n
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1)) / math.sqrt(n)
    if error < 1e-9:
        return
    low, high = stats.t.interval(level, n - 1, loc=mean, scale=error)
    assert ours.low == pytest.approx(low, rel=1e-9, abs=1e-9)
    assert ours.high == pytest.approx(high, rel=1e-9, abs=1e-9)
    assert ours.holds(mean)


def test_the_example_of_a_textbook() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20.
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    found = wilson(0, 20)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 0.1611)


def test_right_and_wrong_get_wilson_and_grades_student() -> None:
    assert mean_interval([1, 0.0, 1, 1]) == wilson(3, 4)
    assert mean_interval([1, 0.5, 1, 1]) == student([1, 0.5, 1, 1])


def test_one_graded_item_tells_nothing() -> None:
    found = mean_interval([0.7])
    assert found == Interval(-math.inf, math.inf)
    assert not found.is_bounded
    assert mean_interval([1]).is_bounded


@given(st.floats(-1e6, 1e6), st.integers(2, 50))
def test_grades_that_are_all_equal_have_no_spread(value: float, n: int) -> None:
    found = student([value] * n)
    assert (found.low, found.high) == (value, value)
    assert found.holds(math.fsum([value] * n) / n)
    assert not found.holds(value + 1e-3 * max(1, abs(value)))


def test_no_items_have_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])
