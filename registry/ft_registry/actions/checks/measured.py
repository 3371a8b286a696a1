"""Finds what was measured of a contender: the evaluation in force, the metric, its items."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ft_registry.actions.checks.case import Case
from ft_registry.actions.contenders import MeasuredContender
from ft_registry.errors import (
    FtRegistryError,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
)
from ft_registry.evaluations.items import Floats, Items
from ft_registry.gates.answer import Answer
from ft_registry.model.evaluation import Evaluation, ItemTable, Score
from ft_registry.model.policy_checks import Measured

REFUSALS = (NotFound, IntegrityError, Refused, InvalidInput)
"""What makes a check fail. A store that does not answer is none of these: nobody can decide."""

_SHOWN = 3


def refused(error: FtRegistryError) -> Answer:
    """Returns the answer of a check that found no facts."""
    return Answer("fail", "; ".join((error.message, *error.hints[:1])))


@dataclass(frozen=True)
class MeasuredMetric:
    """One metric of one suite of a contender."""

    contender: MeasuredContender
    evaluation: Evaluation
    score: Score

    @property
    def n(self) -> int:
        """Items; 0: nobody says."""
        return self.score.n or (0 if self.score.task else self.evaluation.rows)


@dataclass(frozen=True)
class ScoredItems:
    """The items that a metric was computed from; all columns have one entry an item."""

    ids: Sequence[str]
    scores: Floats
    clusters: Sequence[str] | None
    slices: dict[str, Sequence[str]]
    """By property; ``task`` is one."""


def find_metric(
    case: Case, contender: MeasuredContender, record: str, check: Measured
) -> MeasuredMetric:
    """Returns the metric that a check is of, and notes that the verdict rests on it.

    Args:
        case: What is decided.
        contender: Of whom.
        record: The digest of its record, or of the baseline's document.
        check: What is asked.

    Raises:
        NotFound: There is no evaluation of the suite, or no such metric in it.
        Refused: The evaluation is of another record, partial, trusted, or of no items.
    """
    name, evaluation = contender.reference, contender.newest.get(check.suite)
    if evaluation is None:
        raise NotFound(
            f"expected an evaluation of {check.suite} of {name}, found "
            f"{', '.join(contender.newest) or 'none of any suite'}",
            hints=[f"ft-registry eval add {name} FILE puts one on record"],
        )
    case.note(evaluation)
    if evaluation.record != record:
        raise Refused(
            f"expected an evaluation of {name} as it is on record ({record[:19]}), found one of "
            f"{evaluation.record[:19]}: measure it again"
        )
    if evaluation.partial and not check.allow_partial:
        raise Refused(
            f"expected {check.suite} measured in full of {name}, found a part: "
            f"{evaluation.partial}; allow_partial in the check takes it"
        )
    if evaluation.trusted and not check.allow_trusted:
        raise Refused(
            f"expected files that speak for {name}, found what was set aside: "
            f"{evaluation.trusted}; allow_trusted in the check takes it"
        )
    if isinstance(evaluation.items, ItemTable) and evaluation.items.rows == 0:
        raise Refused(f"expected scored items of {check.suite} of {name}, found none")
    scores = [score for score in evaluation.scores if score.key == check.metric]
    if len(scores) != 1:
        keys = ", ".join(score.key for score in evaluation.scores)
        raise NotFound(
            f"expected one metric {check.metric} in {check.suite} of {name}, found {len(scores)}, "
            f"among: {keys or 'none'}"
        )
    return MeasuredMetric(contender, evaluation, scores[0])


def find_items(case: Case, metric: MeasuredMetric) -> ScoredItems:
    """Returns the items that a metric was computed from.

    Raises:
        NotFound: There are none, or their table is gone.
        Refused: Two have one id.
        IntegrityError: The table has other bytes than were recorded.
        BackendUnavailable: The store does not answer.
    """
    items, score = _table(case, metric), metric.score
    column = items.scores.get(score.column)
    whose = f"{score.key} of {metric.contender.reference}"
    if column is None:
        raise NotFound(
            f"expected items that were scored by {whose}, found "
            f"{', '.join(items.scores) or 'none'}: it is a total alone"
        )
    places = np.arange(len(items))
    if score.task and items.tasks is not None:
        places = np.flatnonzero(np.array(items.tasks, dtype=object) == score.task)
    if not len(places):
        raise NotFound(f"expected items of {whose}, found none: it is a total alone")
    ids = _at(items.ids, places)
    if len(set(ids)) < len(ids):
        twice = [id_ for id_, count in Counter(ids).items() if count > 1][:_SHOWN]
        raise Refused(f"expected every item of {whose} once, found twice: {', '.join(twice)}")
    slices = dict(items.slices) if items.tasks is None else {"task": items.tasks, **items.slices}
    return ScoredItems(
        ids=ids,
        scores=column[places],
        clusters=None if items.clusters is None else _at(items.clusters, places),
        slices={name: _at(values, places) for name, values in slices.items()},
    )


def _table(case: Case, metric: MeasuredMetric) -> Items:
    evaluation = metric.evaluation
    key = evaluation.items.digest if isinstance(evaluation.items, ItemTable) else ""
    if key not in case.tables:
        case.tables[key] = case.tools.tables().find(evaluation, metric.contender.home)
    return case.tables[key]


def _at(values: Sequence[str], places: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> list[str]:
    return [values[place] for place in places.tolist()]
