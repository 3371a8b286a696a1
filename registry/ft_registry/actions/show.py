"""Shows one version: its record, and what has been said of it since."""

from dataclasses import dataclass

from ft_registry.actions.authors import read_authors
from ft_registry.actions.proofs import best_proof
from ft_registry.actions.resolve import (
    FiledRecord,
    aliases_of,
    read_evaluations,
    read_record,
    resolve,
)
from ft_registry.actions.standings import FoundStanding, read_standing
from ft_registry.model import layout
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.event import LoggedEvent
from ft_registry.model.proof import Proof
from ft_registry.model.reference import Reference
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class ShownVersion:
    """What the ledger says of a version."""

    filed: FiledRecord
    aliases: list[str]
    moves: tuple[LoggedEvent, ...]
    """The events that let an alias name it, the newest first."""
    evaluations: list[Evaluation]
    standing: FoundStanding
    proof: Proof | None
    """The best: how far it was brought back; None: nobody tried."""
    doubts: tuple[str, ...]
    """What of this no event put on record: it was written by hand."""

    def naming(self, alias: str) -> LoggedEvent | None:
        """Returns the event since which an alias names the version; None: it is not at hand."""
        return next((move for move in self.moves if move.event.alias == alias), None)


def show(ledger: Ledger, reference: Reference) -> ShownVersion:
    """Returns what the ledger says of a version; its cost does not grow with their number.

    Raises:
        NotFound: The reference names nothing.
        IntegrityError: A document cannot be read, or was touched by a commit without an event.
    """
    version = resolve(ledger, reference)
    filed = read_record(ledger, version)
    aliases = aliases_of(ledger, version)
    record = layout.version(version.model, version.number)
    standing = layout.standing(version.model, version.number)
    named = [layout.alias(version.model, alias) for alias in aliases]
    authors = read_authors(ledger, (record, standing, *named), layout.aliases(version.model))
    faults = [authors.fault(record, once=True), *map(authors.fault, (standing, *named))]
    return ShownVersion(
        filed=filed,
        aliases=aliases,
        moves=tuple(logged for logged in authors.events if logged.event.to == version.number),
        evaluations=read_evaluations(ledger, version),
        standing=read_standing(ledger, version),
        proof=best_proof(ledger, version),
        doubts=tuple(filter(None, faults)),
    )
