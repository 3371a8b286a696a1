"""Shows one version or baseline: its document, and what has been said of it since."""

from dataclasses import dataclass

from ft_registry.actions.ancestry import Ancestry, follow
from ft_registry.actions.approvals import read_approvals
from ft_registry.actions.contenders import baseline_evaluations, read_baseline
from ft_registry.actions.homes import home_of, home_of_baseline
from ft_registry.actions.proofs import best_proof
from ft_registry.actions.resolve import (
    FiledRecord,
    aliases_of,
    read_evaluations,
    read_record,
    resolve,
)
from ft_registry.actions.standings import FoundStanding, read_standing
from ft_registry.actions.verdicts import read_verdicts
from ft_registry.model.alias import AliasState
from ft_registry.model.approval import Approval
from ft_registry.model.baseline import Baseline
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.home import Home
from ft_registry.model.proof import Proof
from ft_registry.model.reference import BaselineReference, Reference
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class ShownVersion:
    """What the ledger says of a version."""

    filed: FiledRecord
    home: Home
    """Where its bytes lie now; the record says where they lay first."""
    aliases: list[AliasState]
    """The aliases that name it, each with who let it."""
    evaluations: list[Evaluation]
    standing: FoundStanding
    proof: Proof | None
    """The best: how far it was brought back; None: nobody tried."""
    approvals: list[Approval]
    """Of this record, by time."""
    ancestry: Ancestry
    """The version and those that it was tuned from."""
    verdicts: list[Verdict]
    """By which aliases came to name it, whatever they name now; the oldest first."""


@dataclass(frozen=True)
class ShownBaseline:
    """What the ledger says of a baseline."""

    baseline: Baseline
    digest: str
    """Of its document."""
    home: Home
    """Where its file and scored items lie now."""
    evaluations: tuple[Evaluation, ...]
    """By time."""


def show_baseline(ledger: Ledger, reference: BaselineReference) -> ShownBaseline:
    """Returns what the ledger says of a baseline.

    Raises:
        NotFound: There is none of the label.
        IntegrityError: A document cannot be read.
    """
    baseline, digest = read_baseline(ledger, reference)
    return ShownBaseline(
        baseline, digest, home_of_baseline(ledger, baseline, digest),
        baseline_evaluations(ledger, reference),
    )  # fmt: skip


def show(ledger: Ledger, reference: Reference) -> ShownVersion:
    """Returns what the ledger says of a version.

    It reads the version's own documents, the records that it was tuned from, and none of the
    history, so its cost does not grow with the number of versions or events. Whether events wrote
    these documents is for `verify` to say.

    Raises:
        NotFound: The reference names nothing.
        IntegrityError: A document cannot be read.
    """
    version = resolve(ledger, reference)
    filed = read_record(ledger, version)
    return ShownVersion(
        filed=filed,
        home=home_of(ledger, filed),
        aliases=aliases_of(ledger, version),
        evaluations=read_evaluations(ledger, version),
        standing=read_standing(ledger, version),
        proof=best_proof(ledger, version),
        approvals=read_approvals(ledger, filed),
        verdicts=[one for one in read_verdicts(ledger, version) if one.record == filed.digest],
        ancestry=follow(ledger, filed),
    )
