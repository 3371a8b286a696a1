"""Two groups: Welch's t and Newcombe's interval are those of SciPy and statsmodels, p is exact."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from statsmodels.stats.proportion import confint_proportions_2indep, score_test_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ft_registry.statistics.unpaired import unpaired_difference, welch
from ft_registry.statistics.unpaired_exact import (
    UnpairedTable,
    difference_score,
    exact_unpaired_test,
)

NULLS = st.sampled_from([-0.3, -0.1, -0.02, 0.0, 0.05, 0.2])
SCORES = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=30)


@st.composite
def tables(draw, most: int = 40) -> UnpairedTable:
    new, old = draw(st.integers(1, most)), draw(st.integers(1, most))
    return UnpairedTable(draw(st.integers(0, new)), new, draw(st.integers(0, old)), old)


def varies(*sides: list[float]) -> bool:
    return all(np.ptp(side) > 1e-2 for side in sides)


@given(SCORES, SCORES, st.sampled_from([0.8, 0.95, 0.99]), st.floats(-3, 3))
def test_it_is_scipys_welch(new, old, level, null) -> None:
    if not varies(new, old):
        return
    ours = welch(new, old, level=level)
    theirs = stats.ttest_ind(new, old, equal_var=False)
    interval = theirs.confidence_interval(level)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-9)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), abs=1e-9, rel=1e-9)
    shifted = CompareMeans(DescrStatsW(new), DescrStatsW(old)).ttest_ind(
        alternative="larger", usevar="unequal", value=null
    )
    one_sided = welch(new, old, null=null, alternative="greater")
    assert one_sided.p == pytest.approx(shifted[1], abs=1e-9)
    assert one_sided.high == math.inf


@given(SCORES, SCORES)
def test_swapping_sides_mirrors_welch(new, old) -> None:
    here, there = welch(new, old), welch(old, new)
    assert here.estimate == pytest.approx(-there.estimate, abs=1e-12)
    assert here.p == pytest.approx(there.p, abs=1e-12)
    assert here.low == pytest.approx(-there.high, abs=1e-9)


def test_clusters_of_one_are_no_clusters_and_clusters_that_repeat_widen() -> None:
    rng = np.random.default_rng(3)
    new, old = rng.normal(0.4, 1, 20), rng.normal(0, 2, 30)
    alone = welch(new, old, clusters=list(range(20)), old_clusters=list(range(30)))
    plain = welch(new, old)
    assert (alone.p, alone.low) == pytest.approx((plain.p, plain.low), abs=1e-12)
    assert (alone.clusters, plain.clusters) == (50, None)
    twice = welch(
        np.repeat(new, 2), np.repeat(old, 2),
        clusters=np.repeat(np.arange(20), 2), old_clusters=np.repeat(np.arange(30), 2),
    )  # fmt: skip
    assert (twice.p, twice.low) == pytest.approx((plain.p, plain.low), abs=1e-12)


def test_what_does_not_spread_or_stands_alone() -> None:
    assert welch([1.5], [1, 2, 3]).p == 1
    assert not welch([1.5], [1, 2, 3]).is_bounded
    assert welch([2, 2], [1, 1]).p == 0
    assert welch([2, 2], [2, 2]).p == 1
    assert welch([2, 2], [1, 1]).standard_error == 0
    assert 0 < welch([2, 2], [1, 1.5]).p < 1
    assert 0 < welch([1e300, 2e300], [1e-300, 2e-300]).p < 1
    with pytest.raises(ValueError, match="a difference that a float can hold"):
        welch([1.7e308, 1.6e308], [-1.7e308, -1.6e308])


@given(tables(), NULLS)
def test_the_score_is_at_the_most_likely_proportions(table, null) -> None:
    new, old = table.new_items, table.old_items
    right, right_old = table.new_right, table.old_right

    def unlikely(share: float) -> float:
        there = min(max(share - null, 0.0), 1.0)
        return -float(
            xlogy(right, share) + xlogy(new - right, 1 - share)
            + xlogy(right_old, there) + xlogy(old - right_old, 1 - there)
        )  # fmt: skip

    ends = (max(0.0, null) + 1e-12, min(1.0, 1 + null) - 1e-12)
    share = float(minimize_scalar(unlikely, bounds=ends, options={"xatol": 1e-13}).x)
    there = share - null
    variance = share * (1 - share) / new + there * (1 - there) / old
    distance = right / new - right_old / old - null
    if variance > 1e-6:
        expected = distance / math.sqrt(variance)
        ours = float(difference_score(right, new, right_old, old, null))
        assert ours == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(tables())
def test_against_no_difference_the_score_is_statsmodels(table) -> None:
    counts = table.new_right, table.new_items, table.old_right, table.old_items
    if table.new_right + table.old_right in (0, table.new_items + table.old_items):
        assert difference_score(*counts, 0.0) == 0
        return
    theirs = score_test_proportions_2indep(*counts, correction=False).statistic
    assert float(difference_score(*counts, 0.0)) == pytest.approx(theirs, abs=1e-9)


@given(tables())
def test_the_interval_is_statsmodels(table) -> None:
    ours = unpaired_difference(table)
    theirs = confint_proportions_2indep(
        table.new_right, table.new_items, table.old_right, table.old_items, method="newcomb"
    )
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=12, deadline=None)
@given(tables(most=20))
def test_against_no_difference_p_is_barnards(table) -> None:
    counts = [
        [table.new_right, table.old_right],
        [table.new_items - table.new_right, table.old_items - table.old_right],
    ]
    here = np.arange(table.new_items + 1)[:, None], np.arange(table.old_items + 1)[None, :]
    scores = difference_score(here[0], table.new_items, here[1], table.old_items, 0.0)
    score = difference_score(
        table.new_right, table.new_items, table.old_right, table.old_items, 0.0
    )
    # SciPy leaves out tables that tie but for rounding, as one does with 1 of 2 against 1 of 14.
    assume(np.count_nonzero(np.abs(scores - score) < 1e-9) == 1)
    theirs = stats.barnard_exact(counts, alternative="greater").pvalue
    if math.isnan(theirs):
        return
    assert exact_unpaired_test(table).p == pytest.approx(theirs, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(tables(most=15), NULLS)
def test_it_is_the_largest_tail_of_all_tables(table, null) -> None:
    new, old = table.new_items, table.old_items
    here, there = np.arange(new + 1)[:, None], np.arange(old + 1)[None, :]
    score = float(difference_score(table.new_right, new, table.old_right, old, null))
    extreme = difference_score(here, new, there, old, null) >= score - 1e-7 * max(1, abs(score))
    low, high = max(0.0, -null), min(1.0, 1 - null)
    shares = np.sin(np.linspace(math.asin(math.sqrt(low)), math.asin(math.sqrt(high)), 801)) ** 2
    shares = np.clip(shares, low, high)
    ours = np.clip(shares + null, 0.0, 1.0)[:, None]
    left = stats.binom.pmf(np.arange(new + 1), new, ours)
    right = stats.binom.pmf(np.arange(old + 1), old, shares[:, None])
    found = np.einsum("sx,sy,xy->s", left, right, extreme.astype(float)).max()
    assert found - 1e-9 <= exact_unpaired_test(table, null).p <= found + 1e-4


@settings(deadline=None)
@given(st.integers(0, 10**7), st.integers(0, 10**7), NULLS)
def test_many_items_overflow_nothing(right, old_right, null) -> None:
    found = exact_unpaired_test(UnpairedTable(right, 10**7, old_right, 10**7), null)
    assert 0 <= found.p <= 1
    assert found.method.endswith("normal")


@pytest.mark.parametrize("counts", [(1, 0, 0, 1), (2, 1, 0, 1), (0, 1, 3, 2), (-1, 1, 0, 1)])
def test_what_is_no_table_is_refused(counts) -> None:
    with pytest.raises(ValueError, match="expected"):
        UnpairedTable(*counts)
