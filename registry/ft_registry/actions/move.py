"""Moves an alias: promote and rollback plan here, and apply the plan that they printed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ft_registry.actions.events import check_reason, make_event, require_ledger
from ft_registry.actions.projection import project_alias, project_version
from ft_registry.actions.resolve import (
    alias_digest,
    read_alias,
    read_evaluations,
    read_record,
    require_model,
    resolve,
)
from ft_registry.errors import Conflict, IntegrityError, InvalidInput, NotFound
from ft_registry.model import layout
from ft_registry.model.alias import AliasState, holders
from ft_registry.model.event import EventType, LoggedEvent, Requirement
from ft_registry.model.reference import AliasReference, Reference, VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import ModelStore


@dataclass(frozen=True)
class MovePlan:
    """Where an alias is to go, and what that relies on."""

    type: EventType
    alias: AliasReference
    previous: int | None
    """The version that it names now; None: none."""
    to: int
    record: str
    """The digest of the record that it is to name."""
    expected: str | None
    """The digest of the alias's document that was read for the plan."""
    reason: str

    @property
    def is_needed(self) -> bool:
        """Whether the alias names another version now."""
        return self.previous != self.to

    @property
    def subject(self) -> str:
        """One line for people."""
        was = f" (was {self.previous})" if self.previous is not None else ""
        if self.type == "rollback":
            return f"roll back {self.alias} to {self.to}{was}"
        return f"promote {self.alias.model}/{self.to} to {self.alias.alias}{was}"


@dataclass(frozen=True)
class Moved:
    """What a move did."""

    plan: MovePlan
    event: LoggedEvent | None
    """None: the alias was there already."""
    notices: list[str] = field(default_factory=list)


def plan_promotion(
    ledger: Ledger, reference: Reference, alias: str, *, expect: int | None, reason: str
) -> MovePlan:
    """Plans to let an alias name a version.

    Args:
        ledger: The truth.
        reference: The version.
        alias: The alias.
        expect: The version that the caller believes the alias names, 0 for none; None: no belief.
        reason: Why.

    Raises:
        NotFound: There is no such model, version or alias.
        Conflict: The alias does not name what the caller expects.
    """
    require_ledger(ledger)
    ledger.refresh()
    version = resolve(ledger, reference)
    target = AliasReference(version.model, alias)
    return _plan(ledger, "promote", target, version, expect=expect, reason=reason)


def plan_rollback(
    ledger: Ledger, alias: AliasReference, *, to: int | None, expect: int | None, reason: str
) -> MovePlan:
    """Plans to let an alias name the version that held it before, or one that is named.

    Raises:
        NotFound: The alias names nothing yet, or held only one version so far.
        Conflict: The alias does not name what the caller expects.
    """
    require_ledger(ledger)
    ledger.refresh()
    current = resolve(ledger, alias)
    if to is None:
        stack = holders(list(ledger.events(layout.alias(alias.model, alias.alias))))
        if len(stack) < 2:
            raise NotFound(
                f"expected an earlier version of {alias} to go back to, found that {current} is "
                "the first that it named",
                hints=["--to N chooses a version that never held it"],
            )
        to = stack[-2]
    version = VersionReference(alias.model, to)
    return _plan(ledger, "rollback", alias, version, expect=expect, reason=reason)


def _plan(
    ledger: Ledger,
    type_: EventType,
    alias: AliasReference,
    version: VersionReference,
    *,
    expect: int | None,
    reason: str,
) -> MovePlan:
    if expect is not None and expect < 0:
        raise InvalidInput(
            f"expected a version number, or 0 for none, found {expect} in --expect",
            hints=[f"ft-registry log {alias} shows what it named and names"],
        )
    require_model(ledger, alias.model)
    record = read_record(ledger, version)
    state = read_alias(ledger, alias.model, alias.alias)
    previous = state.version if state else None
    if expect is not None and expect != (previous or 0):
        raise _conflict(ledger, alias, expected=expect or None)
    return MovePlan(
        type=type_,
        alias=alias,
        previous=previous,
        to=version.number,
        record=record.digest,
        expected=alias_digest(ledger, alias.model, alias.alias),
        reason=check_reason(reason),
    )


def apply_move(plan: MovePlan, *, ledger: Ledger, models: ModelStore, context: Context) -> Moved:
    """Moves the alias in the ledger, then shows it in the store.

    Raises:
        BackendUnavailable: MLflow or the ledger's remote does not answer; nothing has moved.
        IntegrityError: MLflow has no such version, or another under that number.
        Conflict: Somebody else moved the alias since the plan was made; it says who.
    """
    alias = plan.alias
    version = VersionReference(alias.model, plan.to)
    models.check()
    filed = read_record(ledger, version)
    stored = models.get(alias.model, plan.to)
    if stored is None or stored.identity != filed.record.identity:
        raise IntegrityError(
            f"expected {version} in MLflow with the identity {filed.record.identity}, found "
            f"{stored.identity or 'a version without one' if stored else 'no such version'}",
            hints=[
                "it was deleted or replaced in MLflow: nobody could load it by this name",
                f"ft-registry list {alias.model} shows the others",
            ],
        )
    event = None
    if plan.is_needed:
        event = _append(plan, ledger=ledger, context=context)
    evaluations = read_evaluations(ledger, version)
    notices = project_alias(alias.model, alias.alias, ledger=ledger, models=models)
    notices += project_version(filed, evaluations, models=models)
    return Moved(plan, event, notices)


def _append(plan: MovePlan, *, ledger: Ledger, context: Context) -> LoggedEvent:
    alias = plan.alias
    path = layout.alias(alias.model, alias.alias)
    state = AliasState(
        model=alias.model,
        alias=alias.alias,
        version=plan.to,
        record=plan.record,
        since=timestamp(context.now()),
    )
    event = make_event(
        context,
        plan.type,
        plan.subject,
        model=alias.model,
        version=plan.to,
        alias=alias.alias,
        previous=plan.previous,
        to=plan.to,
        reason=plan.reason,
    )
    change = Change(
        event=event,
        documents={path: state.to_bytes()},
        requires=(
            Requirement(path=path, digest=plan.expected),
            Requirement(path=layout.version(alias.model, plan.to), digest=plan.record),
        ),
    )
    try:
        return ledger.append(change)
    except RequirementFailed as error:
        raise _conflict(ledger, alias, expected=plan.previous) from error


def _conflict(ledger: Ledger, alias: AliasReference, *, expected: int | None) -> Conflict:
    state = read_alias(ledger, alias.model, alias.alias)
    found = f"version {state.version}" if state else "none"
    history: Sequence[LoggedEvent] = list(
        ledger.events(layout.alias(alias.model, alias.alias), newest_first=True)
    )
    who = ""
    if history:
        last = history[0].event
        why = f": {last.reason}" if last.reason else ""
        who = f", moved there by {last.actor.as_text()} at {last.time[:19]}Z{why}"
    return Conflict(
        f"expected {alias} at {f'version {expected}' if expected else 'none'}, found {found}{who}",
        hints=[
            f"look at ft-registry log {alias}, then decide again",
            f"--expect {state.version if state else 0} says that you mean to move it from there",
        ],
    )
