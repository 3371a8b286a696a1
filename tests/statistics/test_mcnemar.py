"""McNemar's test is exact from one item to a million; Newcombe's interval is that of the paper."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as theirs
from statsmodels.stats.proportion import confint_proportions_2indep

from ft_registry.statistics.mcnemar import PairedTable, mcnemar, paired_difference, paired_table
from ft_registry.statistics.proportions import wilson

COUNT = st.one_of(st.integers(0, 3), st.integers(0, 60), st.integers(0, 10**6))
SMALL = st.integers(0, 60)
TABLES = (
    st.tuples(COUNT, COUNT, COUNT, COUNT)
    .filter(any)
    .map(lambda t: PairedTable(both=t[0], b=t[1], c=t[2], neither=t[3]))
)
LEVELS = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999])
EXTREMES = [(0, 0), (0, 1), (1, 0), (0, 5), (7, 7), (0, 10**6), (10**6, 10**6), (500_100, 499_900)]


@given(COUNT, COUNT)
def test_it_is_scipys_sign_test(b: int, c: int) -> None:
    if b + c == 0:
        return
    for alternative in ("two-sided", "greater", "less"):
        expected = stats.binomtest(b, b + c, 0.5, alternative=alternative).pvalue
        assert mcnemar(b, c, alternative=alternative) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("b", "c"), EXTREMES)
def test_extremes_are_scipys(b: int, c: int) -> None:
    expected = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9)


@given(SMALL, SMALL, SMALL, SMALL)
def test_it_is_statsmodels(both: int, b: int, c: int, neither: int) -> None:
    if b + c == 0:
        return
    expected = theirs([[both, b], [c, neither]], exact=True).pvalue
    assert mcnemar(b, c) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 40), st.integers(0, 40))
def test_both_variants_are_sums_of_fractions(b: int, c: int) -> None:
    n = b + c
    if n == 0:
        return
    mass = [Fraction(math.comb(n, k), 2**n) for k in range(n + 1)]
    wins = sum(mass[b:])
    assert mcnemar(b, c, alternative="greater") == pytest.approx(float(wins), rel=1e-12)
    mid = wins - mass[b] / 2
    assert mcnemar(b, c, alternative="greater", mid_p=True) == pytest.approx(float(mid), rel=1e-12)
    # Fagerland, Lydersen and Laake (2013), equations for the mid-p test.
    both = 1 - mass[b] / 2 if b == c else 2 * sum(mass[: min(b, c) + 1]) - mass[b]
    assert mcnemar(b, c, mid_p=True) == pytest.approx(float(both), rel=1e-12)


@given(COUNT, COUNT, st.booleans())
def test_swapping_sides_swaps_the_p_values(b: int, c: int, mid_p: bool) -> None:
    assert mcnemar(b, c, mid_p=mid_p) == mcnemar(c, b, mid_p=mid_p)
    left = mcnemar(b, c, alternative="greater", mid_p=mid_p)
    assert left == mcnemar(c, b, alternative="less", mid_p=mid_p)
    assert 0 <= mcnemar(b, c, mid_p=mid_p) <= 1


@given(COUNT, COUNT)
def test_mid_p_is_never_above_the_exact_one(b: int, c: int) -> None:
    for alternative in ("two-sided", "greater", "less"):
        exact = mcnemar(b, c, alternative=alternative)
        assert mcnemar(b, c, alternative=alternative, mid_p=True) <= exact


def test_nothing_discordant_tests_nothing() -> None:
    assert mcnemar(0, 0) == mcnemar(0, 0, mid_p=True) == mcnemar(0, 0, alternative="less") == 1


def test_the_tables_of_the_papers() -> None:
    # Fagerland et al. (2013), table 1: Bentur et al. (2009), 1 and 7 discordant of 21.
    airway = PairedTable(both=1, b=1, c=7, neither=12)
    found = paired_difference(airway)
    assert (round(found.p, 4), round(mcnemar(1, 7, mid_p=True), 4)) == (0.0703, 0.0391)
    # Fagerland et al., Statistics in Medicine 33 (2014), 2850-2875: the same, by Newcombe.
    assert (round(found.low, 3), round(found.high, 3)) == (-0.507, -0.026)
    # Cavo et al. (2012), as the R package contingencytables has it.
    found = paired_difference(PairedTable(both=59, b=6, c=16, neither=80))
    limits = [round(value, 4) for value in (found.estimate, found.low, found.high)]
    assert limits == [-0.0621, -0.1186, -0.0046]


@given(TABLES, LEVELS)
def test_the_interval_stays_inside_and_holds_the_estimate(table: PairedTable, level: float) -> None:
    found = paired_difference(table, level=level)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high
    assert found.n == table.n


def test_counts_of_numpy_do_not_overflow() -> None:
    counts = [10**6, 2000, 1000, 10**6]
    found = paired_difference(PairedTable(*np.array(counts)))
    assert found == paired_difference(PairedTable(*counts))


@given(TABLES, LEVELS)
def test_swapping_sides_mirrors_the_interval(table: PairedTable, level: float) -> None:
    found = paired_difference(table, level=level)
    mirrored = paired_difference(table.mirrored, level=level)
    assert found.low == pytest.approx(-mirrored.high, abs=1e-9)
    assert found.high == pytest.approx(-mirrored.low, abs=1e-9)
    assert found.p == mirrored.p


@given(TABLES)
def test_intervals_nest_by_level(table: PairedTable) -> None:
    found = [paired_difference(table, level=level) for level in (0.5, 0.9, 0.95, 0.99, 0.999)]
    for inner, outer in pairwise(found):
        assert outer.low <= inner.low + 1e-12
        assert inner.high <= outer.high + 1e-12


@given(TABLES, st.sampled_from([0.75, 0.9, 0.975]))
def test_a_bound_is_the_end_of_a_wider_interval(table: PairedTable, level: float) -> None:
    both = paired_difference(table, level=2 * level - 1)
    lower = paired_difference(table, level=level, alternative="greater")
    upper = paired_difference(table, level=level, alternative="less")
    assert lower.low == pytest.approx(both.low, abs=1e-9)
    assert upper.high == pytest.approx(both.high, abs=1e-9)
    assert (lower.high, upper.low) == (1, -1)


@given(SMALL, SMALL, LEVELS)
def test_where_answers_do_not_go_together_it_is_that_of_two_samples(
    wins: int, losses: int, level: float
) -> None:
    # Wins and losses alone, or a margin of 0, leave no positive correlation to subtract.
    for table in (PairedTable(wins + 1, losses, 0, 0), PairedTable(0, 0, wins, losses + 1)):
        n, new, old = table.n, table.both + table.b, table.both + table.c
        low, high = confint_proportions_2indep(
            new, n, old, n, method="newcomb", compare="diff", alpha=1 - level
        )
        found = paired_difference(table, level=level)
        assert found.low == pytest.approx(low, abs=1e-9)
        assert found.high == pytest.approx(high, abs=1e-9)


@given(TABLES, LEVELS)
def test_the_interval_is_newcombes_formula(table: PairedTable, level: float) -> None:
    # His letters, from counts to limits, by another way than the code's.
    e, f, g, h = table.both, table.b, table.c, table.neither
    n = table.n
    one, two = wilson(e + f, n, level=level), wilson(e + g, n, level=level)
    product = (e + f) * (g + h) * (e + g) * (f + h)
    numerator = e * h - f * g
    if numerator > n / 2:
        numerator -= n / 2
    elif numerator >= 0:
        numerator = 0
    phi = numerator / math.sqrt(product) if product else 0
    dl2, du2 = one.estimate - one.low, one.high - one.estimate
    dl3, du3 = two.estimate - two.low, two.high - two.estimate
    theta = (f - g) / n
    low = theta - math.sqrt(max(0, dl2**2 - 2 * phi * dl2 * du3 + du3**2))
    high = theta + math.sqrt(max(0, du2**2 - 2 * phi * du2 * dl3 + dl3**2))
    found = paired_difference(table, level=level)
    assert (found.low, found.high) == pytest.approx((max(low, -1), min(high, 1)), abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 0.0, 1.0, True]), st.booleans()), min_size=1))
def test_a_table_counts_what_lists_say(pairs: list[tuple[float, float]]) -> None:
    table = paired_table([new for new, _ in pairs], [old for _, old in pairs])
    outcomes = [(bool(new), bool(old)) for new, old in pairs]
    assert table == PairedTable(
        both=outcomes.count((True, True)), b=outcomes.count((True, False)),
        c=outcomes.count((False, True)), neither=outcomes.count((False, False)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("new", "old", "message"),
    [
        ([1, 0], [1], "found 2 new and 1 old"),
        ([], [], "new scores: at least one, found none"),
        ([1, 0.5], [1, 0], "scores of 0 or 1, found 0.5"),
        ([1, 0], [1, math.nan], "old scores: finite numbers, found nan at 1"),
        ([1, 0], [1, None], "old scores: numbers, found None"),
        (["1", "0"], [1, 0], "new scores: numbers, found '1'"),
        ([[1, 0]], [1, 0], "one number an item, found shape"),
        ([[1, 0], 1], [1, 0], "found a ragged list"),
    ],
)
def test_what_is_no_pair_of_answers_is_refused(new, old, message) -> None:
    with pytest.raises(ValueError, match=message):
        paired_table(new, old)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="discordant items b: a whole number from 0 on, found -1"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match=r"discordant items c.*found 2\.0"):
        mcnemar(1, 2.0)
    with pytest.raises(ValueError, match="found 'two'"):
        mcnemar(1, 2, alternative="two")
    with pytest.raises(ValueError, match="found a table of zeros"):
        PairedTable(0, 0, 0, 0)
    with pytest.raises(ValueError, match="the count 'c'"):
        PairedTable(1, 1, -1, 0)
    with pytest.raises(ValueError, match="level"):
        paired_difference(PairedTable(1, 1, 1, 1), level=0)
