"""Makes the checks of a rule, and joins what they answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from ft_registry.actions.checks.approval import check_approval
from ft_registry.actions.checks.artifact import check_artifact
from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.command import check_command
from ft_registry.actions.checks.compare import check_comparison, worst_items
from ft_registry.actions.checks.cost import check_cost
from ft_registry.actions.checks.data import check_data
from ft_registry.actions.checks.freshness import check_freshness
from ft_registry.actions.checks.integrity import check_integrity
from ft_registry.actions.checks.lineage import check_lineage
from ft_registry.actions.checks.plugin import check_plugin
from ft_registry.actions.checks.score import check_score
from ft_registry.gates.answer import Answer
from ft_registry.gates.asked import asked
from ft_registry.gates.comparing import Compared, judged
from ft_registry.gates.report import WorstItem
from ft_registry.model.policy import Clause
from ft_registry.model.policy_checks import (
    ApprovalCheck,
    ArtifactCheck,
    Check,
    CommandCheck,
    CompareCheck,
    CostCheck,
    DataCheck,
    FreshnessCheck,
    IntegrityCheck,
    LineageCheck,
    PluginCheck,
    ScoreCheck,
)
from ft_registry.model.verdict import CheckFinding, GroupFinding, joined
from ft_registry.statistics.multiplicity import holm


def judge(
    case: Case, clause: Clause, names: Sequence[str], overrides: Sequence[str]
) -> tuple[GroupFinding, dict[str, tuple[WorstItem, ...]]]:
    """Makes every check, then judges comparisons of a family together.

    Args:
        case: The version, the alias, and where facts are found.
        clause: The rule.
        names: Of its checks, in order.
        overrides: Names of checks that a person sets aside.

    Returns:
        What was found, and the items that speak against the candidate, by name of the check.
    """
    checks = list(clause.checks())
    found = [_look(check, case) for check in checks]
    answers = [
        judged(one, p) if isinstance(one, Compared) else one
        for one, p in zip(found, _adjusted(checks, found, _families(clause)), strict=True)
    ]
    findings = iter(
        CheckFinding(
            name=name, kind=check.KIND, outcome=one.outcome, asked=asked(check), found=one.found,
            score=one.score, comparison=one.comparison, overridden=name in overrides,
        )
        for name, check, one in zip(names, checks, answers, strict=True)
    )  # fmt: skip
    group = _group(clause, findings)
    assert isinstance(group, GroupFinding)  # noqa: S101 - a rule is a group
    worst = {
        name: worst_items(one, case)
        for name, one in zip(names, found, strict=True)
        if isinstance(one, Compared) and one.finding.worst
    }
    return group, worst


def _group(clause: Clause, findings: Iterator[CheckFinding]) -> CheckFinding | GroupFinding:
    content = clause.content
    if not isinstance(content, tuple):
        return next(findings)
    parts = tuple(_group(one, findings) for one in content)
    how: Literal["all", "any"] = "all" if clause.all is not None else "any"
    outcome = joined(how, [part.outcome for part in parts])
    return GroupFinding(joined=how, outcome=outcome, findings=parts)


_CHECKS: Mapping[type[Check], Callable[[Any, Case], Answer]] = {
    ScoreCheck: check_score,
    DataCheck: check_data,
    LineageCheck: check_lineage,
    ArtifactCheck: check_artifact,
    IntegrityCheck: check_integrity,
    FreshnessCheck: check_freshness,
    ApprovalCheck: check_approval,
    CostCheck: check_cost,
    CommandCheck: check_command,
    PluginCheck: check_plugin,
}


def _look(check: Check, case: Case) -> "Answer | Compared":
    if isinstance(check, CompareCheck):
        return check_comparison(check, case)
    return _CHECKS[type(check)](check, case)


def _families(clause: Clause) -> list[int]:
    """Returns the family of each check, in order, as a number.

    Under ``all`` each test has to succeed, so together they err no more often than one. Under
    ``any`` each is another chance: comparisons there are a family though nobody says so. A name
    in the policy joins more of them, and splits none.
    """
    memberships = list(_memberships(clause, ()))
    families = list(range(len(memberships)))
    for key in {key for keys in memberships for key in keys}:
        joined_ = {families[place] for place, keys in enumerate(memberships) if key in keys}
        families = [min(joined_) if family in joined_ else family for family in families]
    return families


def _memberships(clause: Clause, choices: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yields for each check the names of what joins it with others."""
    content = clause.content
    if isinstance(content, tuple):
        if clause.any is not None:
            choices = (*choices, f"any {id(clause)}")  # no name of a policy holds a space
        for one in content:
            yield from _memberships(one, choices)
    else:
        named = content.family if isinstance(content, CompareCheck) else None
        yield (*choices, named) if named else choices


def _adjusted(
    checks: Sequence[Check], found: Sequence["Answer | Compared"], families: Sequence[int]
) -> list[float | None]:
    """Returns the p-value of each comparison of a family by Holm; None: it stands alone.

    One that could not be made counts with a p of 1: else the others would look stronger for it.
    """
    adjusted: list[float | None] = [None] * len(found)
    for family in dict.fromkeys(families):
        members = {
            place: one.p if isinstance(one, Compared) else 1.0
            for place, one in enumerate(found)
            if families[place] == family and isinstance(checks[place], CompareCheck)
        }
        if len(members) > 1:
            for place, p in zip(members, holm(list(members.values())), strict=True):
                adjusted[place] = p
    return adjusted
