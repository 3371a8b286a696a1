"""Gates promote what is no better as seldom as they say, and find what is there as often.

benchmarks/gates.py draws more of the same.
"""

import math
from collections import Counter

import numpy as np
import pytest

from ft_registry.gates.comparing import Compared, Sides, compared
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.statistics.paired_exact_power import exact_paired_power
from ft_registry.statistics.power import paired_t_power

ALPHA, RUNS = 0.05, 1500


def check(test="superior", margin=0.0) -> CompareCheck:
    return CompareCheck(
        suite="s", metric="m", against="@champion", test=test, margin=margin, alpha=ALPHA
    )


def passes(test: CompareCheck, new, old, clusters=None) -> bool:
    ids = [str(number) for number in range(len(new))]
    found = compared(test, Sides("m/1", new, old, ids, True, clusters=clusters))
    return isinstance(found, Compared) and found.p <= test.alpha


def rate_of_answers(test: CompareCheck, n: int, gain: float, discordance: float) -> float:
    """Draws tables; those that are alike are decided once."""
    shares = [(discordance + gain) / 2, (discordance - gain) / 2]
    drawn = np.random.default_rng(n).multinomial(n, [*shares, 1 - sum(shares)], size=RUNS)
    promoted = 0
    for (b, c, same), times in Counter(map(tuple, drawn.tolist())).items():
        new = np.array([1.0] * b + [0.0] * c + [1.0] * same)
        old = np.array([0.0] * b + [1.0] * c + [1.0] * same)
        promoted += times * passes(test, new, old)
    return promoted / RUNS


def margin_of_chance(share: float, runs: int = RUNS) -> float:
    return 3.5 * math.sqrt(max(share * (1 - share), 0.01) / runs)


@pytest.mark.parametrize("n", [50, 200, 2000])
@pytest.mark.parametrize("discordance", [0.02, 0.12, 0.5])
def test_what_is_as_good_is_promoted_as_seldom_as_alpha_says(n, discordance) -> None:
    assert rate_of_answers(check(), n, 0.0, discordance) <= ALPHA + margin_of_chance(ALPHA)


@pytest.mark.parametrize(("n", "discordance"), [(50, 0.05), (50, 0.12), (200, 0.05), (200, 0.12)])
def test_what_is_worse_by_the_margin_is_promoted_as_seldom(n, discordance) -> None:
    test = check("non_inferior", 0.05)
    assert rate_of_answers(test, n, -0.05, discordance) <= ALPHA + margin_of_chance(ALPHA)


@pytest.mark.parametrize("n", [50, 500, 2000])
def test_what_is_better_is_found_as_often_as_theory_says(n) -> None:
    theory = exact_paired_power(n, 0.04, 0.12).power
    assert abs(rate_of_answers(check(), n, 0.04, 0.12) - theory) <= margin_of_chance(theory)


def test_what_is_as_good_is_no_worse_as_often_as_theory_says() -> None:
    theory = exact_paired_power(200, 0.0, 0.12, null=-0.05).power
    found = rate_of_answers(check("non_inferior", 0.05), 200, 0.0, 0.12)
    assert abs(found - theory) <= margin_of_chance(theory)


@pytest.mark.parametrize("cluster", [0, 5])
def test_graded_scores_keep_alpha_and_find_what_is_there(cluster) -> None:
    n, runs, gain = 100, 800, 0.04
    random = np.random.default_rng(1)
    promoted = {0.0: 0, gain: 0}
    clusters = [str(place // cluster) for place in range(n)] if cluster else None
    for _ in range(runs):
        old, change = random.beta(4, 2, n), random.normal(0, 0.2, n)
        if cluster:
            change = np.repeat(random.normal(0, 0.2, n // cluster), cluster) + change / 2
        for shift in promoted:
            promoted[shift] += passes(check(), old + change + shift, old, clusters)
    assert promoted[0.0] / runs <= ALPHA + margin_of_chance(ALPHA, runs)
    if not cluster:
        theory = paired_t_power(n, gain, 0.2, alternative="greater").power
        assert abs(promoted[gain] / runs - theory) <= margin_of_chance(theory, runs)
