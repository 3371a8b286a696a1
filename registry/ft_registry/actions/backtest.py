"""Replays a policy over all promotions of the past: what would it have decided?"""

from collections.abc import Iterator
from dataclasses import dataclass

from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.events import require_ledger
from ft_registry.actions.gate import decide
from ft_registry.actions.past_ledger import PastLedger
from ft_registry.actions.policies import FiledPolicy
from ft_registry.errors import BackendUnavailable, FtRegistryError
from ft_registry.model.event import LoggedEvent
from ft_registry.model.names import model_name
from ft_registry.model.origin import Actor
from ft_registry.model.reference import AliasReference, VersionReference, parse_alias_reference
from ft_registry.model.time import moment
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class Replayed:
    """One promotion, and what the policy says of it."""

    logged: LoggedEvent
    alias: AliasReference
    version: VersionReference
    verdict: Verdict | None
    """None: it could not be decided anew."""
    fault: str = ""
    """Why."""


@dataclass(frozen=True)
class Backtest:
    """What a policy would have decided, the oldest promotion first."""

    replayed: tuple[Replayed, ...]

    def count(self, outcome: str) -> int:
        """Returns how many promotions it would have judged so."""
        return sum(one.verdict is not None and one.verdict.outcome == outcome
                   for one in self.replayed)  # fmt: skip


def backtest(
    ledger: Ledger, policy: FiledPolicy, tools: Tools, *, actor: Actor, subject: str | None = None
) -> Backtest:
    """Decides every promotion again, by what was on record when it was made.

    Evaluations, aliases, approvals count as they were; bytes are looked at where they lie now.

    Args:
        ledger: Holds the past.
        policy: What to decide by.
        tools: What checks look things up with.
        actor: Who asks.
        subject: ``name`` or ``name@alias``; None: all.

    Raises:
        NotARegistry: There is no ledger here.
        InvalidInput: The subject is malformed.
        BackendUnavailable: The store of items does not answer.
    """
    require_ledger(ledger)
    return Backtest(
        tuple(
            _replay(before, logged, ledger, policy, tools, actor)
            for before, logged in _promotions(ledger, subject)
        )
    )


def _promotions(ledger: Ledger, subject: str | None) -> Iterator[tuple[str, LoggedEvent]]:
    """Yields promotions, each with the id of the event before it."""
    alias = parse_alias_reference(subject) if subject and "@" in subject else None
    model = alias.model if alias else (model_name(subject) if subject else None)
    before = ""
    for logged in ledger.events():
        event = logged.event
        fits = model in (None, event.model) and (alias is None or alias.alias == event.alias)
        if before and event.type == "promote" and fits:
            yield before, logged
        before = logged.id


def _replay(
    before: str,
    logged: LoggedEvent,
    ledger: Ledger,
    policy: FiledPolicy,
    tools: Tools,
    actor: Actor,
) -> Replayed:
    event = logged.event
    alias = AliasReference(event.model or "", event.alias or "")
    version = VersionReference(alias.model, event.to or 0)
    case = Case(PastLedger(ledger, before), version, alias.alias, moment(event.time), tools)
    try:
        verdict = decide(policy, case, actor=actor).verdict
    except BackendUnavailable:
        raise
    except FtRegistryError as error:
        return Replayed(logged, alias, version, None, error.message)
    return Replayed(logged, alias, version, verdict)
