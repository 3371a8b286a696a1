"""Different items, right or wrong: is the difference of two proportions above a given one? Exact.

Sources:
    C. P. Farrington and G. Manning, "Test statistics and sample size formulae for comparative
    binomial trials with null hypothesis of non-zero risk difference or non-unity relative risk",
    Statistics in Medicine 9 (1990), 1447-1454: the score statistic, and the restricted estimate in
    closed form (appendix).
    I. S. F. Chan, "Exact tests of equivalence and efficacy with a non-zero lower bound for
    comparative studies", Statistics in Medicine 17 (1998), 1403-1413: tables in the order of that
    statistic. Against a difference of 0 it is the test of S. Suissa and J. J. Shuster, "Exact
    unconditional sample sizes for the 2 x 2 binomial trial", Journal of the Royal Statistical
    Society A 148 (1985), 317-327.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ft_registry.statistics.arguments import count_of
from ft_registry.statistics.nuisance import LEFT_OUT, at_least, least_counts, span, worst
from ft_registry.statistics.paired_exact import EXACT_UP_TO, ExactTest, null_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TIE = 1e-7
"""Statistics that lie nearer than this differ by the rounding of a cubic's root alone."""


@dataclass(frozen=True)
class UnpairedTable:
    """How many of its items a new and an old model get right."""

    new_right: int
    new_items: int
    old_right: int
    old_items: int

    def __post_init__(self) -> None:
        """Refuses what is no table.

        Raises:
            ValueError: A count is negative or no whole number, a side has no items, or fewer than
                are right.
        """
        for side in ("new", "old"):
            n = count_of(getattr(self, f"{side}_items"), f"{side} items", least=1)
            right = count_of(getattr(self, f"{side}_right"), f"{side} items that are right")
            if right > n:
                raise ValueError(f"expected at most {n} {side} items that are right, found {right}")
            # As Python's own: those of NumPy overflow.
            object.__setattr__(self, f"{side}_items", n)
            object.__setattr__(self, f"{side}_right", right)


def exact_unpaired_test(table: UnpairedTable, null: float = 0.0) -> ExactTest:
    """Tests that the new proportion is above the old one by more than a null difference.

    Beyond `EXACT_UP_TO` items, both sides together, p is that of the normal distribution.

    Args:
        table: The counts.
        null: Above -1 and below 1: -margin for non-inferiority.

    Raises:
        ValueError: The null is no such difference.
    """
    null, new, old = null_of(null), table.new_items, table.old_items
    score = float(difference_score(table.new_right, new, table.old_right, old, null))
    if new + old > EXACT_UP_TO:
        from scipy.special import ndtr

        return ExactTest(float(ndtr(-score)), "Farrington-Manning score, normal")
    import numpy as np

    goal, there = score - _TIE * max(1.0, abs(score)), np.arange(old + 1)
    least = least_counts(
        lambda here: difference_score(here, new, there, old, null) >= goal,
        np.full_like(there, new),
    )

    def tail(share: float) -> float:
        counts, often = span(old, share)
        found = often * at_least(least[counts], new, min(max(share + null, 0.0), 1.0))
        return math.fsum(found.tolist())

    found = worst(tail, max(0.0, -null), min(1.0, 1 - null))
    return ExactTest(min(1.0, found + LEFT_OUT), "Farrington-Manning score, exact")


def difference_score(
    new_right: Any, new: int, old_right: Any, old: int, null: float
) -> "NDArray[np.float64]":
    """Returns the difference less the null over its error, were the null true; 0 where it has none.

    Args:
        new_right: A number, or an array of them.
        new: New items.
        old_right: A number, or an array of them.
        old: Old items.
        null: Above -1 and below 1.
    """
    import numpy as np

    shares = np.divide(new_right, new), np.divide(old_right, old)
    likely = _restricted(shares[0], shares[1], old / new, null)
    there = np.clip(likely - null, 0.0, 1.0)
    variance = likely * (1 - likely) / new + there * (1 - there) / old
    distance = shares[0] - shares[1] - null
    with np.errstate(invalid="ignore", divide="ignore"):
        score: NDArray[np.float64] = np.where(variance > 0, distance / np.sqrt(variance), 0.0)
    return score


def _restricted(new: Any, old: Any, ratio: float, null: float) -> Any:
    """Returns the most likely new proportion, given the difference: the root of a cubic."""
    import numpy as np

    if null == 0:
        return (new + ratio * old) / (1 + ratio)
    a = 1 + ratio
    b = -(1 + ratio + new + ratio * old + null * (ratio + 2))
    c = null * null + null * (2 * new + ratio + 1) + new + ratio * old
    d = -new * null * (1 + null)
    v = b**3 / (27 * a**3) - b * c / (6 * a * a) + d / (2 * a)
    u = np.copysign(np.sqrt(np.maximum(b * b / (9 * a * a) - c / (3 * a), 0.0)), v)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio_of_roots = np.where(u == 0, 0.0, v / u**3)
    angle = (math.pi + np.arccos(np.clip(ratio_of_roots, -1.0, 1.0))) / 3
    return np.clip(2 * u * np.cos(angle) - b / (3 * a), max(0.0, null), min(1.0, 1 + null))
