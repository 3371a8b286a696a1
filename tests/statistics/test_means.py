"""Intervals of a mean are those of the literature, to the last digits that a gate could see."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ft_registry.statistics.means import mean_interval, student
from ft_registry.statistics.proportions import wilson

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])


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
    assert ours.standard_error == pytest.approx(error, rel=1e-12)
    assert ours.holds(mean)


def test_right_and_wrong_get_wilson_and_grades_student() -> None:
    assert mean_interval([1, 0.0, 1, 1]) == wilson(3, 4)
    assert mean_interval([1, 0.5, 1, 1]) == student([1, 0.5, 1, 1])


def test_one_graded_item_tells_nothing() -> None:
    found = mean_interval([0.7])
    assert (found.estimate, found.low, found.high) == (0.7, -math.inf, math.inf)
    assert not found.is_bounded
    assert mean_interval([1]).is_bounded


@given(st.floats(-1e6, 1e6), st.integers(2, 50))
def test_grades_that_are_all_equal_have_no_spread(value: float, n: int) -> None:
    found = student([value] * n)
    assert (found.low, found.high) == (value, value)
    assert found.holds(math.fsum([value] * n) / n)
    assert not found.holds(value + 1e-3 * max(1, abs(value)))


def test_an_interval_is_told_in_words() -> None:
    assert mean_interval([0.25, 0.75], level=0.5).span == "0.2500 to 0.7500"


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ([], 0.95, "at least one score, found none"),
        ([0.5, math.nan], 0.95, "finite number, found nan"),
        ([0.5, math.inf], 0.95, "finite number, found inf"),
        ([0.5, None], 0.95, "finite number, found None"),
        ([0.5, "1"], 0.95, "finite number, found '1'"),
        ([0.5, 1], 1.0, "between 0 and 1, found 1.0"),
        ([0.5, 1], 95, "between 0 and 1, found 95"),
        ([0.5, 1], math.nan, "between 0 and 1, found nan"),
    ],
)
def test_what_makes_no_sense_is_refused(values: list[float], level: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_interval(values, level=level)
