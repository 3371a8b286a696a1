"""Intervals of a proportion: items that are right or wrong.

Sources:
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), 209-212.
    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26 (1934), 404-413; the limits as quantiles of the beta
    distribution: L. D. Brown, T. T. Cai and A. DasGupta, "Interval estimation for a binomial
    proportion", Statistical Science 16 (2001), section 4.2.1.
"""

import math

from ft_registry.statistics.arguments import alternative_of, count_of, level_of
from ft_registry.statistics.estimate import (
    LEVEL,
    Alternative,
    Estimate,
    normal_quantile,
    tail_of,
)


def wilson(
    successes: int, n: int, *, level: float = LEVEL, alternative: Alternative = "two-sided"
) -> Estimate:
    """Returns Wilson's score interval (1927): inside 0 to 1, at its level on average.

    Args:
        successes: Items that scored 1: 0 to n.
        n: All items, at least one.
        level: Between 0 and 1.
        alternative: ``greater`` for a lower bound alone, ``less`` for an upper one.

    Raises:
        ValueError: An argument makes no sense.
    """
    successes, n = _counts(successes, n, level, alternative)
    low, high = wilson_limits(successes, n, normal_quantile(tail_of(level, alternative)))
    return _estimate(successes, n, low, high, level, alternative, "Wilson")


def clopper_pearson(
    successes: int, n: int, *, level: float = LEVEL, alternative: Alternative = "two-sided"
) -> Estimate:
    """Returns the exact interval (Clopper and Pearson, 1934): it holds at least its level, always.

    With no success in n the upper bound alone is 1 - (1 - level)^(1/n): at 95 % about 3/n.

    Args:
        successes: Items that scored 1: 0 to n.
        n: All items, at least one.
        level: Between 0 and 1.
        alternative: ``greater`` for a lower bound alone, ``less`` for an upper one.

    Raises:
        ValueError: An argument makes no sense.
    """
    successes, n = _counts(successes, n, level, alternative)
    # Imported where it is needed: reading commands do without it.
    from scipy.special import betaincinv

    tail = tail_of(level, alternative)

    def lower(k: int) -> float:
        return float(betaincinv(k, n - k + 1, tail)) if k else 0.0

    # The upper limit is the lower one of the failures, so that both sides mirror to the bit.
    low, high = lower(successes), 1 - lower(n - successes)
    return _estimate(successes, n, low, high, level, alternative, "Clopper-Pearson")


def wilson_limits(successes: int, n: int, z: float) -> tuple[float, float]:
    """Returns the two limits of Wilson's interval, z standard errors away."""
    share = successes / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At the ends the two terms are equal but for their last bits.
    low = 0.0 if successes == 0 else max(centre - half, 0.0)
    high = 1.0 if successes == n else min(centre + half, 1.0)
    return low, high


def _counts(successes: int, n: int, level: float, alternative: str) -> tuple[int, int]:
    level_of(level)
    alternative_of(alternative)
    n = count_of(n, "items", least=1)
    successes = count_of(successes, "successes")
    if successes > n:
        raise ValueError(f"expected at most {n} successes, found {successes}")
    return successes, n


def _estimate(
    successes: int,
    n: int,
    low: float,
    high: float,
    level: float,
    alternative: Alternative,
    method: str,
) -> Estimate:
    return Estimate(
        estimate=successes / n,
        low=0.0 if alternative == "less" else low,
        high=1.0 if alternative == "greater" else high,
        n=n,
        method=method,
        level=level,
    )
