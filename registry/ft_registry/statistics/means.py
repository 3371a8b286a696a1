"""The interval of a mean score: how far chance alone moves it when items are few.

Items that are right or wrong (0 or 1) get Wilson's interval, graded ones Student's.

Source:
    Student, "The probable error of a mean", Biometrika 6 (1908), 1-25.
"""

import math
from collections.abc import Sequence

from ft_registry.statistics.arguments import level_of, number_of
from ft_registry.statistics.estimate import LEVEL, Estimate, tail_of
from ft_registry.statistics.proportions import wilson


def mean_interval(values: Sequence[float], *, level: float = LEVEL) -> Estimate:
    """Returns the confidence interval of the mean of scored items.

    Args:
        values: One score an item, at least one.
        level: Between 0 and 1.

    Raises:
        ValueError: There are no values, one is not finite, or the level makes no sense.
    """
    _refuse(values, level)
    if all(value in (0, 1) for value in values):
        return wilson(round(math.fsum(values)), len(values), level=level)
    return student(values, level=level)


def student(values: Sequence[float], *, level: float = LEVEL) -> Estimate:
    """Returns the t interval of a mean (Student, 1908).

    One value tells nothing of its spread: the interval is unbounded. Values that are all equal
    have none: the interval is that value.

    Args:
        values: At least one.
        level: Between 0 and 1.

    Raises:
        ValueError: There are no values, one is not finite, or the level makes no sense.
    """
    _refuse(values, level)
    n = len(values)
    if min(values) == max(values):
        mean = float(values[0])
        low, high, error = (mean, mean, 0.0) if n > 1 else (-math.inf, math.inf, None)
    else:
        mean = math.fsum(values) / n
        spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        error = spread / math.sqrt(n)
        # Imported where it is needed: reading commands do without it.
        from scipy.special import stdtrit

        half = -float(stdtrit(n - 1, tail_of(level, "two-sided"))) * error
        low, high = mean - half, mean + half
    return Estimate(
        estimate=mean, low=low, high=high, n=n, method="Student's t", level=level,
        standard_error=error,
    )  # fmt: skip


def _refuse(values: Sequence[float], level: float) -> None:
    level_of(level)
    if not values:
        raise ValueError("expected at least one score, found none")
    for value in values:
        number_of(value, "a score")
