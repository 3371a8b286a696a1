"""What a registry does with promotion gates, as methods: policy, decision, history, advice.

Reached as `Workspace.gates`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ft_registry.errors import GateInconclusive, GateRefused, NotFound
from ft_registry.model.names import alias_name, model_name
from ft_registry.model.reference import VersionReference, parse_reference
from ft_registry.wiring import Wiring

if TYPE_CHECKING:
    from ft_registry.actions.backtest import Backtest
    from ft_registry.actions.checks.case import Case, Tools
    from ft_registry.actions.gate import Decision
    from ft_registry.actions.past_ledger import PastLedger
    from ft_registry.actions.plan_move import MovePlan
    from ft_registry.actions.policies import AppliedPolicy, FiledPolicy
    from ft_registry.advice.statement import Advice
    from ft_registry.model.event import LoggedEvent
    from ft_registry.model.policy import Policy
    from ft_registry.model.verdict import CheckFinding

_SHOWN = 5
"""Checks that a refusal names."""


class Gating:
    """The gates of a repository.

    Args:
        wiring: Its back ends.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def policy(self) -> "FiledPolicy | None":
        """See `ft_registry.actions.policies.read_policy`."""
        from ft_registry.actions.events import require_ledger
        from ft_registry.actions.policies import read_policy

        require_ledger(self._wiring.ledger)
        return read_policy(self._wiring.ledger)

    def parse(self, content: bytes, *, where: str) -> "Policy":
        """See `ft_registry.readers.policies.parse_policy`."""
        from ft_registry.readers.policies import parse_policy

        return parse_policy(content, where=where)

    def apply(
        self, content: bytes, *, where: str, reason: str, dry_run: bool = False
    ) -> "AppliedPolicy":
        """See `ft_registry.actions.policies.apply_policy`."""
        from ft_registry.actions.policies import apply_policy

        return apply_policy(
            content, where=where, reason=reason, dry_run=dry_run, ledger=self._wiring.ledger,
            context=self._wiring.context,
        )  # fmt: skip

    def unknown_models(self, policy: "Policy") -> list[str]:
        """See `ft_registry.actions.policies.unknown_models`; without a ledger none is unknown."""
        from ft_registry.actions.policies import unknown_models

        ledger = self._wiring.ledger
        return unknown_models(policy, ledger) if ledger.head() is not None else []

    def policy_log(self) -> "list[LoggedEvent]":
        """Returns the events that changed the policy, newest first."""
        from ft_registry.actions.events import require_ledger
        from ft_registry.model import layout

        require_ledger(self._wiring.ledger)
        return list(self._wiring.ledger.events(layout.POLICY, newest_first=True))

    def decide(
        self,
        reference: str,
        alias: str,
        *,
        allow_commands: bool = False,
    ) -> "Decision":
        """Decides whether an alias may name a version; changes nothing.

        Where it names it already, the verdict of its promotion answers while it stands: see
        `ft_registry.actions.decided`.

        Args:
            reference: The version.
            alias: The alias.
            allow_commands: Commands and plugins that the policy names may run here.

        Raises:
            NotFound: There is no such version.
            BackendUnavailable: The ledger's remote, or what a check asks, does not answer.
            IntegrityError: The policy, the record or an alias was changed by hand.
        """
        from ft_registry.actions.authors import check_authors
        from ft_registry.actions.decided import standing_verdict
        from ft_registry.actions.events import require_ledger
        from ft_registry.actions.gate import Decision, decide
        from ft_registry.actions.past_ledger import present_state
        from ft_registry.actions.policies import read_policy
        from ft_registry.actions.resolve import read_record, resolve
        from ft_registry.gates.report import Report
        from ft_registry.model.reference import AliasReference

        require_ledger(self._wiring.ledger)
        self._wiring.ledger.refresh()
        ledger = present_state(self._wiring.ledger)
        version = resolve(ledger, parse_reference(reference))
        name = alias_name(alias)
        read_record(ledger, version)  # before any check is made of a version that is none
        check_authors(ledger, version, AliasReference(version.model, name))
        policy = read_policy(ledger)
        case = self._case(ledger, version, name, allow_commands=allow_commands)
        if verdict := standing_verdict(policy, case):
            note = (
                f"{version} is @{name} already: this is the verdict that it was promoted on, and "
                "what that rests on has not changed"
            )
            return Decision(Report(verdict, notes=(note,)), ())
        return decide(policy, case, actor=self._wiring.context.actor)

    def guard(self, plan: "MovePlan", *, allow_commands: bool = False) -> "MovePlan":
        """Returns a move with what the gate says of it, where a policy is in force.

        A rollback goes to what the alias named before, and passed its gate then.

        Raises:
            GateRefused: The gate says no.
            GateInconclusive: It cannot be decided.
            NotFound, BackendUnavailable, IntegrityError: See `decide`.
        """
        if not plan.is_needed or (plan.type == "rollback" and not plan.is_first):
            return plan
        from ft_registry.actions.past_ledger import present_state
        from ft_registry.actions.policies import read_policy

        ledger = present_state(self._wiring.ledger)
        policy = read_policy(ledger)
        if policy is None and not plan.checks_overridden:
            return plan
        from ft_registry.actions.gate import decide

        case = self._case(ledger, plan.version, plan.alias.alias, allow_commands=allow_commands)
        decision = decide(
            policy, case, actor=self._wiring.context.actor, overrides=plan.checks_overridden
        )
        if not decision.verdict.passes:
            raise _refusal(decision)
        return replace(plan, decision=decision)

    def backtest(
        self, content: bytes | None, *, where: str = "", subject: str | None = None
    ) -> "Backtest":
        """See `ft_registry.actions.backtest.backtest`.

        Args:
            content: A policy; None: the one in force.
            where: What it is, for errors.
            subject: See there.

        Raises:
            NotFound: None is in force.
        """
        from ft_registry.actions.backtest import backtest
        from ft_registry.actions.policies import FiledPolicy

        if content is not None:
            policy: FiledPolicy | None = FiledPolicy(self.parse(content, where=where), content)
        else:
            policy = self.policy()
        if policy is None:
            raise NotFound(
                "expected a policy, found none in force",
                hints=["ft-registry policy backtest FILE replays one that is not in force"],
            )
        return backtest(
            self._wiring.ledger, policy, self._tools(), actor=self._wiring.context.actor,
            subject=subject,
        )  # fmt: skip

    def advise(self, model: str) -> "Advice":
        """See `ft_registry.actions.advise.advise`: what a gate's tests say, asked by no policy.

        Raises:
            InvalidInput: It is no name of a model.
            NotFound, IntegrityError: See there.
        """
        from ft_registry.actions.advise import advise

        wiring = self._wiring
        return advise(
            wiring.ledger, model_name(model), tools=self._tools(),
            suites=wiring.settings.suites, now=wiring.context.now(),
        )  # fmt: skip

    def _case(
        self,
        ledger: "PastLedger",
        version: VersionReference,
        alias: str,
        *,
        allow_commands: bool = False,
    ) -> "Case":
        from ft_registry.actions.checks.case import Case

        tools = self._tools(allow_commands=allow_commands)
        return Case(ledger, version, alias, self._wiring.context.now(), tools)

    def _tools(self, *, allow_commands: bool = False) -> "Tools":
        from ft_registry.actions.checks.case import Tools
        from ft_registry.actions.item_tables import ItemTables

        wiring = self._wiring
        return Tools(
            tables=lambda: ItemTables(wiring.private / "items", wiring.artifacts),
            shelves=lambda: wiring.shelves,
            evidence=lambda: wiring.evidence,
            artifacts=lambda: wiring.artifacts,
            runner=lambda: wiring.runner,
            scratch=wiring.private,
            allow_commands=allow_commands,
        )


def _refusal(decision: "Decision") -> GateRefused | GateInconclusive:
    """Returns the error of a version that did not pass: what stands in the way, and what to do."""
    from ft_registry.formats.verdict_words import standing

    verdict = decision.verdict
    version = f"{verdict.model}/{verdict.version}"
    blocking = standing(verdict)
    failing = [finding for finding in blocking if finding.outcome == "fail"]
    named = failing or blocking
    kind = GateRefused if failing else GateInconclusive
    verb = ("fails" if len(named) == 1 else "fail") if failing else "cannot be decided"
    return kind(
        f"expected {version} to pass the gate of {verdict.alias}, found that "
        f"{', '.join(finding.name for finding in named[:_SHOWN])} {verb}",
        hints=[
            *(_words(finding) for finding in blocking[:_SHOWN]),
            f"ft-registry gate {version} --to {verdict.alias} shows all of it",
            f"--override gate.{named[0].name} --reason TEXT sets it aside, on record for ever",
        ],
    )


def _words(finding: "CheckFinding") -> str:
    return f"{finding.name}: {finding.asked}: {finding.found}"
