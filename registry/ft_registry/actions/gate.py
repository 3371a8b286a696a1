"""Decides whether an alias may name a version: walks the policy's rule, and changes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from ft_registry.actions.policies import FiledPolicy
from ft_registry.actions.resolve import alias_digest
from ft_registry.actions.verdicts import parse_verdicts
from ft_registry.errors import InvalidInput
from ft_registry.gates.answer import Answer
from ft_registry.gates.asked import asked
from ft_registry.gates.comparing import Compared, judged
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model import layout
from ft_registry.model.event import Requirement
from ft_registry.model.origin import Actor
from ft_registry.model.policy import (
    ApprovalCheck,
    ArtifactCheck,
    Check,
    Clause,
    CommandCheck,
    CompareCheck,
    CostCheck,
    DataCheck,
    FreshnessCheck,
    IntegrityCheck,
    LineageCheck,
    PluginCheck,
    Rule,
    ScoreCheck,
    check_names,
)  # fmt: skip
from ft_registry.model.time import timestamp
from ft_registry.model.verdict import CheckFinding, GroupFinding, Verdict, joined
from ft_registry.statistics.multiplicity import holm

WHOLE = "gate"
"""The name that stands for all checks where one is set aside."""


@dataclass(frozen=True)
class Decision:
    """A verdict, and what must still hold when an alias is moved by it."""

    report: Report
    requires: tuple[Requirement, ...]

    @property
    def verdict(self) -> Verdict:
        """What was decided."""
        return self.report.verdict


def decide(
    policy: FiledPolicy | None, case: Case, *, actor: Actor, overrides: Sequence[str] = ()
) -> Decision:
    """Decides whether an alias may name a version.

    Every check is made, whatever the others say: a report tells all that stands in the way.

    Args:
        policy: The policy in force; None: there is none, and nothing passes.
        case: The version, the alias, and where facts are found.
        actor: Who asks.
        overrides: Names of checks that a person sets aside; ``gate``: all of them.

    Raises:
        InvalidInput: An override names no check.
        NotFound: There is no such version.
        BackendUnavailable: Something that has to be asked does not answer: nobody can decide.
    """
    rule = policy.policy.rule(case.version.model, case.alias) if policy else None
    names = check_names(rule) if rule else (_POLICY,)
    for name in overrides:
        if name not in (*names, WHOLE):
            raise InvalidInput(
                f"expected the name of a check after --override gate., found {name!r}",
                hints=[f"checks of {case.alias}: {', '.join(names)}", "--override gate: all"],
            )
    worst: dict[str, tuple[WorstItem, ...]] = {}
    if rule is None:
        result = _without_rule(policy, case, overrides)
    else:
        result, worst = _judge(case, rule.clause, names, overrides)
    verdict = Verdict(
        model=case.version.model,
        version=case.version.number,
        record=case.filed.digest,
        alias=case.alias,
        policy=policy.digest if policy else None,
        outcome=result.outcome,
        result=result,
        overrides=tuple(dict.fromkeys(overrides)),
        opponents=tuple(case.uses.opponents.values()),
        evaluations=tuple(case.uses.evaluations.values()),
        approvals=dict(case.uses.approvals),
        uses=_uses(case),
        decided_at=timestamp(case.now),
        decided_by=actor,
    )
    report = Report(verdict, worst=worst, notes=tuple(case.uses.notes))
    return Decision(report, tuple(_requires(case, rule, policy)))


_POLICY = "policy"


def _without_rule(policy: FiledPolicy | None, case: Case, overrides: Sequence[str]) -> GroupFinding:
    """Returns what becomes of an alias that no rule speaks of."""
    if policy is None:
        found, passes = "no policy is in force: ft-registry policy apply FILE", False
    elif policy.policy.others == "allow":
        found, passes = "no rule, and others are allowed", True
    else:
        rules = sorted(policy.policy.aliases)
        found, passes = f"no rule, and others are refused; rules: {', '.join(rules)}", False
    finding = CheckFinding(
        name=_POLICY, kind=_POLICY, outcome="pass" if passes else "fail",
        asked=f"a rule for {case.alias}", found=found, overridden=_POLICY in overrides,
    )  # fmt: skip
    return GroupFinding(joined="all", outcome=finding.outcome, findings=(finding,))


def _judge(
    case: Case, clause: Clause, names: Sequence[str], overrides: Sequence[str]
) -> tuple[GroupFinding, dict[str, tuple[WorstItem, ...]]]:
    """Makes every check, then judges comparisons of a family together."""
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


def _families(clause: Clause, choice: str = "") -> list[str]:
    """Returns the family of each check, in order; empty: it is judged alone.

    Under ``all`` each test has to succeed, so together they err no more often than one. Under
    ``any`` each is another chance: comparisons there are a family though nobody says so.
    """
    content = clause.content
    if isinstance(content, tuple):
        if clause.any is not None:
            choice = choice or f"any {id(clause)}"  # of no policy's words: they hold no space
        return [family for one in content for family in _families(one, choice)]
    named = content.family if isinstance(content, CompareCheck) else None
    return [named or choice]


def _adjusted(
    checks: Sequence[Check], found: Sequence["Answer | Compared"], families: Sequence[str]
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
        if family and len(members) > 1:
            for place, p in zip(members, holm(list(members.values())), strict=True):
                adjusted[place] = p
    return adjusted


def _uses(case: Case) -> dict[str, int]:
    """Returns how many promotions each evaluation set has decided so far."""
    sets = {use.data for use in case.uses.evaluations.values() if use.data}
    counts = dict.fromkeys(sorted(sets), 0)
    if counts:
        folder = layout.verdicts(case.version.model)
        contents = case.ledger.read_many(case.ledger.paths(folder))
        for verdict in parse_verdicts(contents.items()):
            for data in {use.data for use in verdict.evaluations} & sets:
                counts[data] += 1
    return counts


def _requires(case: Case, rule: Rule | None, policy: FiledPolicy | None) -> Iterator[Requirement]:
    """Yields what a move by this verdict relies on: whatever changes, it is decided again."""
    yield Requirement(path=layout.POLICY, digest=policy.digest if policy else None)
    for use in case.uses.evaluations.values():
        yield Requirement(path=use.path, digest=use.digest)
    for path in case.uses.corrections:
        yield Requirement(path=path, digest=None)
    for path, digest in case.uses.approvals.items():
        yield Requirement(path=path, digest=digest)
    aliases = {
        (case.version.model if check.against.startswith("@") else check.against.partition("@")[0],
         check.against.partition("@")[2])
        for check in (rule.clause.checks() if rule else ())
        if isinstance(check, CompareCheck) and "@" in check.against
    }  # fmt: skip
    for model, alias in sorted(aliases - {(case.version.model, case.alias)}):
        path = layout.alias(model, alias)
        yield Requirement(path=path, digest=alias_digest(case.ledger, model, alias))
