"""Power is that of statsmodels for t and of Connor's formula for McNemar; plans fit together."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from ft_registry.statistics.mcnemar import mcnemar
from ft_registry.statistics.power import (
    mcnemar_effect,
    mcnemar_items,
    mcnemar_power,
    paired_t_effect,
    paired_t_items,
    paired_t_power,
)

LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])
POWERS = st.sampled_from([0.5, 0.8, 0.9, 0.99])
SIDES = {"two-sided": "two-sided", "greater": "larger", "less": "smaller"}
ALTERNATIVES = st.sampled_from(sorted(SIDES))
N = st.one_of(st.integers(2, 30), st.integers(2, 100_000))


@given(N, st.floats(-3, 3), LEVELS, ALTERNATIVES)
def test_the_power_of_t_is_statsmodels(n, effect, level, alternative) -> None:
    assume(abs(effect) * math.sqrt(n) < 30)
    expected = TTestPower().power(effect, n, 1 - level, alternative=SIDES[alternative])
    assume(not math.isnan(expected))
    ours = paired_t_power(n, effect * 2.5, 2.5, level=level, alternative=alternative)
    assert ours.power == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.02, 2), POWERS, LEVELS)
def test_the_items_of_t_are_statsmodels(effect, power, level) -> None:
    ours = paired_t_items(effect, 1.0, power=power, level=level)
    assert ours.power >= power
    assert ours.n == 2 or paired_t_power(ours.n - 1, effect, 1.0, level=level).power < power
    if ours.n > 4:
        exact = TTestPower().solve_power(effect, alpha=1 - level, power=power)
        assert ours.n == math.ceil(exact - 1e-6)


def test_the_example_of_a_textbook() -> None:
    # G*Power's manual and R's pwr: d = 0.5 at 80 % takes 34 pairs, two-sided at 5 %.
    assert paired_t_items(0.5, 1.0).n == 34
    assert paired_t_items(0.5, 1.0, alternative="greater").n == 27
    assert paired_t_items(-0.5, 1.0, alternative="less").n == 27


@settings(max_examples=40)
@given(N, st.floats(1e-3, 1e3), POWERS, LEVELS, ALTERNATIVES)
def test_the_effect_of_t_has_the_power(n, deviation, power, level, alternative) -> None:
    ours = paired_t_effect(n, deviation, power=power, level=level, alternative=alternative)
    assert ours.power == pytest.approx(power, abs=1e-9)
    assert (ours.effect < 0) == (alternative == "less")


@given(
    st.integers(2, 10**9), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6),
    st.floats(0.01, 1 - 1e-9), ALTERNATIVES,
)  # fmt: skip
def test_the_power_of_t_is_a_probability_whatever_is_asked(n, effect, sd, level, side) -> None:
    ours = paired_t_power(n, effect, sd, level=level, alternative=side)
    assert 0 <= ours.power <= 1


def connor(effect: float, discordance: float, tail: float, power: float) -> float:
    """Connor (1987), by hand."""
    z_a, z_b = stats.norm.isf(tail), stats.norm.ppf(power)
    spread = math.sqrt(discordance - effect**2)
    return ((z_a * math.sqrt(discordance) + z_b * spread) / effect) ** 2


@given(st.floats(0.01, 1), st.floats(0.05, 0.999), POWERS, LEVELS)
def test_the_items_of_mcnemar_are_connors(discordance, share, power, level) -> None:
    effect = share * discordance
    expected = math.ceil(connor(effect, discordance, (1 - level) / 2, power) - 1e-6)
    assume(expected > 3)
    ours = mcnemar_items(effect, discordance, power=power, level=level)
    # The formula leaves out findings on the wrong side: a little power, so a little too much.
    assert 0.99 * expected - 1 <= ours.n <= expected if power > 0.5 else ours.n <= expected
    lower = mcnemar_items(effect, discordance, power=power, level=level, alternative="greater")
    assert lower.n == math.ceil(connor(effect, discordance, 1 - level, power) - 1e-6)


@pytest.mark.parametrize(("n", "wins", "losses"), [(150, 0.12, 0.04), (400, 0.12, 0.07)])
def test_the_power_of_mcnemar_is_that_of_all_tables(n, wins, losses) -> None:
    discordance = wins + losses
    shares = {True: 0.0, False: 0.0}
    for d in range(n + 1):
        weight = stats.binom.pmf(d, n, discordance)
        if weight < 1e-9:
            continue
        mass = stats.binom.pmf(range(d + 1), d, wins / discordance)
        for mid_p in shares:
            found = [mcnemar(b, d - b, mid_p=mid_p) <= 0.05 for b in range(d + 1)]
            shares[mid_p] += weight * mass[found].sum()
    planned = mcnemar_power(n, wins - losses, discordance).power
    assert planned == pytest.approx(shares[True], abs=0.01)
    assert planned - 0.07 < shares[False] < planned - 0.03


def test_a_table_that_all_evaluations_need() -> None:
    # 3 points with 12 % discordant: a thousand items, as Miller (2024) finds.
    assert mcnemar_items(0.03, 0.12).n == 1045
    assert mcnemar_power(1000, 0.03, 0.12).power == pytest.approx(0.7828, abs=1e-4)


@given(st.integers(1, 10**6), st.floats(0.01, 1), POWERS, LEVELS, ALTERNATIVES)
def test_the_effect_of_mcnemar_has_the_power(n, discordance, power, level, alternative) -> None:
    options = {"level": level, "alternative": alternative}
    ours = mcnemar_effect(n, discordance, power=power, **options)
    if ours is None:
        sign = -1 if alternative == "less" else 1
        assert mcnemar_power(n, sign * discordance, discordance, **options).power < power
        return
    assert abs(ours.effect) <= discordance
    assert (ours.effect < 0) == (alternative == "less")
    if abs(ours.effect) < discordance * (1 - 1e-9):
        assert ours.power == pytest.approx(power, abs=1e-6)


@given(st.integers(1, 10**6), st.floats(0.01, 1), st.floats(-1, 1), LEVELS, ALTERNATIVES)
def test_power_is_a_probability_and_mirrors(n, discordance, share, level, alternative) -> None:
    effect = share * discordance
    ours = mcnemar_power(n, effect, discordance, level=level, alternative=alternative)
    assert 0 <= ours.power <= 1
    other = {"two-sided": "two-sided", "greater": "less", "less": "greater"}[alternative]
    mirrored = mcnemar_power(n, -effect, discordance, level=level, alternative=other)
    assert mirrored.power == ours.power


def test_where_every_item_is_won_there_is_nothing_left_to_chance() -> None:
    assert mcnemar_power(3, 1.0, 1.0).power == 0
    assert mcnemar_power(4, 1.0, 1.0).power == 1
    assert mcnemar_items(1.0, 1.0).n == 4
    assert mcnemar_effect(3, 1.0) is None


def test_without_an_effect_power_is_the_rate_of_false_findings() -> None:
    assert mcnemar_power(500, 0.0, 0.2).power == pytest.approx(0.05)
    assert paired_t_power(500, 0.0, 1.0, alternative="greater").power == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paired_t_power(1, 0.5, 1), "items: a whole number from 2 on, found 1"),
        (lambda: paired_t_power(10, math.nan, 1), "an effect: a finite number, found nan"),
        (lambda: paired_t_power(10, 0.5, 0), "a standard deviation above 0, found 0"),
        (lambda: paired_t_power(10, 0.5, 1, level=1), "a level between 0 and 1"),
        (lambda: paired_t_items(0, 1), "an effect other than 0, found 0"),
        (lambda: paired_t_items(-1, 1, alternative="greater"), "an effect above 0, found -1"),
        (lambda: paired_t_items(1, 1, alternative="less"), "an effect below 0, found 1"),
        (lambda: paired_t_items(1e-9, 1), "an effect that 1000000000 items can show"),
        (lambda: paired_t_items(1, 1, power=0.4), "a power of 0.5 or more, and below 1, found 0.4"),
        (lambda: paired_t_items(1, 1, power=1), "a power between 0 and 1, found 1"),
        (lambda: mcnemar_power(0, 0.1, 0.2), "items: a whole number from 1 on, found 0"),
        (lambda: mcnemar_power(9, 0.3, 0.2), "within the discordance of 0.2, found 0.3"),
        (lambda: mcnemar_power(9, 0.0, 0), "a discordance above 0, at most 1, found 0"),
        (lambda: mcnemar_items(0.1, 1.2), "a discordance above 0, at most 1, found 1.2"),
        (lambda: mcnemar_effect(9, 0.2, power=math.nan), "a power between 0 and 1, found nan"),
        (lambda: mcnemar_power(9, 0.1, 0.2, alternative="up"), "found 'up'"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
