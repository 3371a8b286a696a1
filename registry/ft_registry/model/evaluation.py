"""Evaluations: scores, and the items they were computed from."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from ft_registry.errors import InvalidInput
from ft_registry.model.canonical import digest
from ft_registry.model.document import Document, Part, Unknown, is_empty
from ft_registry.model.manifest import Digest
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

PUBLIC = "hub:"
"""Before the name of a public set: ``hub:openai/gsm8k@<revision>``."""


class ScoreInterval(Part):
    """How far chance alone moves a score."""

    low: FiniteFloat
    high: FiniteFloat
    level: FiniteFloat
    method: str


class Score(Part):
    """One metric over all items of a task."""

    metric: str
    value: FiniteFloat
    """The mean over the items, unless the metric is none of single items."""
    n: Annotated[int, Field(ge=0)]
    """Items; 0: the evaluator did not say."""
    task: Annotated[str, Field(exclude_if=is_empty)] = ""
    """Empty: the suite is one task."""
    filter: Annotated[str, Field(exclude_if=is_empty)] = ""
    """How answers were made ready before they were scored."""
    stderr: Annotated[FiniteFloat | None, Field(exclude_if=is_empty)] = None
    higher_is_better: Annotated[bool | None, Field(exclude_if=is_empty)] = None
    interval: Annotated[ScoreInterval | None, Field(exclude_if=is_empty)] = None
    """Computed from the items; None: there are none, or too few."""

    @property
    def column(self) -> str:
        """The column of the items that it sums up."""
        return f"{self.metric},{self.filter}" if self.filter else self.metric

    @property
    def key(self) -> str:
        """Its name within the suite: ``metric``, ``task.metric,filter``."""
        return f"{self.task}.{self.column}" if self.task else self.column


class ItemTable(Part):
    """The per-item scores, kept as an artifact so that versions compare item by item."""

    digest: Digest
    """Of the file's bytes."""
    rows: int
    artifact: str
    """Where the file lies inside the logged model."""


class PublicSet(Part):
    """Evaluation data that everybody has: named, not kept."""

    name: str
    revision: str

    @property
    def doubt(self) -> str:
        """What a person should know of it, in words; empty: a commit names it for good."""
        if re.fullmatch(r"[0-9a-f]{40}", self.revision):
            return ""
        return f"{self.name}@{self.revision} is named by no full commit: what is there may change"


def parse_public_set(text: str) -> PublicSet:
    """Parses ``hub:NAME@REVISION``.

    Raises:
        InvalidInput: It names no revision: what is behind a name changes.
    """
    name, at, revision = text.removeprefix(PUBLIC).rpartition("@")
    if not (name and at and revision):
        raise InvalidInput(
            f"expected a public set as {PUBLIC}NAME@REVISION, found {text!r}",
            hints=["the revision is the commit of the set: a name alone changes what it means"],
        )
    return PublicSet(name=name, revision=revision)


class SnapshotUse(Part):
    """Evaluation data that is a snapshot of ours."""

    name: str
    key: str
    """What names its content, see `ft_registry.model.snapshot.DataContent.key`."""
    sha256: Digest | Unknown


