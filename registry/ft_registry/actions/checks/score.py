"""Checks of the kind ``score``: from what is on record to an answer."""

from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.measured import REFUSALS, find_items, find_metric, refused
from ft_registry.gates.answer import Answer
from ft_registry.gates.scoring import MeasuredScore, answer_score
from ft_registry.model.policy_checks import ScoreCheck


def check_score(check: ScoreCheck, case: Case) -> Answer:
    """Returns whether a metric of the candidate keeps the bound of a check.

    By its value alone nothing but the ledger is read.

    Raises:
        BackendUnavailable: The items are asked for, and their store does not answer.
    """
    try:
        return answer_score(check, _measured(case, check))
    except REFUSALS as error:
        return refused(error)


def _measured(case: Case, check: ScoreCheck) -> MeasuredScore:
    metric = find_metric(case, case.measured, case.filed.digest, check)
    if check.by == "value":
        return MeasuredScore(metric.score.value, metric.n)
    items = find_items(case, metric)
    return MeasuredScore(
        metric.score.value, len(items.ids), items.scores, tuple(items.ids), items.clusters
    )
