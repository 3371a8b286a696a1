"""Two models on the same items, each right or wrong: who wins where they differ.

Items that both get right, or both wrong, say nothing of who is better: McNemar's test looks at the
others alone. The interval of the difference needs all four counts.

Sources:
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947), 153-157; exact, as a sign test of the discordant pairs:
    F. Mosteller, "Some statistical problems in measuring the subjective response to drugs",
    Biometrics 8 (1952), 220-226.
    M. W. Fagerland, S. Lydersen and P. Laake, "The McNemar test for binary matched-pairs data:
    mid-p and asymptotic are better than exact conditional", BMC Medical Research Methodology 13
    (2013), 91: the exact conditional test and the mid-p test.
    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", Statistics in Medicine 17 (1998), 2635-2650: method 10.
"""

import math
from dataclasses import dataclass

from ft_registry.statistics.arguments import (
    Values,
    alternative_of,
    count_of,
    level_of,
    scores_of,
)
from ft_registry.statistics.estimate import (
    LEVEL,
    Alternative,
    Estimate,
    normal_quantile,
    tail_of,
)
from ft_registry.statistics.proportions import wilson_limits


@dataclass(frozen=True)
class PairedTable:
    """How many items a new and an old model get right and wrong."""

    both: int
    """Right by both."""
    b: int
    """Right by the new one alone."""
    c: int
    """Right by the old one alone."""
    neither: int

    def __post_init__(self) -> None:
        """Refuses what is no table.

        Raises:
            ValueError: A count is negative or no whole number, or all are 0.
        """
        for name in ("both", "b", "c", "neither"):
            count = count_of(getattr(self, name), f"the count {name!r}")
            # As Python's own: the product of four counts of NumPy overflows.
            object.__setattr__(self, name, count)
        if self.n == 0:
            raise ValueError("expected at least one item, found a table of zeros")

    @property
    def n(self) -> int:
        """All items."""
        return self.both + self.b + self.c + self.neither

    @property
    def mirrored(self) -> "PairedTable":
        """The same with the sides swapped."""
        return PairedTable(both=self.both, b=self.c, c=self.b, neither=self.neither)


def paired_table(new: Values, old: Values) -> PairedTable:
    """Returns the table of two models on the same items.

    Args:
        new: 0 or 1 for each item, shape (n,).
        old: The same of the other model, in the same order.

    Raises:
        ValueError: The lengths differ, there are no items, or a score is neither 0 nor 1.
    """
    sides = [scores_of(new, "new scores"), scores_of(old, "old scores")]
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            "expected a new and an old score for each item,"
            f" found {len(sides[0])} new and {len(sides[1])} old"
        )
    for side in sides:
        graded = side[(side != 0) & (side != 1)]
        if graded.size:
            raise ValueError(f"expected scores of 0 or 1, found {float(graded[0])!r}")
    ours, theirs = (side == 1 for side in sides)
    both, wins, losses = (
        int((ours & theirs).sum()),
        int((ours & ~theirs).sum()),
        int((theirs & ~ours).sum()),
    )
    return PairedTable(both=both, b=wins, c=losses, neither=len(ours) - both - wins - losses)


def mcnemar(
    b: int, c: int, *, alternative: Alternative = "two-sided", mid_p: bool = False
) -> float:
    """Returns the p-value of McNemar's exact test.

    Under the hypothesis of no difference each of b + c items falls to either side by the toss of a
    coin. The exact test never errs more often than its level, and less often than it may; mid-p
    counts half of what is as extreme as the finding, and errs as often as its level, nearly.
    With no discordant item nothing is tested, and p is 1.

    Args:
        b: Items that only the new model gets right.
        c: Items that only the old model gets right.
        alternative: ``greater``: the new one is better.
        mid_p: Whether to take the mid-p variant.

    Returns:
        A probability, 0 to 1.

    Raises:
        ValueError: A count is negative or no whole number, or the alternative is unknown.
    """
    alternative_of(alternative)
    b, c = count_of(b, "discordant items b"), count_of(c, "discordant items c")
    n = b + c
    if n == 0:
        return 1.0
    if alternative == "two-sided":
        k = min(b, c)
        if b == c:  # each tail is more than a half: they share the middle
            return 1 - (_up_to(k, n) - _up_to(k - 1, n)) / 2 if mid_p else 1.0
        return _up_to(k, n) + _up_to(k - 1, n) if mid_p else min(1.0, 2 * _up_to(k, n))
    # At least b wins are at most c losses.
    k = c if alternative == "greater" else b
    return (_up_to(k, n) + _up_to(k - 1, n)) / 2 if mid_p else _up_to(k, n)


def paired_difference(
    table: PairedTable,
    *,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
    mid_p: bool = False,
) -> Estimate:
    """Returns the difference of two paired proportions: Newcombe's interval, McNemar's p-value.

    The interval combines Wilson's intervals of both proportions, less what their correlation
    phi explains; phi is corrected for continuity where it is positive. It stays inside -1 to 1,
    and has a width even where the models never differ.

    It and the p-value come from different models of chance: near the level they can disagree.

    Args:
        table: The counts. The estimate is the new proportion less the old one, (b - c) / n.
        level: Between 0 and 1.
        alternative: ``greater``: the new one is better.
        mid_p: Whether the p-value is the mid-p variant.

    Raises:
        ValueError: An argument makes no sense.
    """
    level_of(level)
    p = mcnemar(table.b, table.c, alternative=alternative, mid_p=mid_p)
    low, high = _square_and_add(table, normal_quantile(tail_of(level, alternative)))
    return Estimate(
        estimate=(table.b - table.c) / table.n,
        low=-1.0 if alternative == "less" else low,
        high=1.0 if alternative == "greater" else high,
        n=table.n,
        method=f"McNemar {'mid-p' if mid_p else 'exact'}, Newcombe 10",
        level=level,
        p=p,
    )


def _square_and_add(table: PairedTable, z: float) -> tuple[float, float]:
    n, new, old = table.n, table.both + table.b, table.both + table.c
    share_new, share_old = new / n, old / n
    low_new, high_new = wilson_limits(new, n, z)
    low_old, high_old = wilson_limits(old, n, z)
    phi = _phi(table)

    def distance(one: float, other: float) -> float:
        # A sum of squares, but for its last bits.
        return math.sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))

    difference = (table.b - table.c) / n
    low = difference - distance(share_new - low_new, high_old - share_old)
    high = difference + distance(high_new - share_new, share_old - low_old)
    return max(low, -1.0), min(high, 1.0)


def _phi(table: PairedTable) -> float:
    new, old = table.both + table.b, table.both + table.c
    margins = new * (table.n - new) * old * (table.n - old)
    if margins == 0:
        return 0.0
    covariance: float = table.both * table.neither - table.b * table.c
    if covariance > 0:
        covariance = max(covariance - table.n / 2, 0.0)
    return covariance / math.sqrt(margins)


def _up_to(k: int, n: int) -> float:
    """Returns the probability of at most k heads in n tosses."""
    if not 0 <= k < n:
        return 0.0 if k < 0 else 1.0
    # As the incomplete beta function: `bdtr` loses digits from a hundred thousand tosses on.
    from scipy.special import betainc

    return float(betainc(n - k, k + 1, 0.5))
