"""The bootstrap of a mean difference: no shape of the differences is taken for granted.

Sources:
    B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical
    Association 82 (1987), 171-185: the BCa interval; in the form of B. Efron and R. J. Tibshirani,
    "An Introduction to the Bootstrap" (1993), equations 14.9 (interval), 14.14 (bias) and 14.15
    (acceleration).
    A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application" (1997): section 4.2,
    p-values by one more than the resamples; section 3.8, whole clusters drawn anew.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ft_registry.statistics.arguments import (
    Values,
    alternative_of,
    count_of,
    level_of,
    number_of,
)
from ft_registry.statistics.deltas import Deltas, deltas
from ft_registry.statistics.estimate import LEVEL, Alternative, Estimate, tail_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 10_000
_BLOCK = 1 << 18
"""Draws that are held at a time."""
_COUNTING = 25
"""Draws of an item that cost as much as one count of a kind."""
_TIE = 1e-12
"""Means of scaled deltas that lie nearer than this differ in their last bits alone."""


def bootstrap_mean_difference(
    new: Values,
    old: Values,
    *,
    clusters: Sequence[Hashable] | None = None,
    null: float = 0.0,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
    tested: Alternative | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Returns the mean of new less old, with a BCa interval and the p-value that goes with it.

    What is drawn anew are items, or whole clusters of them; a resample's mean is over the items
    that it got. The p-value is the least tail at which the interval leaves the null hypothesis
    out, and never below 1 / (resamples + 1), or twice that where both sides count.

    The same arguments give the same answer, whatever the order of the items. One item, or one
    cluster, tells nothing: the interval is unbounded and p is 1. Where nothing spreads the interval
    is the difference, and p is as small as it gets, or, where it is the null hypothesis itself, 1.

    Args:
        new: One score an item, shape (n,).
        old: The same of the other model, in the same order.
        clusters: For each item what it belongs to; None: each stands alone.
        null: The difference that is tested against.
        level: Between 0 and 1.
        alternative: ``greater``: the difference is above the null.
        tested: What p is of, where the interval is of another alternative; None: the same.
        resamples: Enough for the level: at least one is expected beyond each end.
        seed: Of NumPy's PCG64, 0 or more.

    Raises:
        ValueError: An argument makes no sense, or the resamples are too few for the level.
    """
    level_of(level)
    tested = alternative if tested is None else tested
    alternative_of(alternative)
    alternative_of(tested)
    null = number_of(null, "the null difference")
    resamples, seed = count_of(resamples, "resamples", least=1), count_of(seed, "a seed")
    tail = tail_of(level, alternative)
    if resamples * tail < 1 - 1e-9:
        raise ValueError(
            f"expected at least {math.ceil(1 / tail - 1e-6)} resamples"
            f" for a level of {level}, found {resamples}"
        )
    found = deltas(new, old, clusters)
    mean = math.fsum(found.sums.tolist()) / found.n
    goal = null / found.scale
    spread = _spread(found, mean)
    error: float | None
    if found.units == 1:
        low, high, p, error = -math.inf, math.inf, 1.0, None
    elif spread is None:
        is_null = abs(mean - goal) <= max(found.rounding, _TIE)
        tails = (1.0, 1.0) if is_null else (float(mean < goal), float(mean > goal))
        low, high, p, error = mean, mean, _p_value(*tails, resamples, tested), 0.0
    else:
        drawn = _draw(found, resamples, seed)
        bend = _Bend.of(drawn, mean, spread)
        low, high = bend.ends(drawn, tail)
        p = _p_value(*bend.tails(drawn, goal), resamples, tested)
        error = float(drawn.std(ddof=1)) if resamples > 1 else None
    return Estimate(
        estimate=mean * found.scale,
        low=-math.inf if alternative == "less" else low * found.scale,
        high=math.inf if alternative == "greater" else high * found.scale,
        n=found.n,
        method=f"BCa bootstrap{' of clusters' if found.is_clustered else ''}"
        f", {resamples} resamples, seed {seed}",
        level=level,
        p=p,
        standard_error=None if error is None else error * found.scale,
        clusters=found.clusters,
    )


