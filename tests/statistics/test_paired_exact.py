"""The exact test of a margin is the largest tail that there is, from one item to ten million."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from ft_registry.statistics.mcnemar import PairedTable, mcnemar
from ft_registry.statistics.paired_exact import (
    EXACT_UP_TO,
    exact_paired_test,
    restricted_share,
    tango_score,
)
from ft_registry.statistics.paired_exact_power import exact_paired_items, exact_paired_power
from ft_registry.statistics.power import mcnemar_items

NULLS = st.sampled_from([-0.5, -0.1, -0.05, -0.02, -0.003, 0.01, 0.05, 0.3])
COUNT = st.one_of(st.integers(0, 3), st.integers(0, 40))
BIG = st.one_of(COUNT, st.integers(0, 10**7))
TABLES = st.tuples(COUNT, COUNT, COUNT).filter(any)


def table(b: int, c: int, rest: int) -> PairedTable:
    return PairedTable(both=rest, b=b, c=c, neither=0)


def tail(b: int, c: int, n: int, null: float, won: float, lost: float) -> float:
    """Adds up every table of n items that is as extreme."""
    wins, losses = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    possible = wins + losses <= n
    wins, losses = wins[possible], losses[possible]
    score = tango_score(b, c, n, null)
    extreme = tango_score(wins, losses, n, null) >= score - 1e-9 * max(1, abs(score))
    ways = np.column_stack([wins, losses, n - wins - losses])[extreme]
    return float(
        stats.multinomial.pmf(ways, n, [max(won, 0), max(lost, 0), max(1 - won - lost, 0)]).sum()
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 16), st.data(), NULLS)
def test_it_is_the_largest_tail_of_all_tables(n, data, null) -> None:
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    ours = exact_paired_test(table(b, c, n - b - c), null).p
    least, most = abs(null), 1.0
    shares = np.sin(np.linspace(math.asin(math.sqrt(least)), math.asin(math.sqrt(most)), 201)) ** 2
    found = [tail(b, c, n, null, (s + null) / 2, (s - null) / 2) for s in shares.tolist()]
    assert max(found) - 1e-12 <= ours <= max(found) + 2e-3
    place = int(np.argmax(found))
    ends = shares[max(place - 1, 0)], shares[min(place + 1, 200)]
    peak = minimize_scalar(
        lambda s: -tail(b, c, n, null, (s + null) / 2, (s - null) / 2), bounds=ends
    )
    assert ours == pytest.approx(max(-peak.fun, *found), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 8), st.data(), st.sampled_from([-0.3, -0.1, 0.1]))
def test_no_difference_below_the_null_has_a_larger_tail(n, data, null) -> None:
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    ours = exact_paired_test(table(b, c, n - b - c), null).p
    for won in np.linspace(0, 1, 21):
        for lost in np.linspace(max(0, won - null), 1 - won, 7):
            if won - lost <= null and won + lost <= 1:
                assert tail(b, c, n, null, won, lost) <= ours + 1e-7


@given(TABLES, NULLS)
def test_the_restricted_estimate_is_the_most_likely_one(counts, null) -> None:
    b, c, rest = counts
    n = b + c + rest
    found = float(restricted_share(b, c, n, null))
    more, less = (b, c) if null > 0 else (c, b)
    size = abs(null)

    def log_likelihood(share: float) -> float:
        left = max(1 - 2 * share - size, 0.0)
        return float(xlogy(more, share + size) + xlogy(less, share) + xlogy(rest, left))

    limit = (1 - size) / 2
    assert 0 <= found <= limit + 1e-12
    best = minimize_scalar(
        lambda share: -log_likelihood(share), bounds=(0, limit), options={"xatol": 1e-12}
    )
    assert log_likelihood(min(found, limit)) >= -best.fun - 1e-9


@given(BIG, BIG, BIG, NULLS)
def test_it_is_a_probability_whatever_the_numbers(b, c, rest, null) -> None:
    if b + c + rest == 0 or EXACT_UP_TO / 20 < b + c + rest <= EXACT_UP_TO:
        return
    found = exact_paired_test(table(b, c, rest), null)
    assert 0 <= found.p <= 1
    assert found.method.endswith("exact" if b + c + rest <= EXACT_UP_TO else "normal")


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 150), st.data(), NULLS)
def test_p_falls_with_wins_and_rises_with_losses(n, data, null) -> None:
    b = data.draw(st.integers(0, n - 1))
    c = data.draw(st.integers(0, n - 1 - b))
    here = exact_paired_test(table(b, c, n - b - c), null).p
    assert exact_paired_test(table(b + 1, c, n - b - c - 1), null).p <= here + 1e-6
    assert exact_paired_test(table(b, c + 1, n - b - c - 1), null).p >= here - 1e-6


@given(TABLES)
def test_against_no_difference_it_is_mcnemars(counts) -> None:
    b, c, rest = counts
    found = exact_paired_test(table(b, c, rest))
    assert found.p == mcnemar(b, c, alternative="greater")
    assert found.method == "McNemar exact"


def test_where_it_gets_large_both_ways_agree() -> None:
    n = EXACT_UP_TO
    found = exact_paired_test(table(900, 1220, n - 2120), -0.02)
    assert found.method == "Tango's score, exact"
    normal = stats.norm.sf(float(tango_score(900, 1220, n, -0.02)))
    assert found.p == pytest.approx(normal, rel=0.03)
    assert exact_paired_test(table(900, 1220, n - 2119), -0.02).method == "Tango's score, normal"


def test_the_example_of_tango() -> None:
    # Tango (1998), table II: 43 of 44 pairs agree, one is lost; equivalence within 10 points.
    assert float(tango_score(0, 1, 44, -0.1)) == pytest.approx(1.709, abs=0.001)


@pytest.mark.parametrize("null", [1, -1, 2, math.nan, "x"])
def test_a_difference_that_cannot_be_is_refused(null) -> None:
    with pytest.raises(ValueError, match="expected a null difference"):
        exact_paired_test(table(1, 2, 3), null)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.floats(0.01, 1), st.floats(-1, 1))
def test_the_power_of_mcnemar_is_the_sum_over_all_tables(n, discordance, part) -> None:
    effect = part * discordance
    ours = exact_paired_power(n, effect, discordance).power
    expected = 0.0
    for m in range(n + 1):
        wins = next(
            (b for b in range(m + 1) if mcnemar(b, m - b, alternative="greater") <= 0.05), None
        )
        if wins is not None:
            won = (1 + part) / 2
            expected += stats.binom.pmf(m, n, discordance) * stats.binom.sf(wins - 1, m, won)
    assert ours == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("n", "null", "effect"), [(30, -0.2, 0.0), (25, 0.1, 0.3)])
def test_the_power_of_a_margin_is_the_sum_over_all_tables(n, null, effect) -> None:
    discordance = 0.4
    won, lost = (discordance + effect) / 2, (discordance - effect) / 2
    expected = sum(
        stats.multinomial.pmf([b, c, n - b - c], n, [won, lost, 1 - discordance])
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if exact_paired_test(table(b, c, n - b - c), null).p <= 0.05
    )
    found = exact_paired_power(n, effect, discordance, null=null)
    assert found.power == pytest.approx(expected, abs=1e-9)


def test_the_items_of_a_margin_have_about_the_power() -> None:
    plan = exact_paired_items(0.0, 0.08, null=-0.03)
    assert plan is not None
    exact = exact_paired_power(plan.n, 0.0, 0.08, null=-0.03)
    assert exact.power == pytest.approx(0.8, abs=0.02)


def test_the_items_are_more_than_the_formula_says_and_none_where_none_do() -> None:
    exact = exact_paired_items(0.03, 0.12)
    assert exact is not None
    assert exact.power >= 0.8
    assert 1 < exact.n / mcnemar_items(0.03, 0.12, alternative="greater").n < 1.1
    assert exact_paired_items(0.01, 0.12, null=0.01) is None
    assert exact_paired_items(1e-6, 0.5) is None
    # With nothing discordant a share of 2 % would have shown: 0.98^149 < 0.05.
    none = exact_paired_items(0.0, 0.0, null=-0.02)
    assert none is not None
    assert none.n == 149
    assert exact_paired_items(0.1, 0.1) is not None


@pytest.mark.parametrize(("effect", "discordance"), [(0.2, 0.1), (0, 1.1), (0, -0.1)])
def test_what_cannot_be_is_refused(effect, discordance) -> None:
    with pytest.raises(ValueError, match="expected a discordance"):
        exact_paired_power(10, effect, discordance)
