"""Tells what differs where a side is a baseline: scores, and what stands behind either side."""

from dataclasses import dataclass

from ft_registry.actions.compare_suites import ComparedSuites, compare_suites
from ft_registry.actions.contenders import find_contender, read_baseline
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import NotFound
from ft_registry.model.config_diff import ConfigDiff, diff_config_files
from ft_registry.model.reference import BaselineReference, Contender
from ft_registry.model.version_row import base_label, known
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class SideFacts:
    """What stands behind one side."""

    reference: str
    document: str
    """The digest of the record, or of the baseline's document."""
    kind: str
    """``sft adapter``, ``prompt baseline``."""
    base: str
    config: dict[str, object]
    """By file."""


@dataclass(frozen=True)
class ContenderDiff:
    """What differs between two contenders of which one is a baseline at least."""

    before: SideFacts
    after: SideFacts
    scores: ComparedSuites | None
    """None: `why_not` says why."""
    config: ConfigDiff | None
    """Between two baselines; a prompt and a training have no settings in common."""
    why_not: str = ""
    """Why the scores were not compared."""


def diff_contenders(
    old: Contender, new: Contender, ledger: Ledger, tables: ItemTables, *, shown: int = 3
) -> ContenderDiff:
    """Compares two contenders, one of them a baseline.

    Raises:
        NotFound: A reference names nothing.
        IntegrityError, BackendUnavailable: See `compare_suites`.
    """
    before, after = _facts(old, ledger), _facts(new, ledger)
    scores: ComparedSuites | None = None
    why_not = ""
    try:
        left, right = (find_contender(ledger, one) for one in (old, new))
        scores = compare_suites(left, right, tables, shown=shown)
    except NotFound as error:
        why_not = error.message
    both = isinstance(old, BaselineReference) and isinstance(new, BaselineReference)
    config = diff_config_files(before.config, after.config) if both else None
    return ContenderDiff(before, after, scores, config, why_not)


def _facts(reference: Contender, ledger: Ledger) -> SideFacts:
    if isinstance(reference, BaselineReference):
        baseline, digest = read_baseline(ledger, reference)
        return SideFacts(
            baseline.reference, digest, f"{baseline.kind} baseline", baseline.base,
            dict(baseline.config.files),
        )  # fmt: skip
    filed = read_record(ledger, resolve(ledger, reference))
    record = filed.record
    return SideFacts(
        record.reference, filed.digest, f"{known(record.method)} {record.kind}",
        base_label(record.base.model_dump(mode="json")), dict(record.config.files),
    )  # fmt: skip
