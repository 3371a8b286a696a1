"""Facts on record of a model: what advice is made from. Whoever gathers them judges nothing."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ft_registry.advice.statement import Evidence, What
from ft_registry.gates.answer import Answer
from ft_registry.model.baseline import BaselineKind
from ft_registry.model.config import SuiteUse
from ft_registry.model.document import Unknown
from ft_registry.model.training import Cost

GUARDS = ("safety", "regression")
"""What suites are for that guard what must not suffer."""
OpponentKind: TypeAlias = Literal["prompt", "rag", "other", "version"]


@dataclass(frozen=True)
class SuiteFacts:
    """A suite of the settings, or one that something was measured by."""

    name: str
    use: SuiteUse

    @property
    def is_guard(self) -> bool:
        """Whether it looks at what must not suffer, not at what was tuned for."""
        return self.use in GUARDS


@dataclass(frozen=True)
class Comparison:
    """A version beside an opponent, by the metric of a suite that counts most."""

    version: str
    opponent: str
    kind: OpponentKind
    suite: str
    metric: str
    scores: tuple[str, str]
    """Of the version and of the opponent, as they are on record, in words."""
    answer: Answer
    """What the test of a promotion gate says; without a finding they were not paired, and it says
    why."""
    doubts: tuple[str, ...] = ()
    """Why the comparison may be of something else than the model, in words."""
    evidence: tuple[Evidence, ...] = ()
    prompts: tuple[float, float] | None = None
    """Mean characters of the prompts as the items tell them; None: they do not, or were cut."""
    spending: tuple[float, float] | None = None
    """Mean US dollars an answer; None: not on record of both."""

    @property
    def verdict(self) -> What:
        """Whether the version is shown to be better, or worse, at 95 %."""
        found = self.answer.comparison
        if found is None or self.doubts:
            return "missing"
        low, high = found.delta.low, found.delta.high
        # By the test and by the interval: of few items the two may differ.
        if low is not None and low > 0 and found.p <= found.alpha:
            return "supported"
        return "against" if high is not None and high < 0 else "missing"

    @property
    def words(self) -> str:
        """What was found, as a sentence."""
        told = f"{self.version} on {self.suite}, {self.metric}: "
        if self.answer.comparison is None:
            ours, theirs = self.scores
            told += f"{ours} against {theirs} of {self.opponent}, not paired: {self.answer.found}"
        else:
            told += self.answer.found
        return told + "".join(f"; but {doubt}" for doubt in self.doubts)


@dataclass(frozen=True)
class BaselineFacts:
    """A contender that is not tuned."""

    reference: str
    kind: BaselineKind
    suites: tuple[str, ...]
    """That it was measured by."""
    prompt: int | None
    """Characters of the prompt texts that are on record of it; None: there are none."""
    evidence: Evidence


@dataclass(frozen=True)
class Repeats:
    """What measuring a version again by one suite gave."""

    suite: str
    metric: str
    values: tuple[float, ...]
    """The newest last."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class DataAge:
    """A dataset that a version learnt from, and a newer snapshot of it."""

    learnt: str
    """``train@3f2a90c1b2d4``."""
    rows: int | None
    newer: str
    """Empty: there is none."""
    newer_rows: int | None
    taken: str
    """When the newer one was taken."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class VersionFacts:
    """A version that is judged: the champion, or the newest."""

    reference: str
    suites: tuple[str, ...]
    """That it was measured by."""
    method: str | Unknown
    enough: Answer | None
    """Whether its examples are as many as the method needs; None: the method needs none, or
    nobody knows what it needs."""
    needs: str
    """What the method needs, in words."""
    faults: Answer
    duplicates: Answer
    overlap: Answer
    """Whether training data holds evaluation examples."""
    cost: Cost | Unknown
    repeats: tuple[Repeats, ...]
    data: tuple[DataAge, ...]
    evidence: Evidence
    """The record."""
    condemned: str = ""
    """Who called it bad, when and why; empty: nobody did."""


@dataclass(frozen=True)
class ModelFacts:
    """All that advice on a model is made from."""

    model: str
    versions: tuple[VersionFacts, ...]
    """The champion, if there is one, then the newest, if it is another."""
    baselines: tuple[BaselineFacts, ...]
    suites: tuple[SuiteFacts, ...]
    """By name."""
    comparisons: tuple[Comparison, ...]

    @property
    def measured(self) -> set[str]:
        """The suites that anything on record was measured by."""
        versions = {suite for one in self.versions for suite in one.suites}
        return versions | {suite for one in self.baselines for suite in one.suites}

    def guards(self, suite: str) -> bool:
        """Returns whether a suite looks at what must not suffer."""
        return any(one.is_guard for one in self.suites if one.name == suite)

    def against_baselines(self, version: str) -> tuple[Comparison, ...]:
        """Returns how a version compares with what is not tuned, where it was tuned for."""
        return tuple(
            one
            for one in self.comparisons
            if one.version == version and one.kind != "version" and not self.guards(one.suite)
        )
