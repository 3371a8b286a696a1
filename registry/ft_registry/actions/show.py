"""Shows one version: its record, and what has been said of it since."""

from dataclasses import dataclass

from ft_registry.actions.proofs import best_proof
from ft_registry.actions.resolve import (
    FiledRecord,
    aliases_of,
    read_evaluations,
    read_record,
    resolve,
)
from ft_registry.actions.standings import FoundStanding, read_standing
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.proof import Proof
from ft_registry.model.reference import Reference
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class ShownVersion:
    """What the ledger says of a version."""

    filed: FiledRecord
    aliases: list[str]
    evaluations: list[Evaluation]
    standing: FoundStanding
    proof: Proof | None
    """The best: how far it was brought back; None: nobody tried."""


def show(ledger: Ledger, reference: Reference) -> ShownVersion:
    """Returns what the ledger says of a version; its cost does not grow with their number.

    Raises:
        NotFound: The reference names nothing.
    """
    version = resolve(ledger, reference)
    return ShownVersion(
        filed=read_record(ledger, version),
        aliases=aliases_of(ledger, version),
        evaluations=read_evaluations(ledger, version),
        standing=read_standing(ledger, version),
        proof=best_proof(ledger, version),
    )
