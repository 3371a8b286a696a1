"""Finds who approved a version, and whether an event of that person says so."""

from dataclasses import dataclass

from ft_registry.actions.authors import Authors, read_authors
from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.approval import Approval, person
from ft_registry.model.canonical import digest_bytes
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class FoundApproval:
    """An approval of a record, as the ledger holds it."""

    path: str
    digest: str
    approval: Approval
    doubt: str
    """Why it counts for nothing, in words; empty: its author's own event wrote it."""
    is_open: bool = False
    """The event that wrote it is not at hand: whether it counts cannot be told here."""


def read_approvals(ledger: Ledger, filed: FiledRecord) -> list[Approval]:
    """Returns the approvals of a record, by time. Whether events wrote them is not looked at.

    Raises:
        IntegrityError: A document is no approval.
    """
    found = _approvals(ledger, filed).values()
    return sorted((approval for approval, _ in found), key=lambda approval: approval.at)


def judged_approvals(ledger: Ledger, filed: FiledRecord) -> list[FoundApproval]:
    """Returns the approvals of a record, by time, each held against the event that wrote it.

    Raises:
        IntegrityError: A document is no approval, or a commit without an event touched one.
    """
    found = _approvals(ledger, filed)
    if not found:
        return []
    authors = read_authors(ledger, list(found))
    judged = [_judged(path, *one, authors) for path, one in found.items()]
    return sorted(judged, key=lambda one: one.approval.at)


def _approvals(ledger: Ledger, filed: FiledRecord) -> dict[str, tuple[Approval, str]]:
    """Returns each approval of a record with its digest, by path."""
    record = filed.record
    paths = ledger.paths(layout.approvals(record.model, record.version))
    found = {
        path: (Approval.parse(content, what=path), digest_bytes(content))
        for path, content in ledger.read_many(paths).items()
    }
    return {path: one for path, one in found.items() if one[0].record == filed.digest}


def _judged(path: str, approval: Approval, digest: str, authors: Authors) -> FoundApproval:
    place = layout.approval(approval.model, approval.version, approval.id)
    event = next(
        (
            logged.event
            for logged in authors.events
            if any(write.path == path for write in logged.event.writes)
        ),
        None,
    )
    doubt = authors.fault(path)
    if not doubt and path != place:
        doubt = f"it is none of this version and person: that would lie at {place}"
    if not doubt and event is not None:
        by = event.actor
        if event.type != "approve" or person(by.email) != person(approval.by.email):
            doubt = f"the event that wrote it is no approval by that person, but by {by.as_text()}"
    return FoundApproval(path, digest, approval, doubt, is_open=not doubt and event is None)


def check_record(ledger: Ledger, filed: FiledRecord, place: str) -> None:
    """Raises unless an event put a record where it lies, as it is.

    Raises:
        IntegrityError: It was written by hand, or is the record of another version.
    """
    fault = read_authors(ledger, [place]).fault(place, once=True)
    record = filed.record
    if not fault and layout.version(record.model, record.version) != place:
        fault = f"expected the record of {place}, found that of {record.reference}"
    if fault:
        raise IntegrityError(
            fault, hints=["ft-registry verify names all that was changed by hand, and where"]
        )
