"""Approves a version, or takes an approval back: for promotion policies that ask for people."""

from dataclasses import dataclass

from ft_registry.actions.approvals import check_record, judged_approvals, read_approvals
from ft_registry.actions.events import check_reason, make_event
from ft_registry.actions.resolve import FiledRecord, read_record, resolve
from ft_registry.actions.standings import read_standing
from ft_registry.errors import Conflict, InvalidInput, NotFound, Refused
from ft_registry.model import layout
from ft_registry.model.approval import Approval
from ft_registry.model.event import Requirement
from ft_registry.model.reference import Reference, VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed


@dataclass(frozen=True)
class Approved:
    """What became of an approval."""

    version: VersionReference
    approval: Approval
    changed: bool
    """False: the person had approved this record already."""


def approve(reference: Reference, *, reason: str, ledger: Ledger, context: Context) -> Approved:
    """Puts on record that whoever acts approves a version, as its record is now.

    Raises:
        NotFound: The reference names nothing.
        InvalidInput: The actor has no e-mail address, or the reason cannot stand on record.
        Refused: The version was deleted.
        IntegrityError: The record is damaged, or no event wrote it.
        Conflict: Somebody else's change came first.
    """
    version, filed = _find(reference, ledger, context)
    standing = read_standing(ledger, version)
    if standing.is_deleted:
        raise Refused(
            f"expected a version that can serve, found {version}, {standing.words}",
            hints=[f"ft-registry list {version.model} shows the others"],
        )
    said = check_reason(reason)
    wanted = _approval(version, filed, said, context)
    path = layout.approval(version.model, version.number, wanted.id)
    there = {one.path: one for one in judged_approvals(ledger, filed)}.get(path)
    if there is not None and not there.doubt:
        return Approved(version, there.approval, changed=False)
    # One that no event of that person wrote counts for nothing: it gives way.
    present = there.digest if there is not None else None
    _append(
        ledger, context, f"approve {version}", wanted, present,
        document=wanted.to_bytes(), reason=said,
    )  # fmt: skip
    return Approved(version, wanted, changed=True)


def withdraw(reference: Reference, *, reason: str, ledger: Ledger, context: Context) -> Approved:
    """Takes the approval of whoever acts away again. That it was given stays in the log.

    Raises:
        NotFound: The reference names nothing, or that person has not approved the version.
        InvalidInput, IntegrityError, Conflict: See `approve`.
    """
    version, filed = _find(reference, ledger, context)
    said = check_reason(reason)
    own = _approval(version, filed, said, context)
    path = layout.approval(version.model, version.number, own.id)
    there = {one.path: one for one in judged_approvals(ledger, filed)}.get(path)
    if there is None:
        others = ", ".join(one.by.as_text() for one in read_approvals(ledger, filed))
        raise NotFound(
            f"expected an approval of {version} by {context.actor.as_text()}, found none",
            hints=[f"it is approved by: {others or 'nobody'}", "each takes back their own"],
        )
    subject = f"take back the approval of {version}"
    _append(ledger, context, subject, own, there.digest, document=None, reason=said)
    return Approved(version, there.approval, changed=True)


def _find(
    reference: Reference, ledger: Ledger, context: Context
) -> tuple[VersionReference, FiledRecord]:
    if not context.actor.email:
        raise InvalidInput(
            f"expected an e-mail address of who approves, found {context.actor.as_text()!r} alone",
            hints=["people are told apart by it: set git's user.email, or FT_REGISTRY_ACTOR"],
        )
    ledger.refresh()
    version = resolve(ledger, reference)
    filed = read_record(ledger, version)
    check_record(ledger, filed, layout.version(version.model, version.number))
    return version, filed


def _approval(
    version: VersionReference, filed: FiledRecord, reason: str, context: Context
) -> Approval:
    return Approval(
        model=version.model, version=version.number, record=filed.digest, by=context.actor,
        at=timestamp(context.now()), host=context.host, reason=reason,
    )  # fmt: skip


def _append(
    ledger: Ledger,
    context: Context,
    subject: str,
    approval: Approval,
    present: str | None,
    *,
    document: bytes | None,
    reason: str,
) -> None:
    """Appends the event that writes an approval, or takes it away."""
    model, number = approval.model, approval.version
    path = layout.approval(model, number, approval.id)
    event = make_event(context, "approve", subject, model=model, version=number, reason=reason)
    requires = (
        Requirement(path=layout.version(model, number), digest=approval.record),
        Requirement(path=path, digest=present),
    )
    try:
        ledger.append(Change(event=event, documents={path: document}, requires=requires))
    except RequirementFailed as error:
        raise Conflict(
            f"expected {error.requirement.path} as it was read, found that it has just changed",
            hints=[f"ft-registry show {model}/{number} shows it; then run the command again"],
        ) from error
