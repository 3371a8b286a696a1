"""Decides whether an alias may name a version: walks the policy's rule, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ft_registry.actions.policies import FiledPolicy
from ft_registry.actions.resolve import alias_digest
from ft_registry.actions.verdicts import parse_verdicts
from ft_registry.errors import InvalidInput
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model import layout
from ft_registry.model.event import Requirement
from ft_registry.model.origin import Actor
from ft_registry.model.policy import CompareCheck, Rule, check_names
from ft_registry.model.time import timestamp
from ft_registry.model.verdict import CheckFinding, GroupFinding, Verdict

if TYPE_CHECKING:
    from ft_registry.actions.checks.case import Case

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
    policy: FiledPolicy | None, case: "Case", *, actor: Actor, overrides: Sequence[str] = ()
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
        # Not above: it imports statistics, and whoever plans a move imports this.
        from ft_registry.actions.judging import judge

        result, worst = judge(case, rule.clause, names, overrides)
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


def _without_rule(
    policy: FiledPolicy | None, case: "Case", overrides: Sequence[str]
) -> GroupFinding:
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


def _uses(case: "Case") -> dict[str, int]:
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


def _requires(case: "Case", rule: Rule | None, policy: FiledPolicy | None) -> Iterator[Requirement]:
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
