"""Paired items, right or wrong: is the difference above a given one? Exact, margin or none.

Against a difference of 0 it is McNemar's exact test. Against another one there is no such coin to
toss: how many items differ at all matters too, and the worst of all shares counts.

Sources:
    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998), 891-908: the score statistic, with the
    restricted estimate in closed form.
    H.-M. Hsueh, J.-P. Liu and J. J. Chen, "Unconditional exact tests for equivalence or
    noninferiority for paired binary endpoints", Biometrics 57 (2001), 478-483: tables in the order
    of that statistic; the largest tail lies where the difference is the null itself.
    J.-M. Nam, "Establishing equivalence of two treatments and sample size requirements in
    matched-pairs design", Biometrics 53 (1997), 1422-1430: the sample size.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ft_registry.statistics.arguments import number_of
from ft_registry.statistics.mcnemar import PairedTable, mcnemar
from ft_registry.statistics.nuisance import LEFT_OUT, at_least, least_counts, span, worst

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_UP_TO = 20_000
"""Items; beyond, the statistic is as good as normal."""
_TIE = 1e-9
"""Statistics that lie nearer than this differ in their last bits alone."""
_HIGHEST, _NEAR = 40.0, 1e-4
"""The score that any test takes, and how near to the least one is near enough."""


@dataclass(frozen=True)
class ExactTest:
    """What a test of a difference finds."""

    p: float
    """One-sided: how often chance alone finds as much, while the difference is the null or less."""
    method: str


def exact_paired_test(table: PairedTable, null: float = 0.0) -> ExactTest:
    """Tests that the new proportion is above the old one by more than a null difference.

    With null = -margin it is a test of non-inferiority, with null = +margin one of superiority by a
    margin. Beyond `EXACT_UP_TO` items p is that of the normal distribution.

    Args:
        table: The counts.
        null: Above -1 and below 1.

    Raises:
        ValueError: The null is no such difference.
    """
    null = null_of(null)
    if null == 0:
        return ExactTest(mcnemar(table.b, table.c, alternative="greater"), "McNemar exact")
    score = float(tango_score(table.b, table.c, table.n, null))
    if table.n > EXACT_UP_TO:
        from scipy.special import ndtr

        return ExactTest(float(ndtr(-score)), "Tango's score, normal")
    return ExactTest(Region.as_extreme(table.n, null, score).worst(null), "Tango's score, exact")


def null_of(null: float) -> float:
    """Returns a difference of proportions that can be tested against.

    Raises:
        ValueError: It is no number above -1 and below 1.
    """
    found = number_of(null, "a null difference")
    if not -1 < found < 1:
        raise ValueError(f"expected a null difference above -1 and below 1, found {null!r}")
    return found


def tango_score(b: Any, c: Any, n: int, null: float) -> "NDArray[np.float64]":
    """Returns Tango's score statistic: (b - c - n null) over its error, were the null true.

    Args:
        b: Items that only the new model gets right; a number, or an array of them.
        c: The same of the old one.
        n: All items.
        null: Above -1 and below 1, and not 0 where no item differs.
    """
    import numpy as np

    smaller = restricted_share(b, c, n, null)
    variance = n * (2 * smaller + abs(null) * (1 - abs(null)))
    score: NDArray[np.float64] = (np.subtract(b, c) - n * null) / np.sqrt(variance)
    return score


def restricted_share(b: Any, c: Any, n: int, null: float) -> "NDArray[np.float64]":
    """Returns the most likely share of the rarer kind of discordant items, given the difference.

    The other kind's is that plus the size of the null: Tango (1998), the root of a quadratic.
    """
    import numpy as np

    size = abs(null)
    more, less = (np.asarray(side, dtype=np.float64) for side in ((b, c) if null > 0 else (c, b)))
    slope = (2 * n - more + less) * size - more - less
    offset = less * size * (1 - size)
    root = np.sqrt(slope * slope + 8 * n * offset)
    # Of the two forms of a root the one that subtracts nothing.
    with np.errstate(invalid="ignore", divide="ignore"):
        share: NDArray[np.float64] = np.where(
            slope > 0, 2 * offset / (slope + root), (root - slope) / (4 * n)
        )
    return share


@dataclass(frozen=True)
class Region:
    """Tables of n items that speak for the new model."""

    n: int
    wins: "NDArray[np.int64]"
    """Shape (n + 1,): of m discordant items the least that the new one must get right; m + 1: no
    number is enough."""

    @classmethod
    def as_extreme(cls, n: int, null: float, score: float) -> "Region":
        """Returns the tables with at least that score of Tango's."""
        import numpy as np

        discordant = np.arange(n + 1)
        goal = score - _TIE * max(1.0, abs(score))
        wins = least_counts(lambda b: tango_score(b, discordant - b, n, null) >= goal, discordant)
        return cls(n, wins)

    @classmethod
    def of_level(cls, n: int, null: float, alpha: float) -> "Region":
        """Returns the tables where the exact test against a margin finds p of alpha or less."""
        low, high = 0.0, _HIGHEST
        while high - low > _NEAR:
            middle = (low + high) / 2
            passes = cls.as_extreme(n, null, middle).worst(null) <= alpha
            low, high = (low, middle) if passes else (middle, high)
        return cls.as_extreme(n, null, high)

    def worst(self, null: float) -> float:
        """Returns how often chance finds one of them, at most, while the difference is the null."""
        found = worst(lambda share: self.tail(share, null), abs(null), 1.0)
        return min(1.0, found + LEFT_OUT)

    def tail(self, discordance: float, difference: float) -> float:
        """Returns how often one of them is found.

        Args:
            discordance: The share of items that one model alone gets right, above 0.
            difference: Of the proportions; within the discordance either way.
        """
        counts, often = span(self.n, discordance)
        won = share_won(discordance, difference)
        return math.fsum((often * at_least(self.wins[counts], counts, won)).tolist())


def share_won(discordance: float, difference: float) -> float:
    """Returns the share of the discordant items that the new model gets right."""
    return min(max((1 + difference / discordance) / 2, 0.0), 1.0)
