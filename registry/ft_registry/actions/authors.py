"""Holds documents against the events that wrote them, before anything relies on them.

A document that was put on top of the ledger by hand has no event that claims it. `verify` looks at
all of the history; this looks at what a move relies on.
"""

from ft_registry.actions.resolve import FiledRecord, alias_digest
from ft_registry.errors import IntegrityError, NotARegistry
from ft_registry.model import layout
from ft_registry.model.reference import AliasReference
from ft_registry.ports.ledger import Ledger


def check_authors(ledger: Ledger, filed: FiledRecord, alias: AliasReference) -> None:
    """Raises unless events wrote the record and the alias as they stand.

    In a shallow clone only what its history reaches is looked at.

    Raises:
        IntegrityError: A commit changed one of them, and its event does not say so.
    """
    record = filed.record
    _check(ledger, layout.version(record.model, record.version), filed.digest, record.reference)
    place = layout.alias(alias.model, alias.alias)
    _check(ledger, place, alias_digest(ledger, alias.model, alias.alias), str(alias))


def _check(ledger: Ledger, place: str, digest: str | None, name: str) -> None:
    try:
        newest = next(iter(ledger.events(place, newest_first=True)), None)
    except NotARegistry:
        return  # the clone is shallow, and the event lies beyond its end
    if newest is None:
        return
    claimed = {write.path: write.digest for write in newest.event.writes}
    if claimed.get(place) != digest:
        raise IntegrityError(
            f"expected {name} as its event put it on record ({claimed.get(place) or 'not at all'}),"
            f" found {digest}, committed by hand as {newest.id[:12]}",
            hints=["ft-registry verify names all that was changed so", "who may push the branch?"],
        )
