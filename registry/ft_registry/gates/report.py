"""What a person reads of a verdict: the verdict, and the items that speak against the candidate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ft_registry.model.verdict import Verdict


@dataclass(frozen=True)
class WorstItem:
    """An item that the candidate scores worse than its opponent."""

    id: str
    before: float
    """The opponent's score."""
    after: float
    texts: Mapping[str, str] = field(default_factory=dict)
    """``prompt``, ``target``, ``before`` and ``after`` (the answers), as far as they were kept."""
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A verdict with what is shown beside it and not put on record: texts of items."""

    verdict: Verdict
    worst: Mapping[str, tuple[WorstItem, ...]] = field(default_factory=dict)
    """By name of the check, the worst first."""
    notes: tuple[str, ...] = ()
    """What a reader should know beside."""
