"""Decides whether one side of a comparison is better, or no worse, than the other.

In two steps: `compared` finds the p-value, `judged` decides by it. Between them the p-values of a
family are adjusted for each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Floats
from ft_registry.gates.answer import Answer
from ft_registry.gates.differences import Difference, find_difference
from ft_registry.gates.harm import find_harm
from ft_registry.gates.samples import Clusters, check_scores, constant, is_binary
from ft_registry.gates.words import chance, counted, needed, number, signed
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.model.verdict import SHOWN, ComparisonFinding, Interval
from ft_registry.statistics.bootstrap import RESAMPLES
from ft_registry.statistics.estimate import Estimate

_ROUNDING = 1e-12
_TAIL = 10
"""Resamples that are expected beyond alpha, at least."""


@dataclass(frozen=True)
class Sides:
    """A metric on both sides. Where the check is of paired items, place by place the same one."""

    opponent: str
    new: Floats
    old: Floats
    ids: Sequence[str]
    """Of the items; of the new ones, where they are not paired."""
    higher_is_better: bool | None
    clusters: Clusters = None
    old_clusters: Clusters = None
    """Of the old items, where they are not paired."""
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By property; empty: the item has none."""

    @property
    def upwards(self) -> tuple[Floats, Floats]:
        """New and old scores, turned so that more is better."""
        if self.higher_is_better:
            return self.new, self.old
        # Right and wrong change places, so that they stay right and wrong.
        top = 1.0 if is_binary(self.new, self.old) else 0.0
        return top - self.new, top - self.old


@dataclass(frozen=True)
class Compared:
    """A comparison before it is judged."""

    check: CompareCheck
    finding: ComparisonFinding
    difference: Difference

    @property
    def p(self) -> float:
        """One-sided: what a family adjusts."""
        return self.finding.p


def compared(check: CompareCheck, sides: Sides) -> Compared | Answer:
    """Compares two sides.

    Args:
        check: What is asked.
        sides: The scores.

    Returns:
        An answer where they cannot be compared: it fails, and says why.
    """
    try:
        return _compared(check, sides)
    except Refused as error:
        return Answer("fail", error.message)


def judged(comparison: Compared, p_adjusted: float | None = None) -> Answer:
    """Decides.

    Too few items decide nothing. A slice that got worse fails. What is shown passes; what is not
    fails where the estimate itself lies on the wrong side, else it is undecided.

    Args:
        comparison: What was found.
        p_adjusted: p, adjusted for the family that the check is one of; None: it stands alone.
    """
    check, found = comparison.check, comparison.finding
    words = _in_words(found, p_adjusted)
    p = found.p if p_adjusted is None else p_adjusted
    finding = found.model_copy(update={"p_adjusted": p_adjusted})
    n = comparison.difference.least_items
    harmed = [one for one in found.slices if one.p_worse <= check.alpha]
    if n < check.min_items:
        least = f"expected at least {counted(check.min_items)}, found {counted(n)}"
        return Answer("inconclusive", f"{words}; {least}", comparison=finding)
    if harmed:
        named = ", ".join(
            f"{one.slice} ({number(one.before)} to {number(one.after)} on {counted(one.n)}, "
            f"{chance(one.p_worse)})"
            for one in harmed[:3]
        )
        more = f" and {len(harmed) - 3} more" if len(harmed) > 3 else ""
        return Answer("fail", f"{words}; worse on {named}{more}", comparison=finding)
    if p <= check.alpha:
        return Answer("pass", words, comparison=finding)
    if found.delta.value <= found.null + _ROUNDING:
        side = f"not above {signed(found.null)}" if found.null else "no better"
        return Answer("fail", f"{words}: {side}", comparison=finding)
    count, condition = _needed(comparison, p)
    finding = finding.model_copy(update={"items_needed": count})
    return Answer("inconclusive", f"{words}: {needed(count, condition)}", comparison=finding)


def _needed(comparison: Compared, p: float) -> tuple[int | None, str]:
    found = comparison.finding
    # Of a family each is judged at a part of alpha: at the part that adjusting left.
    alpha = found.alpha * (found.p / p if p > 0 else 1.0)
    if comparison.check.test == "superior":
        effect, condition = found.delta.value, f"were {signed(found.delta.value)} the true gain"
    else:
        effect, condition = 0.0, "were both as good"
    return comparison.difference.items(effect, found.null, 1 - alpha), condition


