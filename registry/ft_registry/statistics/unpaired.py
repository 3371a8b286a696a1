"""Two models on different items: the difference of two means, or of two proportions.

What items have in common is lost here: where both models were scored on the same ones, `paired`
finds much smaller differences.

Sources:
    B. L. Welch, "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34 (1947), 28-35; the degrees of freedom: F. E.
    Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics
    Bulletin 2 (1946), 110-114. With clusters the errors are CR1 and the degrees of freedom one
    less than there are clusters, as in `paired`.
    R. G. Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17 (1998), 873-890: method 10.
"""

import math
from collections.abc import Hashable, Sequence

from ft_registry.statistics.arguments import Values, alternative_of, level_of, number_of, scores_of
from ft_registry.statistics.deltas import deltas
from ft_registry.statistics.estimate import LEVEL, Alternative, Estimate, normal_quantile, tail_of
from ft_registry.statistics.paired import standard_error, t_judgement
from ft_registry.statistics.proportions import wilson_limits
from ft_registry.statistics.unpaired_exact import UnpairedTable, exact_unpaired_test


def welch(
    new: Values,
    old: Values,
    *,
    clusters: Sequence[Hashable] | None = None,
    old_clusters: Sequence[Hashable] | None = None,
    null: float = 0.0,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """Returns the mean of new less that of old, with Welch's t interval and p-value.

    One item (or cluster) on a side tells nothing of its spread: the interval is unbounded and p is
    1. Where nothing spreads on either side the interval is the difference, and p is 0, or, where it
    is the null hypothesis itself, 1.

    Args:
        new: One score an item, shape (n,).
        old: The same of the other model, of other items, shape (m,).
        clusters: For each new item what it belongs to; None: each stands alone.
        old_clusters: The same of the old ones.
        null: The difference that is tested against.
        level: Between 0 and 1.
        alternative: ``greater``: the difference is above the null.

    Raises:
        ValueError: An argument makes no sense.
    """
    level_of(level)
    alternative_of(alternative)
    null = number_of(null, "the null difference")
    sides = [
        deltas(values, [0.0] * len(scores_of(values, what)), groups)
        for values, groups, what in (
            (new, clusters, "new scores"),
            (old, old_clusters, "old scores"),
        )
    ]
    scale = max(side.scale for side in sides)
    means, errors, rounding = [], [], 0.0
    for side in sides:
        mean, part = math.fsum(side.values.tolist()) / side.n, side.scale / scale
        error = standard_error(side, mean)
        means.append(mean * part)
        errors.append(None if error is None else error * part)
        rounding = max(rounding, side.rounding * part)
    distance = means[0] - means[1]
    estimate = number_of(distance * scale, "a difference that a float can hold")
    one, other = errors
    total: float | None
    if one is None or other is None:
        total, half, p = None, math.inf, 1.0
    else:
        total = math.hypot(one, other)
        df = _degrees(one, other, sides[0].units - 1, sides[1].units - 1)
        half, p = t_judgement(distance - null / scale, total, df, level, alternative, rounding)
    half *= scale
    is_clustered = any(side.is_clustered for side in sides)
    return Estimate(
        estimate=estimate,
        low=-math.inf if alternative == "less" else estimate - half,
        high=math.inf if alternative == "greater" else estimate + half,
        n=sides[0].n + sides[1].n,
        method="Welch's t, cluster-robust (CR1)" if is_clustered else "Welch's t",
        level=level,
        p=p,
        standard_error=None if total is None else total * scale,
        clusters=sides[0].units + sides[1].units if is_clustered else None,
    )


def unpaired_difference(
    table: UnpairedTable, *, null: float = 0.0, level: float = LEVEL
) -> Estimate:
    """Returns the difference of two proportions: Newcombe's two-sided interval, the exact p-value.

    Args:
        table: The counts. The estimate is the new proportion less the old one.
        null: The difference that is tested against, one-sided: p is of one that is larger.
        level: Of the interval, between 0 and 1.

    Raises:
        ValueError: An argument makes no sense.
    """
    z = normal_quantile(tail_of(level_of(level), "two-sided"))
    found = exact_unpaired_test(table, null)
    new, old = table.new_right / table.new_items, table.old_right / table.old_items
    low_new, high_new = wilson_limits(table.new_right, table.new_items, z)
    low_old, high_old = wilson_limits(table.old_right, table.old_items, z)
    return Estimate(
        estimate=new - old,
        low=new - old - math.hypot(new - low_new, high_old - old),
        high=new - old + math.hypot(high_new - new, old - low_old),
        n=table.new_items + table.old_items,
        method=f"{found.method}; Newcombe's interval",
        level=level,
        p=found.p,
    )


def _degrees(one: float, other: float, df_one: int, df_other: int) -> float:
    """Returns the degrees of freedom (Satterthwaite, 1946)."""
    largest = max(one, other)
    if largest == 0:
        return df_one + df_other
    squares = (one / largest) ** 2, (other / largest) ** 2
    return sum(squares) ** 2 / (squares[0] ** 2 / df_one + squares[1] ** 2 / df_other)
