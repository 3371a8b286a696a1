"""The difference of two sides by the test that fits them: right or wrong, graded, in clusters."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Floats
from ft_registry.gates.samples import (
    Clusters,
    check_clusters,
    groups_of,
    is_binary,
    is_flat,
    items_by_t,
)
from ft_registry.gates.words import signed
from ft_registry.statistics.bootstrap import bootstrap_mean_difference
from ft_registry.statistics.estimate import LEVEL, Estimate
from ft_registry.statistics.mcnemar import paired_difference, paired_table
from ft_registry.statistics.paired import paired_t
from ft_registry.statistics.paired_exact import exact_paired_test
from ft_registry.statistics.paired_exact_power import exact_paired_items
from ft_registry.statistics.unpaired import unpaired_difference, welch
from ft_registry.statistics.unpaired_exact import UnpairedTable

_FEW = 20
"""Units below which the bootstrap is not believed alone."""


@dataclass(frozen=True)
class Difference:
    """A difference of means, tested against a null: p is of one that is larger."""

    estimate: Estimate
    """With the two-sided interval."""
    p: float
    least_items: int
    """Items of the side that has fewer."""
    items: Callable[[float, float, float], int | None]
    """How many show an effect against a null at a level, at 80 % power; None: too many."""


def find_difference(
    new: Floats,
    old: Floats,
    null: float,
    *,
    clusters: Clusters = None,
    old_clusters: Clusters = None,
    paired: bool = True,
    resamples: int = 0,
) -> Difference:
    """Returns the difference of two sides, new less old.

    Args:
        new: Finite scores, at least one.
        old: The same of the other side; of the same items, if paired.
        null: What is tested against.
        clusters: What items belong to; of the new ones, if not paired.
        old_clusters: Of the old ones, if not paired.
        paired: Whether they are the same items.
        resamples: Of graded scores; 0: the t.

    Raises:
        Refused: They cannot be tested, and why.
    """
    groups, old_groups = groups_of(clusters), None if paired else groups_of(old_clusters)
    check_clusters(groups)
    check_clusters(old_groups)
    with np.errstate(over="ignore"):
        ends = new.max() - old.min(), new.min() - old.max()
    if not np.isfinite(ends).all():
        raise Refused("expected differences that a float can hold, found an infinite one")
    if is_binary(new, old) and groups is None and old_groups is None:
        return _right_or_wrong(new, old, null) if paired else _two_proportions(new, old, null)
    if not paired:
        if resamples:
            raise Refused("expected paired items, which the bootstrap resamples, found two groups")
        return _two_means(new, old, null, groups, old_groups)
    if not (new - old).any():
        return _unchanged(new, null, groups)
    return _graded(new, old, null, groups, resamples)


def _right_or_wrong(new: Floats, old: Floats, null: float) -> Difference:
    table = paired_table(new, old)
    found = exact_paired_test(table, null)
    estimate = paired_difference(table)
    discordance = (table.b + table.c) / table.n

    def items(effect: float, null: float, level: float) -> int | None:
        plan = exact_paired_items(effect, discordance, null=null, level=level)
        return plan.n if plan is not None else None

    return Difference(
        replace(estimate, method=f"{found.method}; Newcombe's interval", p=None),
        found.p,
        table.n,
        items,
    )


def _two_proportions(new: Floats, old: Floats, null: float) -> Difference:
    table = UnpairedTable(int(new.sum()), len(new), int(old.sum()), len(old))
    found = unpaired_difference(table, null=null)
    # As the t has it, but for 0 and 1: a side that is all right may still get one wrong.
    shares = ((table.new_right + 0.5) / (len(new) + 1), (table.old_right + 0.5) / (len(old) + 1))
    error = math.sqrt(
        sum(q * (1 - q) / n for q, n in zip(shares, (len(new), len(old)), strict=True))
    )
    return _by_error(replace(found, standard_error=error), min(len(new), len(old)))


def _two_means(
    new: Floats, old: Floats, null: float, groups: Clusters, old_groups: Clusters
) -> Difference:
    found = welch(
        new, old, clusters=groups, old_clusters=old_groups, null=null, alternative="greater"
    )
    if found.standard_error is not None and is_flat(found.standard_error, new, old):
        raise Refused("expected scores that spread between clusters, found all clusters alike")
    both = welch(new, old, clusters=groups, old_clusters=old_groups)
    return _by_error(replace(both, p=found.p), min(len(new), len(old)))


def _graded(new: Floats, old: Floats, null: float, groups: Clusters, resamples: int) -> Difference:
    by_t = paired_t(new, old, clusters=groups, null=null, alternative="greater")
    if by_t.standard_error is not None and is_flat(by_t.standard_error, new, old):
        every = "cluster" if groups is not None else "item"
        raise Refused(
            f"expected differences that spread, found that every {every} differs by "
            f"{signed(by_t.estimate)}: nothing tells how sure that is"
        )
    if resamples and by_t.standard_error is not None:
        found = bootstrap_mean_difference(
            new, old, clusters=groups, null=null, tested="greater", resamples=resamples
        )
        units = found.clusters or len(new)
        if units < _FEW and by_t.p is not None and found.p is not None and by_t.p > found.p:
            # Of a handful it sees too little spread: of A/A pairs of 2 items one in four passes.
            found = replace(found, p=by_t.p, method=f"{found.method}; p by the paired t")
        return _by_error(found, len(new))
    return _by_error(replace(paired_t(new, old, clusters=groups), p=by_t.p), len(new))


def _unchanged(new: Floats, null: float, groups: Clusters) -> Difference:
    """Returns what n equal pairs of scores say: how many of them would have differed by now.

    Were the true mean -margin or less, and no score worse by more than the range r, at least a
    share margin / r of the items would differ: that none of n does has a chance of
    (1 - margin / r)^n.
    """
    n, units = len(new), len(set(groups)) if groups is not None else len(new)
    reach = max(1.0, float(new.max() - new.min()))

    def chance(null: float, units: float) -> float:
        return max(0.0, 1 + null / reach) ** units if null < 0 else 1.0

    def items(effect: float, null: float, level: float) -> int | None:
        if effect <= null:
            return None
        if null <= -reach:
            return 1
        return math.ceil(math.log1p(-level) / math.log1p(null / reach) * n / units)

    end = reach * -math.expm1(math.log((1 - LEVEL) / 2) / units)
    estimate = Estimate(
        estimate=0.0, low=-end, high=end, n=n, method="no item differs",
        clusters=None if groups is None else units,
    )  # fmt: skip
    return Difference(estimate, chance(null, units), n, items)


def _by_error(found: Estimate, least: int) -> Difference:
    def items(effect: float, null: float, level: float) -> int | None:
        if found.standard_error is None:
            return None
        return items_by_t(effect - null, found.standard_error * math.sqrt(found.n), level)

    return Difference(found, 1.0 if found.p is None else found.p, least, items)
