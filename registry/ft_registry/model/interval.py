"""Confidence intervals of a mean score: how far chance alone moves it when items are few.

Items that are right or wrong (0 or 1) get Wilson's interval, graded ones Student's.

Sources:
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), 209-212.
    Student, "The probable error of a mean", Biometrika 6 (1908), 1-25.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95
"""The share of such intervals that hold the true mean."""


@dataclass(frozen=True)
class Interval:
    """A closed interval of scores."""

    low: float
    high: float

    @property
    def is_bounded(self) -> bool:
        """Whether it says anything."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def holds(self, value: float) -> bool:
        """Returns whether a value lies inside, give or take the last bits of a sum."""
        slack = 1e-12 * max(abs(self.low), abs(self.high), 1.0) if self.is_bounded else 0.0
        return self.low - slack <= value <= self.high + slack

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


def mean_interval(values: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Returns the confidence interval of the mean of scored items.

    Args:
        values: One score an item, at least one.
        level: Between 0 and 1.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("expected at least one score, found none")
    if all(value in (0, 1) for value in values):
        return wilson(round(math.fsum(values)), len(values), level=level)
    return student(values, level=level)


def wilson(successes: int, n: int, *, level: float = LEVEL) -> Interval:
    """Returns Wilson's score interval of a proportion (1927): it stays inside 0 to 1.

    Args:
        successes: Items that scored 1.
        n: All items, at least one.
        level: Between 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At the ends the two terms are equal but for their last bits.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low, high)


def student(values: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Returns the t interval of a mean (Student, 1908).

    One value tells nothing of its spread: the interval is unbounded. Values that are all equal
    have none: the interval is that value.

    Args:
        values: At least one.
        level: Between 0 and 1.
    """
    n = len(values)
    if n == 1:
        return Interval(-math.inf, math.inf)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    if min(values) == max(values):
        return Interval(values[0], values[0])
    # Imported where it is needed: reading commands do without it.
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + level) / 2)) * spread / math.sqrt(n)
    return Interval(mean - half, mean + half)
