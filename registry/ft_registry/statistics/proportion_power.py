"""How many items show that a proportion is above a bound, by its exact lower limit.

Source:
    M. A. Chernick and C. Y. Liu, "The saw-toothed behavior of power versus sample size and software
    solutions: single binomial proportion using exact methods", The American Statistician 56
    (2002), 149-155.
"""

from ft_registry.statistics.arguments import level_of, number_of
from ft_registry.statistics.estimate import LEVEL
from ft_registry.statistics.nuisance import at_least, least_counts
from ft_registry.statistics.power import MOST, POWER, power_of


def proportion_power(n: int, share: float, bound: float, *, level: float = LEVEL) -> float:
    """Returns how often the lower limit of Clopper and Pearson, one-sided, reaches a bound.

    Args:
        n: Items, at least one.
        share: The true proportion.
        bound: Above 0, below 1.
        level: Of the limit.
    """
    import numpy as np

    # The limit of k is the share with which k or more are found as often as the level leaves.
    most = np.array([n])
    least = least_counts(lambda k: at_least(k, most, bound) <= 1 - level, most)
    return float(at_least(least, most, share)[0])


def proportion_items(
    share: float, bound: float, *, power: float = POWER, level: float = LEVEL
) -> int | None:
    """Returns about the fewest items with which the lower limit reaches a bound as often as wanted.

    Of an upper limit it is the same of the failures: 1 - share, 1 - bound.

    Args:
        share: The true proportion.
        bound: What the limit has to reach, 0 to 1.
        power: At least 0.5, below 1.
        level: Of the limit, which is one-sided.

    Returns:
        None: the share is not above the bound, or a billion items do not show it.

    Raises:
        ValueError: An argument makes no sense.
    """
    power_of(power)
    level_of(level)
    for what, value in (("a share", share), ("a bound", bound)):
        if not 0 <= number_of(value, what) <= 1:
            raise ValueError(f"expected {what} from 0 to 1, found {value!r}")
    if share <= bound:
        return None
    if bound == 0:
        return 1
    low, high = 0, 1
    while proportion_power(high, share, bound, level=level) < power:
        if high >= MOST:
            return None
        low, high = high, min(high * 2, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        found = proportion_power(middle, share, bound, level=level) >= power
        low, high = (low, middle) if found else (middle, high)
    return high
