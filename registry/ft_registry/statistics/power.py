"""How many items a comparison needs, and what a number of items can show.

Sources:
    J. Cohen, "Statistical Power Analysis for the Behavioral Sciences" (2nd edition, 1988),
    chapter 2: the power of the paired t test, here exact by the noncentral t distribution.
    R. J. Connor, "Sample size for testing differences in proportions for the paired-sample
    design", Biometrics 43 (1987), 207-211: n = (z_a sqrt(psi) + z_b sqrt(psi - delta²))² / delta²,
    with psi the share of discordant items and delta the difference. It takes the variance over
    all items, where O. S. Miettinen, "The matched pairs design in the case of all-or-none
    responses", Biometrics 24 (1968), 339-352, conditions on the discordant ones.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from ft_registry.statistics.arguments import alternative_of, count_of, level_of, number_of
from ft_registry.statistics.estimate import LEVEL, Alternative, normal_quantile, tail_of

POWER = 0.8
"""How often a difference that is there should be found."""
MOST = 10**9
"""Items beyond which nobody goes."""
_FAR = 1e5
"""Standard errors beyond which the noncentral t is not computed as such."""


@dataclass(frozen=True)
class Plan:
    """A comparison before it is made."""

    power: float
    """How often it finds the effect, if that is the true one."""
    n: int
    """Items that both models are scored on."""
    effect: float
    """The true mean difference, new less old."""
    method: str
    level: float = LEVEL
    alternative: Alternative = "two-sided"


def paired_t_power(
    n: int,
    effect: float,
    deviation: float,
    *,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan:
    """Returns how often the paired t test finds an effect.

    Args:
        n: Items, at least two.
        effect: The true mean difference.
        deviation: The standard deviation of the differences, above 0.
        level: Between 0 and 1.
        alternative: What is tested for.

    Raises:
        ValueError: An argument makes no sense.
    """
    n = count_of(n, "items", least=2)
    return _T(deviation, level, alternative).plan(n, number_of(effect, "an effect"))


def paired_t_items(
    effect: float,
    deviation: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan:
    """Returns the fewest items with which the paired t test finds an effect as often as wanted.

    Args:
        effect: The true mean difference, on the side that is tested for.
        deviation: The standard deviation of the differences, above 0.
        power: At least 0.5, below 1.
        level: Between 0 and 1.
        alternative: What is tested for.

    Raises:
        ValueError: An argument makes no sense, or it takes more than a billion items.
    """
    return _T(deviation, level, alternative).items(effect, power)


def paired_t_effect(
    n: int,
    deviation: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan:
    """Returns the smallest effect that the paired t test finds as often as wanted.

    Args:
        n: Items, at least two.
        deviation: The standard deviation of the differences, above 0.
        power: At least 0.5, below 1.
        level: Between 0 and 1.
        alternative: What is tested for; the effect is negative for ``less`` alone.

    Raises:
        ValueError: An argument makes no sense.
    """
    n, test = count_of(n, "items", least=2), _T(deviation, level, alternative)
    largest = test.deviation
    while test.power(n, largest) < power_of(power):
        largest *= 2
    return test.plan(n, test.sign * test.smallest(n, largest, power))


def mcnemar_power(
    n: int,
    effect: float,
    discordance: float,
    *,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan:
    """Returns how often McNemar's test finds a difference of two paired proportions.

    By the normal approximation, which the mid-p test keeps to; the exact test finds a little less.

    Args:
        n: Items, at least one.
        effect: The true difference of the proportions, within the discordance either way.
        discordance: The share of items that one model alone gets right: above 0, at most 1.
        level: Between 0 and 1.
        alternative: What is tested for.

    Raises:
        ValueError: An argument makes no sense.
    """
    n, test = count_of(n, "items", least=1), _McNemar(discordance, level, alternative)
    return test.plan(n, test.within(effect))


def mcnemar_items(
    effect: float,
    discordance: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan:
    """Returns the fewest items with which McNemar's test finds a difference as often as wanted.

    Args:
        effect: The true difference of the proportions, on the side that is tested for and within
            the discordance.
        discordance: The share of items that one model alone gets right: above 0, at most 1.
        power: At least 0.5, below 1.
        level: Between 0 and 1.
        alternative: What is tested for.

    Raises:
        ValueError: An argument makes no sense, or it takes more than a billion items.
    """
    test = _McNemar(discordance, level, alternative)
    return test.items(test.within(effect), power)


def mcnemar_effect(
    n: int,
    discordance: float,
    *,
    power: float = POWER,
    level: float = LEVEL,
    alternative: Alternative = "two-sided",
) -> Plan | None:
    """Returns the smallest difference that McNemar's test finds as often as wanted.

    Args:
        n: Items, at least one.
        discordance: The share of items that one model alone gets right: above 0, at most 1.
        power: At least 0.5, below 1.
        level: Between 0 and 1.
        alternative: What is tested for; the effect is negative for ``less`` alone.

    Returns:
        None: not even a model that wins every discordant item would be found so often.

    Raises:
        ValueError: An argument makes no sense.
    """
    n, test = count_of(n, "items", least=1), _McNemar(discordance, level, alternative)
    if test.power(n, test.discordance) < power_of(power):
        return None
    return test.plan(n, test.sign * test.smallest(n, test.discordance, power))


def power_of(power: float) -> float:
    """Returns a power that one may plan for.

    Raises:
        ValueError: It is below one half, or no probability below 1.
    """
    if level_of(power, "a power") < 0.5:
        raise ValueError(f"expected a power of 0.5 or more, and below 1, found {power!r}")
    return power


class _Test(ABC):
    """What is the same for every test: power rises with the items and with the effect."""

    method: str
    least: int
    """Items that it takes at all."""

    def __init__(self, level: float, alternative: Alternative) -> None:
        alternative_of(alternative)
        self.level, self.alternative = level_of(level), alternative
        self.tail = tail_of(level, alternative)
        self.sign = -1 if alternative == "less" else 1

    @abstractmethod
    def one_sided(self, n: int, effect: float) -> float:
        """Returns how often an effect is found to be above 0."""

    def power(self, n: int, effect: float) -> float:
        """Returns how often an effect is found; it is positive on the side that is tested for."""
        other = self.one_sided(n, -effect) if self.alternative == "two-sided" else 0.0
        return min(1.0, self.one_sided(n, effect) + other)

    def plan(self, n: int, effect: float) -> Plan:
        return Plan(
            power=self.power(n, self.sign * effect), n=n, effect=effect, method=self.method,
            level=self.level, alternative=self.alternative,
        )  # fmt: skip

    def items(self, effect: float, power: float) -> Plan:
        power, signed = power_of(power), self.sign * number_of(effect, "an effect")
        if self.alternative == "two-sided":
            signed = abs(signed)
        if signed <= 0:
            side = {"two-sided": "other than", "greater": "above", "less": "below"}
            raise ValueError(f"expected an effect {side[self.alternative]} 0, found {effect!r}")
        high = self.least
        while self.power(high, signed) < power:
            if high >= MOST:
                raise ValueError(f"expected an effect that {MOST} items can show, found {effect!r}")
            high = min(high * 2, MOST)
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.power(middle, signed) >= power else (middle, high)
        return self.plan(max(high, self.least), effect)

    def smallest(self, n: int, largest: float, power: float) -> float:
        """Returns the smallest effect with a power that the largest has."""
        return _least(lambda effect: self.power(n, effect) >= power, largest)


class _T(_Test):
    method = "paired t, noncentral t"
    least = 2

    def __init__(self, deviation: float, level: float, alternative: Alternative) -> None:
        super().__init__(level, alternative)
        self.deviation = number_of(deviation, "a standard deviation")
        if self.deviation <= 0:
            raise ValueError(f"expected a standard deviation above 0, found {deviation!r}")

    def one_sided(self, n: int, effect: float) -> float:
        from scipy.special import chdtr, nctdtr, stdtrit

        shift, df = effect / self.deviation * math.sqrt(n), n - 1
        critical = -float(stdtrit(df, self.tail))
        if shift < 0:  # nctdtr says NaN where next to nothing is left
            found = float(nctdtr(df, -shift, -critical))
            return 0.0 if math.isnan(found) else found
        if shift < _FAR or critical <= 0:
            return float(nctdtr(df, -shift, -critical))
        # So far off, t varies as its denominator does: the numerator is the shift, to 1e-10.
        return float(chdtr(df, df * (shift / critical) ** 2))


class _McNemar(_Test):
    method = "McNemar, Connor (1987)"
    least = 1

    def __init__(self, discordance: float, level: float, alternative: Alternative) -> None:
        super().__init__(level, alternative)
        self.discordance = number_of(discordance, "a discordance")
        if not 0 < self.discordance <= 1:
            raise ValueError(f"expected a discordance above 0, at most 1, found {discordance!r}")
        self.reach = normal_quantile(self.tail) * math.sqrt(self.discordance)

    def within(self, effect: float) -> float:
        found = number_of(effect, "an effect")
        if abs(found) > self.discordance:
            raise ValueError(
                f"expected an effect within the discordance of {self.discordance}, found {effect!r}"
            )
        return found

    def one_sided(self, n: int, effect: float) -> float:
        beyond = effect * math.sqrt(n) - self.reach
        deviation = math.sqrt(max(self.discordance - effect * effect, 0.0))
        if deviation == 0:  # every item is won, or every item is lost
            return 1.0 if beyond >= 0 else 0.0
        return NormalDist().cdf(beyond / deviation)


def _least(is_enough: Callable[[float], bool], high: float) -> float:
    """Returns the smallest number that is enough, to the last bits; 0 is not, the highest is."""
    low = 0.0
    while low < (middle := (low + high) / 2) < high and high - low > 1e-15 * high:
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