class Harness(Part):
    """The evaluator, and what it was told."""

    name: str
    version: Annotated[str, Field(exclude_if=is_empty)] = ""
    tasks: Annotated[dict[str, str], Field(default_factory=dict, exclude_if=is_empty)]
    """The version of each task."""
    questions: Annotated[dict[str, str], Field(default_factory=dict, exclude_if=is_empty)]
    """The evaluator's own hash of the questions of each task."""
    prompts: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The digest of all prompts."""
    few_shot: Annotated[dict[str, int], Field(default_factory=dict, exclude_if=is_empty)]
    """Examples shown before a question, by task."""
    few_shot_digest: Annotated[str, Field(exclude_if=is_empty)] = ""
    settings: Annotated[dict[str, Any], Field(default_factory=dict, exclude_if=is_empty)]
    seeds: Annotated[dict[str, int], Field(default_factory=dict, exclude_if=is_empty)]


class Evaluation(Document):
    """What one suite measured of one version."""

    SCHEMA: ClassVar[str] = "ft-registry/evaluation/1"

    model: ModelName
    version: int | None
    """None: it measured a baseline."""
    baseline: Annotated[str, Field(exclude_if=is_empty)] = ""
    record: Digest
    """The record of the version, or the document of the baseline, that was measured."""
    suite: str
    scores: tuple[Score, ...]
    items: ItemTable | Unknown
    data: SnapshotUse | PublicSet | Unknown
    """What it was measured on."""
    harness: Harness
    origin: Digest
    """Of what was read: the evaluator's files."""
    source: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The file that it was read from, from the top level: the pipeline stage that wrote it can be
    run again. Empty when it lay outside of the repository."""
    partial: Annotated[str, Field(exclude_if=is_empty)] = ""
    """Why it is not of the whole suite; empty: it is."""
    trusted: Annotated[str, Field(exclude_if=is_empty)] = ""
    """What in the file speaks for another model, and was set aside by whoever added it."""
    supersedes: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """Ids of evaluations that this one corrects: they stay on record and count no more."""
    measured_at: Annotated[Timestamp | None, Field(exclude_if=is_empty)] = None
    seconds: Annotated[FiniteFloat | None, Field(exclude_if=is_empty)] = None
    cost: Annotated[FiniteFloat | None, Field(exclude_if=is_empty)] = None
    """US dollars."""
    notes: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    identity: Annotated[Digest | None, Field(exclude_if=is_empty)] = None
    """Its `statement`, where the id of suite and files was taken: the same files were on record
    before, as saying something else, or were withdrawn. None: suite and files name it."""
    recorded_at: Timestamp
    recorded_by: Actor

    @property
    def id(self) -> str:
        """The file name in the ledger: it names suite and files, so that adding twice is once.

        What is said of the same files anew is named by the identity that stands in the document:
        an id follows from what is stored, and never changes.
        """
        return f"{self.suite}-{(self.identity or self.origin).removeprefix('sha256:')[:16]}"

    @property
    def statement(self) -> str:
        """The digest of what it says: by which files, measured on what, in place of what."""
        said = self.model_dump(
            mode="json", include={"suite", "origin", "data", "scores", "partial", "supersedes"}
        )
        return digest({**said, "trusted": bool(self.trusted)})

    @property
    def content(self) -> tuple[str, str] | None:
        """What names the content of the data, whatever a snapshot is called; None: unknown."""
        data = self.data
        if isinstance(data, Unknown):
            return None
        return (data.name, data.revision) if isinstance(data, PublicSet) else ("", data.key)

    @property
    def circumstances(self) -> str:
        """What it was measured on, and whether it is taken on trust, in words."""
        data = self.data
        if isinstance(data, Unknown):
            words = "measured on data that is not on record"
        elif isinstance(data, PublicSet):
            words = f"measured on {data.name}@{data.revision}"
        else:
            words = f"measured on {data.name}@{data.key[:12]}"
        return f"{words}, on trust" if self.trusted else words

    @property
    def caveat(self) -> str:
        """What whoever reads its scores must know, in words; empty: nothing."""
        told = {"in part": self.partial, "on trust": self.trusted}
        return ", ".join(f"{what}: {why}" for what, why in told.items() if why)

    def says_the_same(self, again: "Evaluation") -> bool:
        """Returns whether the same files are given again; data that is not named contradicts none.

        How they were read does not matter: a newer reader may find more in them.
        """
        return (
            (self.suite, self.origin, bool(self.trusted))
            == (again.suite, again.origin, bool(again.trusted))
        ) and again.content in (None, self.content)

    def reads_as(self, again: "Evaluation") -> bool:
        """Returns whether the same files are given again, and the same read from them."""
        return (
            self.says_the_same(again)
            and _values(self) == _values(again)
            and self.items == again.items
        )

    @property
    def subject(self) -> str:
        """What was measured: ``name/7``, or ``name:label`` of a baseline."""
        if self.version is None:
            return f"{self.model}:{self.baseline}"
        return f"{self.model}/{self.version}"

    @property
    def rows(self) -> int:
        """How many items were scored; 0: nobody says."""
        if isinstance(self.items, ItemTable):
            return self.items.rows
        return max((score.n for score in self.scores), default=0)

    def in_words(self) -> str:
        """Returns its scores on one line."""
        scores = ", ".join(f"{score.key} {score.value:.4f}" for score in self.scores)
        return f"{scores} (n={self.rows})" if self.rows else scores


class Correction(Document):
    """From an evaluation to the one that corrects it: what is corrected once cannot be again."""

    SCHEMA: ClassVar[str] = "ft-registry/correction/1"

    model: ModelName
    version: int | None
    """None: of a baseline."""
    baseline: Annotated[str, Field(exclude_if=is_empty)] = ""
    evaluation: str
    """The id of what counts no more."""
    by: str
    """The id of what corrects it."""


def _values(evaluation: Evaluation) -> list[tuple[str, float, int]]:
    return [(score.key, score.value, score.n) for score in evaluation.scores]


def in_force(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Returns the evaluations that no later one corrects, by the time they were recorded."""
    corrected = {id_ for evaluation in evaluations for id_ in evaluation.supersedes}
    found = [evaluation for evaluation in evaluations if evaluation.id not in corrected]
    return sorted(found, key=lambda evaluation: evaluation.recorded_at)


def score_table(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Returns ``{"suite.metric": value}``; of one suite the evaluation recorded last counts."""
    return {
        f"{evaluation.suite}.{score.key}": score.value
        for evaluation in in_force(evaluations)
        for score in evaluation.scores
    }
