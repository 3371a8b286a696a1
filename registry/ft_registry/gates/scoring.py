"""Decides whether a score keeps a bound, by its value or by its confidence limit.

The limits are one-sided and never of a normal approximation: Clopper and Pearson's where items are
right or wrong, Student's where they are graded or share clusters.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Floats
from ft_registry.gates.answer import Answer
from ft_registry.gates.samples import (
    Clusters,
    check_clusters,
    check_scores,
    constant,
    groups_of,
    is_binary,
    is_flat,
    items_by_t,
)
from ft_registry.gates.words import counted, needed, number, percent
from ft_registry.model.policy_checks import ScoreCheck
from ft_registry.model.verdict import Interval, Outcome
from ft_registry.statistics.estimate import Alternative, Estimate
from ft_registry.statistics.paired import paired_t
from ft_registry.statistics.proportion_power import proportion_items
from ft_registry.statistics.proportions import clopper_pearson

_ROUNDING = 1e-12


@dataclass(frozen=True)
class MeasuredScore:
    """A metric of a suite as it was measured."""

    value: float
    """The total, as it is on record."""
    n: int
    """Items; 0: nobody says."""
    items: "Floats | None" = None
    """The score of each; None: there is the total alone."""
    ids: tuple[str, ...] = ()
    clusters: Clusters = None
    absent: str = ""
    """Why there are no items, in words."""


def answer_score(check: ScoreCheck, measured: MeasuredScore) -> Answer:
    """Returns whether a score keeps the bound of a check.

    It passes where what the check goes by does; it fails where the value itself does not; where the
    value does and its limit does not, or items are fewer than `min_items`, nothing is decided.
    """
    try:
        return _answer(check, measured)
    except Refused as error:
        return Answer("fail", error.message)


def _answer(check: ScoreCheck, measured: MeasuredScore) -> Answer:
    if measured.items is not None:
        check_scores(measured.items, measured.ids)
    if not math.isfinite(measured.value):
        raise Refused(f"expected a finite score, found {measured.value}")
    if measured.n < check.min_items and (measured.n or check.min_items > 1):
        found = counted(measured.n) if measured.n else "nobody saying how many"
        return Answer(
            "inconclusive",
            f"expected at least {counted(check.min_items)}, found {found}",
            score=_total(measured),
        )
    if check.by == "value":
        outcome: Outcome = "pass" if _keeps(check, measured.value) else "fail"
        return Answer(outcome, f"{number(measured.value)}{_on(measured)}", score=_total(measured))
    return _by_limit(check, measured)


def _by_limit(check: ScoreCheck, measured: MeasuredScore) -> Answer:
    items, which = measured.items, check.by.replace("_", " ")
    if items is None:
        why = measured.absent or "there is the total alone"
        raise Refused(f"expected scored items, which a {which} is of, found none: {why}")
    mean = math.fsum(items.tolist()) / len(items)
    if not math.isclose(mean, measured.value, rel_tol=1e-9, abs_tol=1e-9):
        raise Refused(
            f"expected a score that is the mean of its items, which a {which} is of, found "
            f"{number(measured.value)} beside a mean of {number(mean)}"
        )
    limit = _limit(check, items, groups_of(measured.clusters))
    end = limit.low if check.at_least is not None else limit.high
    score = _interval(check, limit)
    found = f"{number(measured.value)}{_on(measured)}"
    if math.isfinite(end):
        found += f"; the {which} at {percent(check.level)} is {number(end)} ({limit.method})"
    if not _keeps(check, measured.value):
        return Answer("fail", found, score=score)
    if _keeps(check, end):
        return Answer("pass", found, score=score)
    more = _needed(check, limit, items)
    return Answer("inconclusive", f"{found}: {more}", score=score)


def _limit(check: ScoreCheck, items: Floats, groups: Clusters) -> Estimate:
    """Returns the limit of a mean."""
    n = len(items)
    side: Alternative = "greater" if check.at_least is not None else "less"
    if is_binary(items):
        right = int(items.sum())
        if groups is None:
            return clopper_pearson(right, n, level=check.level, alternative=side)
        count = len(set(groups))
        if right in (0, n) and count > 1:
            # Nothing spreads: each cluster is one draw, and all came out alike.
            found = clopper_pearson(
                count if right else 0, count, level=check.level, alternative=side
            )
            return replace(found, n=n, clusters=count, method="Clopper-Pearson of clusters")
    check_clusters(groups)
    if same := constant(items):
        raise Refused(
            f"expected graded scores that spread, found {same}: nothing tells how sure that is"
        )
    found = paired_t(items, np.zeros(n), clusters=groups, level=check.level, alternative=side)
    if found.standard_error is not None and is_flat(found.standard_error, items):
        raise Refused("expected scores that spread between clusters, found all clusters alike")
    return replace(found, method=found.method.replace("paired t", "Student's t"))


def _needed(check: ScoreCheck, limit: Estimate, items: Floats) -> str:
    bound, value, is_floor = _bound(check), limit.estimate, check.at_least is not None
    if is_binary(items) and limit.standard_error is None:
        share, goal = (value, bound) if is_floor else (1 - value, 1 - bound)
        count = proportion_items(share, goal, level=check.level) if 0 <= goal <= 1 else None
        if count is not None and limit.clusters is not None:
            # As many clusters, each as large as they are now.
            count = math.ceil(count * limit.n / limit.clusters)
    elif limit.standard_error is None:
        return f"{counted(limit.n)} tells nothing of the spread"
    else:
        distance = value - bound if is_floor else bound - value
        count = items_by_t(distance, limit.standard_error * math.sqrt(limit.n), check.level)
    return needed(count, f"were {number(value)} the true score")


def _bound(check: ScoreCheck) -> float:
    return next(bound for bound in (check.at_least, check.at_most) if bound is not None)


def _keeps(check: ScoreCheck, value: float) -> bool:
    bound = _bound(check)
    slack = _ROUNDING * max(1.0, abs(bound))
    return value >= bound - slack if check.at_least is not None else value <= bound + slack


def _total(measured: MeasuredScore) -> Interval:
    return Interval(
        value=measured.value, low=None, high=None, level=0.95, n=measured.n, method="as recorded"
    )


def _interval(check: ScoreCheck, limit: Estimate) -> Interval:
    is_floor = check.at_least is not None
    low, high = (limit.low, math.inf) if is_floor else (-math.inf, limit.high)
    return Interval(
        value=limit.estimate,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        level=limit.level, n=limit.n, method=limit.method, clusters=limit.clusters,
    )  # fmt: skip


def _on(measured: MeasuredScore) -> str:
    return f" on {counted(measured.n)}" if measured.n else ""
