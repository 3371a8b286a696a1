"""Verdicts: what a gate decided, on what evidence, and how it came to it."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from ft_registry.model.document import Document, Part, is_empty
from ft_registry.model.manifest import Digest
from ft_registry.model.names import AliasName, ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

Outcome: TypeAlias = Literal["pass", "fail", "inconclusive"]

SHOWN = 10
"""Items that turned, which a finding names."""


class Interval(Part):
    """A number, and how far chance alone moves it. An end that nothing bounds is None."""

    value: float
    low: float | None
    high: float | None
    level: float
    n: int
    """Items."""
    method: str
    clusters: Annotated[int | None, Field(exclude_if=is_empty)] = None


class SliceFinding(Part):
    """A comparison on the items that share a property."""

    slice: str
    """``language=de``."""
    n: int
    before: float
    after: float
    p_worse: float
    """Of the new side being worse there by chance alone, for all slices together (Holm)."""


class ComparisonFinding(Part):
    """One metric on both sides."""

    opponent: str
    """``name/5``, or ``name:label``."""
    suite: str
    metric: str
    before: float
    """Of the opponent."""
    after: float
    delta: Interval
    """New less old, the sign turned where less is better; the interval is two-sided."""
    null: float
    """The difference that was tested against: above it the check passes."""
    p: float
    alpha: float
    p_adjusted: Annotated[float | None, Field(exclude_if=is_empty)] = None
    """By Holm, where the check is one of a family."""
    items_needed: Annotated[int | None, Field(exclude_if=is_empty)] = None
    """Items with which a difference such as this one would be found at 80 % power."""
    gained: int = 0
    """Items that the candidate scores better."""
    lost: int = 0
    worst: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """Ids of items that it scores worse, the worst first."""
    slices: Annotated[tuple[SliceFinding, ...], Field(exclude_if=is_empty)] = ()
    paired: bool = True


class CheckFinding(Part):
    """What became of one check."""

    name: str
    kind: str
    outcome: Outcome
    asked: str
    """In words."""
    found: str
    """In words; where it is refused or undecided, why."""
    score: Annotated[Interval | None, Field(exclude_if=is_empty)] = None
    comparison: Annotated[ComparisonFinding | None, Field(exclude_if=is_empty)] = None
    overridden: Annotated[bool, Field(exclude_if=lambda value: not value)] = False
    """A person set it aside."""


class GroupFinding(Part):
    """What became of checks that are joined."""

    joined: Literal["all", "any"]
    outcome: Outcome
    findings: tuple["CheckFinding | GroupFinding", ...]

    def checks(self) -> Iterable[CheckFinding]:
        """Yields the checks in it, in order."""
        for finding in self.findings:
            if isinstance(finding, CheckFinding):
                yield finding
            else:
                yield from finding.checks()


class EvidenceUse(Part):
    """An evaluation that a verdict rests on."""

    subject: str
    """What was measured: ``name/7``, ``name:label``."""
    suite: str
    path: str
    """Of its document in the ledger."""
    digest: Digest
    data: Annotated[str, Field(exclude_if=is_empty)] = ""
    """What it was measured on, by name and content; empty: not on record."""


class OpponentUse(Part):
    """What a candidate was compared with."""

    asked: str
    """As the policy has it: ``@champion``."""
    reference: str
    """What that was."""
    digest: Digest
    """Of its record, or of the baseline's document."""


class Verdict(Document):
    """A decision whether an alias may name a version.

    It is bound to everything that it rests on, by digest: another record, policy, opponent or
    evaluation needs another verdict.
    """

    SCHEMA: ClassVar[str] = "ft-registry/verdict/1"

    model: ModelName
    version: int
    record: Digest
    alias: AliasName
    policy: Digest | None
    """Of the policy's bytes in the ledger; None: there is none, and nothing was asked."""
    outcome: Outcome
    """What the checks said, overrides aside."""
    result: GroupFinding
    overrides: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """Names of checks that a person set aside; ``gate``: all of them."""
    opponents: Annotated[tuple[OpponentUse, ...], Field(exclude_if=is_empty)] = ()
    evaluations: Annotated[tuple[EvidenceUse, ...], Field(exclude_if=is_empty)] = ()
    approvals: Annotated[dict[str, Digest], Field(default_factory=dict, exclude_if=is_empty)]
    """The approvals that counted, by path."""
    uses: Annotated[dict[str, int], Field(default_factory=dict, exclude_if=is_empty)]
    """By evaluation data: how many promotions it decided before this one."""
    decided_at: Timestamp
    decided_by: Actor

    @property
    def id(self) -> str:
        """Its file name in the ledger."""
        return self.digest.removeprefix("sha256:")[:16]

    @property
    def passes(self) -> bool:
        """Whether the alias may move: the checks pass, or a person set aside those that do not."""
        return "gate" in self.overrides or left(self.result) == "pass"


def left(finding: "CheckFinding | GroupFinding") -> Outcome:
    """Returns what becomes of a finding, counting what was overridden as passed."""
    if isinstance(finding, CheckFinding):
        return "pass" if finding.overridden else finding.outcome
    return joined(finding.joined, [left(part) for part in finding.findings])


def joined(how: Literal["all", "any"], outcomes: Iterable[Outcome]) -> Outcome:
    """Returns what becomes of outcomes together; of none: it fails.

    ``all`` fails with one that fails, ``any`` passes with one that passes; what the others leave
    undecided is inconclusive.
    """
    found = list(outcomes)
    if not found:
        return "fail"
    decisive: Outcome = "fail" if how == "all" else "pass"
    if decisive in found:
        return decisive
    if "inconclusive" in found:
        return "inconclusive"
    return "pass" if how == "all" else "fail"
