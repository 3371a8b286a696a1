"""Decides whether an alias may name a version: walks the policy's rule, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ft_registry.actions.authors import read_authors, with_places
from ft_registry.actions.contenders import find_contender
from ft_registry.actions.evaluations import place_of
from ft_registry.actions.policies import FiledPolicy
from ft_registry.actions.resolve import alias_digest
from ft_registry.actions.verdicts import parse_verdicts
from ft_registry.errors import IntegrityError, InvalidInput
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Requirement, digest_within
from ft_registry.model.origin import Actor
from ft_registry.model.policy import Rule, check_names
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.model.reference import BaselineReference, VersionReference, parse_contender
from ft_registry.model.time import timestamp
from ft_registry.model.verdict import CheckFinding, GroupFinding, Verdict
from ft_registry.ports.ledger import Ledger

if TYPE_CHECKING:
    from ft_registry.actions.checks.case import Case

WHOLE = "gate"
"""The name that stands for all checks where one is set aside."""
_POLICY = "policy"
"""The one check of an alias without a rule."""


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
    _check_evidence(case, rule)
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


def _check_evidence(case: "Case", rule: Rule | None) -> None:
    """Raises unless events wrote all that the verdict rests on as it is.

    Raises:
        IntegrityError: Somebody changed or took away an evaluation, an opponent or a baseline by
            hand.
    """
    model, number = case.version.model, case.version.number
    once = [*case.uses.evaluations, *case.uses.corrections]
    folders = [layout.evaluations(model, number)]
    for use in case.uses.opponents.values():
        reference = parse_contender(use.reference)
        if isinstance(reference, BaselineReference):
            once.append(layout.baseline(reference.model, reference.label))
            folders.append(layout.baseline_evaluations(reference.model, reference.label))
        elif isinstance(reference, VersionReference):
            once.append(layout.version(reference.model, reference.number))
            folders.append(layout.evaluations(reference.model, reference.number))
    moving = [layout.alias(*named) for named in opposing_aliases(case, rule)]
    authors = read_authors(case.ledger, [*once, *moving], *folders)
    claimed = {write.path for one in authors.events for write in one.event.writes}
    # Others of the same versions count as well: one that was taken away would hide a loss.
    beside = [path for path in claimed if path.startswith(tuple(f"{one}/" for one in folders))]
    authors = with_places(authors, case.ledger, beside)
    for place in (*once, *moving, *beside):
        if fault := authors.fault(place, once=place not in moving):
            raise IntegrityError(
                f"{fault}: it was written by hand, not by ft-registry",
                hints=["ft-registry verify names all that was changed so"],
            )
    if authors.cut is not None:
        case.uses.notes.append(
            "the clone is shallow: who wrote policy and evidence cannot be seen here"
        )


def overtaken(verdict: Verdict, ledger: Ledger) -> str:
    """Returns the evaluation by which a verdict is out of date, in words; empty: by none."""
    for use in verdict.evaluations:
        newest = find_contender(ledger, parse_contender(use.subject)).newest.get(use.suite)
        if newest is None or place_of(newest) != use.path:
            return f"{use.suite} of {use.subject} was measured or corrected meanwhile"
    return ""


def evidence_folders(decision: Decision, ledger: Ledger) -> Iterator[Requirement]:
    """Yields that nothing is measured of either side but what is on record now.

    A move that waits here for the ledger's remote relies on it: what others measured meanwhile
    might have decided otherwise, whatever it is of.
    """
    folders = {use.path.rpartition("/")[0] for use in decision.verdict.evaluations}
    for folder in sorted(folders):
        contents = ledger.read_many(ledger.paths(folder))
        digests = {path: digest_bytes(content) for path, content in contents.items()}
        yield Requirement(path=folder, digest=digest_within(folder, digests), folder=True)


def opposing_aliases(case: "Case", rule: Rule | None) -> list[tuple[str, str]]:
    """Returns model and alias of each opponent that is named by one."""
    named = [
        check.against.partition("@")
        for check in (rule.clause.checks() if rule else ())
        if isinstance(check, CompareCheck) and "@" in check.against
    ]
    return sorted({(model or case.version.model, alias) for model, _, alias in named})


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
    for model, alias in opposing_aliases(case, rule):
        if (model, alias) != (case.version.model, case.alias):
            path = layout.alias(model, alias)
            yield Requirement(path=path, digest=alias_digest(case.ledger, model, alias))
