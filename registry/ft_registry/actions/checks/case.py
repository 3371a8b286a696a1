"""The case before a gate: one version that wants to be named by an alias."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ft_registry.actions.contenders import MeasuredContender, find_contender
from ft_registry.actions.corrections import place_correcting
from ft_registry.actions.evaluations import place_of
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.resolve import FiledRecord, read_record
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.verify import Evidence
from ft_registry.errors import IntegrityError
from ft_registry.evaluations.items import Items
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import PUBLIC, Evaluation, PublicSet, SnapshotUse
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.model.verdict import EvidenceUse, OpponentUse
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.recipe import Runner


@dataclass(frozen=True)
class Tools:
    """What checks look things up with. Each is made when a check first needs it."""

    tables: Callable[[], ItemTables]
    shelves: Callable[[], Shelves]
    evidence: Callable[[], Evidence]
    """What verification looks at: bytes of weights and data."""
    artifacts: Callable[[], ArtifactStore]
    runner: Callable[[], Runner]
    scratch: Path
    """A folder for what is thrown away."""
    allow_commands: bool = False
    """Commands and plugins of the policy may run here."""


@dataclass
class Uses:
    """What the checks relied on."""

    evaluations: dict[str, EvidenceUse] = field(default_factory=dict)
    """By path in the ledger."""
    opponents: dict[str, OpponentUse] = field(default_factory=dict)
    """By what the policy calls them."""
    corrections: list[str] = field(default_factory=list)
    """Paths where something would lie that corrects one of the evaluations."""
    approvals: dict[str, str] = field(default_factory=dict)
    """Digests by path."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know beside."""


@dataclass(frozen=True)
class Case:
    """A version, the alias that is to name it, and where facts are found."""

    ledger: Ledger
    version: VersionReference
    alias: str
    now: datetime
    tools: Tools
    uses: Uses = field(default_factory=Uses)
    tables: dict[str, Items] = field(default_factory=dict)
    """Tables of scored items that were read, by digest: several checks look at one."""
    contenders: dict[str, MeasuredContender] = field(default_factory=dict)
    """Opponents with their evaluations, by reference."""

    @cached_property
    def filed(self) -> FiledRecord:
        """The version's record."""
        return read_record(self.ledger, self.version)

    def note(self, evaluation: Evaluation) -> None:
        """Takes down that a check relies on an evaluation, and what is odd in it.

        Raises:
            IntegrityError: It does not lie where it belongs.
        """
        path = place_of(evaluation)
        if path in self.uses.evaluations:
            return
        content = self.ledger.read(path)
        if content is None:
            raise IntegrityError(
                f"expected the evaluation {evaluation.id} at {path}, found it elsewhere",
                hints=["ft-registry verify looks at the whole ledger"],
            )
        self.uses.evaluations[path] = EvidenceUse(
            subject=evaluation.subject,
            suite=evaluation.suite,
            path=path,
            digest=digest_bytes(content),
            data=data_in_words(evaluation.data),
        )
        self.uses.corrections.append(place_correcting(evaluation))
        odd = {
            "not of the whole suite": evaluation.partial,
            "its files speak for another model": evaluation.trusted,
        }
        for what, words in odd.items():
            told = f"{evaluation.suite} of {evaluation.subject}: {what}: {words}"
            if words and told not in self.uses.notes:
                self.uses.notes.append(told)

    def contender(self, reference: VersionReference | BaselineReference) -> MeasuredContender:
        """Returns an opponent with its evaluations, read once: all checks see the same.

        Raises:
            NotFound: There is none.
            IntegrityError: A document cannot be read.
        """
        key = str(reference)
        if key not in self.contenders:
            self.contenders[key] = find_contender(self.ledger, reference)
        return self.contenders[key]

    @cached_property
    def measured(self) -> MeasuredContender:
        """The version with its evaluations."""
        return find_contender(self.ledger, self.version)


def data_in_words(data: SnapshotUse | PublicSet | Unknown) -> str:
    """Returns what was measured on, by name and content; empty: it is not on record."""
    if isinstance(data, SnapshotUse):
        return f"{data.name}@{data.key}"
    return f"{PUBLIC}{data.name}@{data.revision}" if isinstance(data, PublicSet) else ""
