"""The least favourable share: an exact test counts the worst of what the hypothesis leaves open.

A hypothesis on a difference says nothing of the share of items that differ at all (or of the level
that both sides start from). The p-value of an exact unconditional test is the largest tail over
all values of it.

Source:
    D. Basu, "On the elimination of nuisance parameters", Journal of the American Statistical
    Association 72 (1977), 355-366: maximisation.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEFT_OUT = 1e-14
"""What lies outside of `span`, at most."""
_COARSE = 48
_FINE = 9
_ROUNDS = 3


def worst(tail: Callable[[float], float], low: float, high: float) -> float:
    """Returns the largest tail for any share in [low, high].

    Shares lie on a grid that is even in arcsin sqrt, where a binomial share varies alike
    everywhere; the three highest places are looked at again, finer and finer.

    Args:
        tail: The probability of what is as extreme, by share; smooth.
        low: 0 or more.
        high: At most 1.
    """

    def at(angle: float) -> float:
        return tail(min(max(math.sin(angle) ** 2, low), high))

    start, end = math.asin(math.sqrt(low)), math.asin(math.sqrt(high))
    step = (end - start) / _COARSE
    if step <= 0:
        return tail(low)
    found = {angle: at(angle) for angle in (start + step * k for k in range(_COARSE + 1))}
    for peak in sorted(found, key=lambda angle: -found[angle])[:3]:
        middle, half = peak, step
        for _ in range(_ROUNDS):
            near = [middle + half * (place / _FINE) for place in range(-_FINE + 1, _FINE)]
            found |= {angle: at(angle) for angle in near if start <= angle <= end}
            middle = max((angle for angle in near if angle in found), key=found.__getitem__)
            half /= _FINE
    return min(1.0, max(found.values()))


def span(n: int, share: float) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """Returns the counts that n draws of a share come to, and how often; the far tails left out.

    By Bernstein's inequality they hold less than `LEFT_OUT`.
    """
    import numpy as np
    from scipy.special import gammaln, xlog1py, xlogy

    reach = 8.3 * math.sqrt(n * share * (1 - share)) + 40
    counts = np.arange(
        max(0, math.floor(n * share - reach)), min(n, math.ceil(n * share + reach)) + 1
    )
    ways = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    return counts, np.exp(ways + xlogy(counts, share) + xlog1py(n - counts, -share))


def at_least(
    least: "NDArray[np.int64]", n: "NDArray[np.int64] | int", share: float
) -> "NDArray[np.float64]":
    """Returns how often n draws of a share come to at least so many; ``least`` may be n + 1."""
    import numpy as np
    from scipy.special import betainc

    inside = (least > 0) & (least <= n)
    found: NDArray[np.float64] = betainc(
        np.where(inside, least, 1), np.where(inside, n - least + 1, 1), share
    )
    return np.where(inside, found, np.where(least <= 0, 1.0, 0.0))


def least_counts(
    reaches: "Callable[[NDArray[np.int64]], NDArray[np.bool_]]", most: "NDArray[np.int64]"
) -> "NDArray[np.int64]":
    """Returns, for each table of a list, the least count that reaches a goal; most + 1: none does.

    Args:
        reaches: Whether counts, one a table, reach it; what reaches it does so from there on.
        most: The largest count of each table.
    """
    import numpy as np

    low, high = np.zeros_like(most), most + 1
    while (low < high).any():
        middle = (low + high) // 2
        found = reaches(np.minimum(middle, most)) | (middle > most)
        high = np.where(found, middle, high)
        low = np.where(found, low, np.minimum(middle + 1, high))
    return low
