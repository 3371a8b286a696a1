"""Two models on the same items, graded or not: the mean difference with its t interval and p-value.

Sources:
    Student, "The probable error of a mean", Biometrika 6 (1908), 1-25: the t of paired differences.
    E. Miller, "Adding Error Bars to Evals: A Statistical Approach to Language Model Evaluations",
    arXiv 2411.00640 (2024): paired differences, and standard errors clustered by what questions
    share.
    K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models",
    Biometrika 73 (1986), 13-22: the cluster-robust variance. A. C. Cameron and D. L. Miller, "A
    practitioner's guide to cluster-robust inference", Journal of Human Resources 50 (2015),
    317-372: the factor G/(G-1) (CR1, equation 12) and t with G-1 degrees of freedom (VI.D).
"""

import math
from collections.abc import Hashable, Sequence

from ft_registry.statistics.arguments import Values, alternative_of, level_of, number_of
from ft_registry.statistics.deltas import Deltas, deltas
from ft_registry.statistics.estimate import LEVEL, Alternative, Estimate, tail_of


def paired_t(
    new: Values,
    old: Values,
    *,
    clusters: Sequence[Hashable] | None = None,
    null: float = 0.0,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """Returns the mean of new less old, with a t interval and the p-value of the paired t test.

    With clusters the variance is CR1: G/(G-1) times the sum, over G clusters, of the squared sum
    of a cluster's deviations, over n squared; t has G-1 degrees of freedom. For a mean that is
    the variance of Miller (2024) but for the factor, which keeps few clusters honest. Clusters of
    one item each give the plain paired t.

    One item, or one cluster, tells nothing of the spread: the interval is unbounded and p is 1.
    Where nothing spreads (all differences are equal) the interval is that difference, and p is 0,
    or, where it is the null hypothesis itself, 1. For items that are right or wrong that claims
    too much: `paired_difference` of `mcnemar` knows better.

    Args:
        new: One score an item, shape (n,).
        old: The same of the other model, in the same order.
        clusters: For each item what it belongs to; None: each stands alone.
        null: The difference that is tested against.
        level: Between 0 and 1.
        alternative: ``greater``: the difference is above the null.

    Raises:
        ValueError: An argument makes no sense.
    """
    level_of(level)
    alternative_of(alternative)
    null = number_of(null, "the null difference")
    found = deltas(new, old, clusters)
    mean = math.fsum(found.values.tolist()) / found.n
    df, error = found.units - 1, standard_error(found, mean)
    if error is None:
        half, p = math.inf, 1.0
    else:
        half, p = t_judgement(
            mean - null / found.scale, error, df, level, alternative, found.rounding
        )
    estimate, half = mean * found.scale, half * found.scale
    return Estimate(
        estimate=estimate,
        low=-math.inf if alternative == "less" else estimate - half,
        high=math.inf if alternative == "greater" else estimate + half,
        n=found.n,
        method="paired t, cluster-robust (CR1)" if found.is_clustered else "paired t",
        level=level,
        p=p,
        standard_error=None if error is None else error * found.scale,
        clusters=found.clusters,
    )


def non_inferiority(
    new: Values,
    old: Values,
    margin: float,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Returns whether the new model may be called no worse than the old one by a margin.

    It may when the lower bound lies above -margin, which is to say when p is below 1 - level: the
    p-value is that of a difference of -margin or less. The bound is one-sided: with a level of 95 %
    it is the lower end of a two-sided interval of 90 %.

    Args:
        new: One score an item, shape (n,).
        old: The same of the other model, in the same order.
        margin: The loss that does not matter, 0 or more.
        clusters: For each item what it belongs to; None: each stands alone.
        level: Between 0 and 1.

    Raises:
        ValueError: An argument makes no sense.
    """
    margin = number_of(margin, "a margin")
    if margin < 0:
        raise ValueError(f"expected a margin of 0 or more, found {margin!r}")
    return paired_t(new, old, clusters=clusters, null=-margin, level=level, alternative="greater")


def standard_error(found: Deltas, mean: float) -> float | None:
    """Returns the standard error of the mean of deltas, as scaled; None: it cannot be known."""
    units = found.units
    if units < 2:
        return None
    if found.values[0] == found.values[-1]:
        return 0.0
    deviations = found.sums - mean * found.sizes
    squares = math.fsum((deviations * deviations).tolist())
    # Of items that stand alone this is the plain one: s² / n, with s² over n - 1.
    return math.sqrt(units / (units - 1) * squares) / found.n


def t_judgement(
    distance: float,
    error: float,
    df: float,
    level: float,
    alternative: Alternative,
    rounding: float,
) -> tuple[float, float]:
    """Returns half the width of a t interval, and p.

    Args:
        distance: Of the estimate from the null.
        error: Its standard error.
        df: Degrees of freedom.
        level: Of the interval.
        alternative: What is tested for.
        rounding: No distance and no error is smaller.
    """
    from scipy.special import stdtr, stdtrit

    if error <= rounding:
        half = 0.0
        if abs(distance) <= rounding:
            return half, 1.0
        t = math.copysign(math.inf, distance)
    else:
        half = -float(stdtrit(df, tail_of(level, alternative))) * error
        t = distance / error
    if alternative == "two-sided":
        return half, min(1.0, 2 * float(stdtr(df, -abs(t))))
    return half, float(stdtr(df, -t if alternative == "greater" else t))