def _compared(check: CompareCheck, sides: Sides) -> Compared:
    _check_sides(check, sides)
    new, old = sides.upwards
    null = check.margin if check.test == "superior" else -check.margin
    found = find_difference(
        new, old, null, clusters=sides.clusters, old_clusters=sides.old_clusters,
        paired=check.paired, resamples=_resamples(check),
    )  # fmt: skip
    gained, lost, worst = _turned(new, old, sides.ids) if check.paired else (0, 0, ())
    slices = {name: sides.slices[name] for name in check.slices}
    finding = ComparisonFinding(
        opponent=sides.opponent, suite=check.suite, metric=check.metric,
        before=_mean(sides.old), after=_mean(sides.new), delta=_interval(found.estimate),
        null=null, p=found.p, alpha=check.alpha, gained=gained, lost=lost, worst=worst,
        slices=find_harm(new, old, sides.clusters, slices, shown=(sides.new, sides.old)),
        paired=check.paired,
    )  # fmt: skip
    return Compared(check, finding, found)


def _resamples(check: CompareCheck) -> int:
    if check.method != "bootstrap":
        return 0
    # No p of resamples is below one in as many: fewer could never pass.
    return max(RESAMPLES, math.ceil(_TAIL / check.alpha))


def _check_sides(check: CompareCheck, sides: Sides) -> None:
    """Refuses what no test is made for."""
    check_scores(sides.new, sides.ids, whose="the candidate")
    check_scores(sides.old, sides.ids if check.paired else (), whose=sides.opponent)
    if check.paired and len(sides.new) != len(sides.old):
        raise Refused(f"expected the same items, found {len(sides.new):,} and {len(sides.old):,}")
    if sides.higher_is_better is None:
        raise Refused(
            f"expected to know whether more is better of {check.metric}, found nothing that says "
            "so: higher_is_better in the check says it"
        )
    if is_binary(sides.new, sides.old):
        if check.margin >= 1:
            raise Refused(
                "expected a margin below 1 for items that score 0 or 1, found "
                f"{check.margin:g}: any model keeps it, or none"
            )
    elif (same := constant(sides.new)) and (other := constant(sides.old)):
        raise Refused(
            f"expected graded scores that spread, found none: {same} of the candidate, {other} of "
            f"{sides.opponent}"
        )
    if absent := [name for name in check.slices if not any(sides.slices.get(name, ()))]:
        there = ", ".join(sorted(name for name, column in sides.slices.items() if any(column)))
        raise Refused(f"expected items with {', '.join(absent)}, found {there or 'no properties'}")


def _turned(new: Floats, old: Floats, ids: Sequence[str]) -> tuple[int, int, tuple[str, ...]]:
    """Returns how many items score better, how many worse, and the worst of these."""
    change = new - old
    least = 4 * float(np.finfo(float).eps) * np.maximum(abs(new), abs(old))
    lost = np.flatnonzero(change < -least).tolist()
    worst = sorted((float(change[place]), ids[place]) for place in lost)[:SHOWN]
    return int((change > least).sum()), len(lost), tuple(id_ for _, id_ in worst)


def _in_words(found: ComparisonFinding, p_adjusted: float | None) -> str:
    delta = found.delta
    span = ""
    if delta.low is not None and delta.high is not None:
        span = f" ({signed(delta.low)} to {signed(delta.high)})"
    adjusted = "" if p_adjusted is None else f", {chance(p_adjusted)} in its family"
    return (
        f"{number(found.after)} against {number(found.before)} of {found.opponent} on "
        f"{counted(delta.n)}: {signed(delta.value)}{span}, {chance(found.p)}{adjusted}"
    )


def _mean(scores: Floats) -> float:
    return math.fsum(scores.tolist()) / len(scores)


def _interval(found: Estimate) -> Interval:
    return Interval(
        value=found.estimate,
        low=found.low if math.isfinite(found.low) else None,
        high=found.high if math.isfinite(found.high) else None,
        level=found.level, n=found.n, method=found.method, clusters=found.clusters,
    )  # fmt: skip
