"""The items that show a proportion above a bound are counted, whatever the proportion."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ft_registry.statistics.proportion_power import proportion_items, proportion_power
from ft_registry.statistics.proportions import clopper_pearson


@settings(max_examples=50, deadline=None)
# SciPy's binomial overflows at shares of 1e-300.
@given(st.integers(1, 120), st.floats(0, 1).map(lambda x: round(x, 9)), st.floats(0.01, 0.99))
def test_the_power_counts_the_limits_that_reach_the_bound(n, share, bound) -> None:
    limits = [clopper_pearson(k, n, alternative="greater").low for k in range(n + 1)]
    if min(abs(limit - bound) for limit in limits) < 1e-9:
        return
    expected = sum(stats.binom.pmf(k, n, share) for k, limit in enumerate(limits) if limit >= bound)
    assert proportion_power(n, share, bound) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 0.9), st.floats(0.005, 0.3))
def test_the_items_have_the_power(bound, more) -> None:
    share = min(bound + more, 1.0)
    n = proportion_items(share, bound)
    assert n is not None
    assert proportion_power(n, share, bound) >= 0.8
    # The normal approximation, which is rough where the items are few.
    z = stats.norm.isf(0.05) * math.sqrt(bound * (1 - bound)) + stats.norm.isf(0.2) * math.sqrt(
        share * (1 - share)
    )
    assert n <= 2 * (z / more) ** 2 + 100


def test_with_nothing_wrong_it_is_the_rule_of_three() -> None:
    assert proportion_items(1.0, 0.99) == math.ceil(math.log(0.05) / math.log(0.99)) == 299


def test_what_no_number_of_items_shows() -> None:
    assert proportion_items(0.9, 0.9) is None
    assert proportion_items(0.8, 0.9) is None
    assert proportion_items(1.0, 1.0) is None
    assert proportion_items(0.9 + 1e-6, 0.9) is None
    assert proportion_items(0.5, 0.0) == 1


@pytest.mark.parametrize(("share", "bound"), [(1.1, 0.5), (0.5, -0.1), (math.nan, 0.5)])
def test_what_is_no_proportion_is_refused(share, bound) -> None:
    with pytest.raises(ValueError, match="expected a"):
        proportion_items(share, bound)