def _spread(found: Deltas, mean: float) -> "NDArray[np.float64] | None":
    """Returns what each unit moves the mean by: the jackknife, in closed form.

    Without unit g the mean is (S - S_g) / (n - n_g); the mean less that is
    (S_g - mean n_g) / (n - n_g). None: no unit moves it.
    """
    if found.units == 1:
        return None
    import numpy as np

    deviations = found.sums - mean * found.sizes
    if np.all(np.abs(deviations) <= max(found.rounding, 1e-15) * found.sizes):
        return None
    moved = deviations / (found.n - found.sizes)
    spread: NDArray[np.float64] = moved - moved.mean()
    return spread


def _draw(found: Deltas, resamples: int, seed: int) -> "NDArray[np.float64]":
    """Returns the means of resamples, in order of size."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(seed))
    # Units of one kind are drawn together: how many of each kind a resample gets is multinomial.
    # Right and wrong answers have three kinds, -1, 0 and 1, however many items there are.
    differs = (np.diff(found.sums) != 0) | (np.diff(found.sizes) != 0)
    starts = np.flatnonzero(np.concatenate([[True], differs]))
    counts = np.diff(np.append(starts, found.units))
    means = np.empty(resamples)
    if len(starts) * _COUNTING <= found.units:
        sums, sizes, share = found.sums[starts], found.sizes[starts], counts / found.units
        for block in _blocks(resamples, len(starts)):
            rows = block.stop - block.start
            kinds = random.multinomial(found.units, share, size=rows).astype(np.float64)
            means[block] = (kinds @ sums) / (kinds @ sizes)
    else:
        for block in _blocks(resamples, found.units):
            rows = block.stop - block.start
            places = random.integers(0, found.units, size=(rows, found.units))
            items = found.sizes[places].sum(axis=1) if found.is_clustered else float(found.n)
            means[block] = found.sums[places].sum(axis=1) / items
    means.sort()
    return means


def _blocks(resamples: int, width: int) -> Iterator[slice]:
    rows = max(1, _BLOCK // width)
    for start in range(0, resamples, rows):
        yield slice(start, min(start + rows, resamples))


@dataclass(frozen=True)
class _Bend:
    """How far the shares of resamples are from the shares that they stand for."""

    bias: float
    """z0: how far from the middle of the resamples the estimate lies."""
    acceleration: float
    """a: how fast the standard error moves with the mean; at most 1/6 either way."""

    @classmethod
    def of(
        cls, drawn: "NDArray[np.float64]", mean: float, spread: "NDArray[np.float64]"
    ) -> "_Bend":
        scaled = spread / abs(spread).max()
        skew = float((scaled**3).sum()) / float((scaled**2).sum()) ** 1.5
        return cls(_quantile_below(drawn, mean), skew / 6)

    def ends(self, drawn: "NDArray[np.float64]", tail: float) -> tuple[float, float]:
        """Returns the resampled means between which the interval lies."""
        import numpy as np
        from scipy.special import ndtr, ndtri

        z = self.bias + np.array([1.0, -1.0]) * ndtri(tail)
        room = 1 - self.acceleration * z
        # Beyond the pole of the formula there is nothing left to cut off.
        bent = np.where(room > 0, z / np.where(room > 0, room, 1.0), np.sign(z) * np.inf)
        low, high = np.quantile(drawn, ndtr(self.bias + bent))
        return float(low), float(high)

    def tails(self, drawn: "NDArray[np.float64]", goal: float) -> tuple[float, float]:
        """Returns the tails at which the lower and the upper end reach a goal: `ends`, inverted."""
        from scipy.special import ndtr

        bent = _quantile_below(drawn, goal) - self.bias
        room = 1 + self.acceleration * bent
        z = (bent / room if room > 0 else math.copysign(math.inf, bent)) - self.bias
        return float(ndtr(z)), float(ndtr(-z))


def _quantile_below(drawn: "NDArray[np.float64]", goal: float) -> float:
    """Returns the normal quantile of the share of resamples below a goal; ties count half."""
    import numpy as np
    from scipy.special import ndtri

    n = len(drawn)
    share = float(np.searchsorted(drawn, [goal - _TIE, goal + _TIE]).sum()) / (2 * n)
    # None below a goal says that fewer than one is, not that none can be.
    return float(ndtri(min(max(share, 0.5 / n), 1 - 0.5 / n)))


def _p_value(above: float, below: float, resamples: int, alternative: Alternative) -> float:
    """Returns p from the tails at which the lower and the upper end reach the null hypothesis."""
    least = 1 / (resamples + 1)
    if alternative == "two-sided":
        return min(1.0, 2 * max(min(above, below), least))
    return max(above if alternative == "greater" else below, least)
