"""How many items the exact tests of paired items need, and how often they find what is there.

Every table is counted: the exact test against a difference of 0 finds less than the formulas of
`power` say, which are of the mid-p test. How many items a margin needs is of Nam's formula, which
is Connor's with the error of the restricted estimate.

Sources:
    J.-M. Nam, "Establishing equivalence of two treatments and sample size requirements in
    matched-pairs design", Biometrics 53 (1997), 1422-1430.
    S. W. Duffy, "Asymptotic and exact power for the McNemar test and its analogue with R controls
    per case", Biometrics 40 (1984), 1005-1015: the power as a sum over discordant items.
"""

import math
from functools import partial
from statistics import NormalDist

from ft_registry.statistics.arguments import count_of, level_of, number_of
from ft_registry.statistics.estimate import LEVEL, normal_quantile
from ft_registry.statistics.nuisance import at_least, least_counts, span
from ft_registry.statistics.paired_exact import (
    EXACT_UP_TO,
    Region,
    null_of,
    restricted_share,
    share_won,
)
from ft_registry.statistics.power import MOST, POWER, Plan, mcnemar_power, power_of


def exact_paired_power(
    n: int, effect: float, discordance: float, *, null: float = 0.0, level: float = LEVEL
) -> Plan:
    """Returns how often the exact test, one-sided, finds that a difference is above the null.

    Args:
        n: Items, at least one.
        effect: The true difference of the proportions, within the discordance either way.
        discordance: The share of items that one model alone gets right: 0 to 1.
        null: The difference that is tested against, above -1 and below 1.
        level: Between 0 and 1; the test errs as often as that leaves.

    Raises:
        ValueError: An argument makes no sense.
    """
    n, null, level = count_of(n, "items", least=1), null_of(null), level_of(level)
    effect, discordance = number_of(effect, "an effect"), number_of(discordance, "a discordance")
    if not 0 <= discordance <= 1 or abs(effect) > discordance * (1 + 1e-12):
        raise ValueError(
            "expected a discordance from 0 to 1 and an effect within it,"
            f" found {discordance!r} and {effect!r}"
        )
    if null != 0 and discordance > 0 and n <= EXACT_UP_TO:
        region = Region.of_level(n, null, 1 - level)
        return _plan(n, region.tail(discordance, effect), effect, "Tango's score, exact", level)
    return _power(n, effect, discordance, null, level)


def exact_paired_items(
    effect: float,
    discordance: float,
    *,
    null: float = 0.0,
    power: float = POWER,
    level: float = LEVEL,
) -> Plan | None:
    """Returns about the fewest items with which the exact test finds an effect as often as wanted.

    The power of a test that counts goes up in steps, and a little down between them: a few items
    less may do.

    Args:
        effect: The true difference of the proportions, within the discordance either way.
        discordance: The share of items that one model alone gets right: 0 to 1.
        null: The difference that is tested against, above -1 and below 1.
        power: At least 0.5, below 1.
        level: Between 0 and 1.

    Returns:
        None: the effect is not above the null, or a billion items do not show it.

    Raises:
        ValueError: An argument makes no sense.
    """
    power_of(power)
    exact_paired_power(1, effect, discordance, level=level)  # refuses what makes no sense
    if effect <= null:
        return None
    find = partial(_power, effect=effect, discordance=discordance, null=null_of(null), level=level)
    high = 1
    while find(high).power < power:
        if high >= MOST:
            return None
        high = min(high * 2, MOST)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if find(middle).power >= power else (middle, high)
    return find(high)


def _power(n: int, effect: float, discordance: float, null: float, level: float) -> Plan:
    if null != 0:
        method, found = "Tango's score, Nam (1997)", _nam(n, effect, discordance, null, level)
    elif discordance == 0:
        method, found = "McNemar exact", 0.0
    elif n <= EXACT_UP_TO:
        method, found = "McNemar exact", _mcnemar(n, effect, discordance, 1 - level)
    else:
        return mcnemar_power(n, effect, discordance, level=level, alternative="greater")
    return _plan(n, found, effect, method, level)


def _plan(n: int, power: float, effect: float, method: str, level: float) -> Plan:
    return Plan(
        power=min(power, 1.0), n=n, effect=effect, method=method, level=level, alternative="greater"
    )


def _mcnemar(n: int, effect: float, discordance: float, alpha: float) -> float:
    counts, often = span(n, discordance)
    wins = least_counts(lambda b: at_least(b, counts, 0.5) <= alpha, counts)
    found = often * at_least(wins, counts, share_won(discordance, effect))
    return math.fsum(found.tolist())


def _nam(n: int, effect: float, discordance: float, null: float, level: float) -> float:
    if discordance == 0 and null < 0:  # a share of -null would have shown by now
        return 1.0 if n * math.log1p(null) <= math.log1p(-level) else 0.0
    won, lost = (discordance + effect) / 2, (discordance - effect) / 2
    smaller = float(restricted_share(n * won, n * lost, n, null))
    wide = 2 * smaller + abs(null) * (1 - abs(null))
    beyond = (effect - null) * math.sqrt(n) - normal_quantile(1 - level) * math.sqrt(wide)
    deviation = math.sqrt(max(discordance - effect * effect, 0.0))
    if deviation == 0:  # every item is won, every one lost, or none differs
        return 1.0 if beyond >= 0 else 0.0
    return NormalDist().cdf(beyond / deviation)
