"""Answers: what a check found, before it is known under which name and in which group it stands."""

from dataclasses import dataclass

from ft_registry.model.verdict import ComparisonFinding, Interval, Outcome


@dataclass(frozen=True)
class Answer:
    """What became of one check."""

    outcome: Outcome
    found: str
    """In words; where it is refused or undecided, why, and what would decide it."""
    score: Interval | None = None
    comparison: ComparisonFinding | None = None
