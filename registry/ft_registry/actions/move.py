"""Moves an alias as planned: every byte of what it is to name is read before anything moves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ft_registry.actions.events import make_event
from ft_registry.actions.gate import evidence_folders, overtaken
from ft_registry.actions.past_ledger import present_state
from ft_registry.actions.plan_move import (
    DATA,
    STANDING,
    MovePlan,
    choices,
    moved_meanwhile,
)
from ft_registry.actions.projection import project_alias, project_version
from ft_registry.actions.resolve import FiledRecord, alias_digest, read_record
from ft_registry.actions.standings import make_standing
from ft_registry.errors import Conflict, IntegrityError
from ft_registry.model import layout
from ft_registry.model.alias import state_after
from ft_registry.model.event import LoggedEvent, Requirement
from ft_registry.model.reference import VersionReference
from ft_registry.model.verification import Verification
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import ModelStore, StoreView


@dataclass(frozen=True)
class Moved:
    """What a move did."""

    plan: MovePlan
    event: LoggedEvent | None
    """None: the alias was there already."""
    verification: Verification
    """What was looked at before it moved; empty when it was there already."""
    notices: list[str] = field(default_factory=list)


def apply_move(
    plan: MovePlan,
    *,
    prove: Callable[[VersionReference, bool], Verification],
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> Moved:
    """Verifies what the alias is to name, moves it in the ledger, then shows it in the store.

    Args:
        plan: What was printed.
        prove: Reads every byte of a version and raises unless all is as recorded; the second
            argument lets damage to copies of its data pass.
        ledger: The truth.
        models: Shows it.
        context: Who, where, when.

    Raises:
        BackendUnavailable: MLflow or the ledger's remote does not answer; nothing has moved.
        IntegrityError: Bytes are damaged or lost; or MLflow has no such version, or another under
            that number. Nothing has moved.
        Conflict: Somebody else moved the alias since the plan was made; it says who.
    """
    state = present_state(ledger)
    # The append asks this again. Here it spares reading every byte of what cannot move.
    if plan.is_needed and alias_digest(state, plan.alias.model, plan.alias.alias) != plan.expected:
        raise moved_meanwhile(ledger, plan.alias, expected=plan.previous)
    filed = read_record(state, plan.version)
    stored = models.get(plan.alias.model, plan.to)
    _check_stored(plan, stored.identity if stored else None, filed=filed)
    verification, event = Verification(), None
    evidence: tuple[Requirement, ...] = ()
    if plan.is_needed:
        try:
            verification = prove(plan.version, DATA in plan.overrides)
        except IntegrityError as error:
            raise _with_ways_on(plan, error) from error
        if plan.decision is not None:
            # It took time to read every byte: what was measured in it counts.
            ledger.refresh()
            # Read first: what comes after it is seen by the next look, or by the append.
            evidence = (*plan.decision.requires, *evidence_folders(plan.decision, ledger))
            if words := overtaken(plan.decision.verdict, ledger):
                raise Conflict(
                    f"expected the evidence of the gate as it was read, found that {words}: "
                    "nothing has moved",
                    hints=["run it again: the gate decides anew"],
                )
        event = _append(plan, evidence, ledger=ledger, context=context)
    alias = plan.alias
    notices = project_alias(
        alias.model, alias.alias, ledger=ledger, models=models, context=context, moved=event
    )
    notices += project_version(
        filed, ledger=ledger, models=models, context=context, with_model=False
    )
    return Moved(plan, event, verification, notices)


def preview_move(
    plan: MovePlan,
    *,
    look: Callable[[VersionReference, bool], Verification],
    ledger: Ledger,
    view: StoreView,
) -> Verification:
    """Looks at what a move relies on as far as it can be seen quickly; moves nothing.

    Args:
        plan: What would be applied.
        look: Compares presence and sizes and raises as `prove` of `apply_move` does.
        ledger: The truth.
        view: Shows what MLflow has.

    Raises:
        BackendUnavailable, IntegrityError: As `apply_move` would.
    """
    shown = view.shown([plan.alias.model]).get(plan.alias.model)
    there = shown.versions.get(plan.to) if shown else None
    identity = there.identity if there and not there.deleted else None
    _check_stored(plan, identity, filed=read_record(ledger, plan.version))
    if not plan.is_needed:
        return Verification()
    try:
        return look(plan.version, DATA in plan.overrides)
    except IntegrityError as error:
        raise _with_ways_on(plan, error) from error


def _with_ways_on(plan: MovePlan, error: IntegrityError) -> IntegrityError:
    """Returns the refusal of a rollback with what could serve instead."""
    return IntegrityError(error.message, hints=[*_ways_on(plan), *error.hints])


def _ways_on(plan: MovePlan) -> list[str]:
    if plan.type != "rollback":
        return []
    if plan.further is None:
        return choices(plan.alias)
    return [f"--to {plan.further} goes to the good version before it"]


def _check_stored(plan: MovePlan, identity: str | None, *, filed: FiledRecord) -> None:
    """Raises IntegrityError unless the store has the version that a plan is about.

    Args:
        plan: The plan.
        identity: What the store says it has under that number; None: it has no such version.
        filed: The version's record.
    """
    if identity != filed.record.identity:
        found = "no such version" if identity is None else identity or "a version without one"
        raise IntegrityError(
            f"expected {plan.version} in MLflow with the identity {filed.record.identity}, found "
            f"{found}",
            hints=[
                *_ways_on(plan),
                "it was deleted or replaced in MLflow: nobody could load it by this name",
                "ft-registry sync --restore makes it again from the ledger",
                f"ft-registry list {plan.alias.model} shows the others",
            ],
        )


def _append(
    plan: MovePlan, evidence: tuple[Requirement, ...], *, ledger: Ledger, context: Context
) -> LoggedEvent:
    alias = plan.alias
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
        overrides=plan.overrides,
    )
    documents: dict[str, bytes | None] = {
        layout.alias(alias.model, alias.alias): state_after(event, plan.record).to_bytes()
    }
    documents |= _standings(plan, context)
    if plan.decision is not None:
        verdict = plan.decision.verdict
        documents[layout.verdict(alias.model, plan.to, verdict.id)] = verdict.to_bytes()
    try:
        return ledger.append(
            Change(event=event, documents=documents, requires=(*plan.requires, *evidence))
        )
    except RequirementFailed as error:
        if error.requirement.path == layout.alias(alias.model, alias.alias):
            raise moved_meanwhile(ledger, alias, expected=plan.previous) from error
        if error.requirement in evidence:
            raise Conflict(
                f"expected the evidence of the gate as it was read, found that "
                f"{error.requirement.path} has changed meanwhile: nothing has moved",
                hints=["run it again: the gate decides anew"],
            ) from error
        raise Conflict(
            f"expected that nobody judged the versions of {alias} meanwhile, found that "
            f"{error.requirement.path} has changed",
            hints=[f"look at ft-registry log {alias.model}, then decide again"],
        ) from error


def _standings(plan: MovePlan, context: Context) -> dict[str, bytes]:
    alias = plan.alias
    documents: dict[str, bytes] = {}
    if plan.calls_bad and plan.left is not None and plan.previous_record is not None:
        documents |= make_standing(
            plan.left.version, "bad", record=plan.previous_record, alias=alias.alias,
            reason=plan.reason, context=context,
        )  # fmt: skip
    if plan.target.is_bad and STANDING in plan.overrides:
        documents |= make_standing(
            plan.version, "good", record=plan.record, alias=alias.alias,
            reason=plan.reason, context=context,
        )  # fmt: skip
    return documents
