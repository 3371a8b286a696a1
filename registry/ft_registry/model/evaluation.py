"""Evaluations: scores, and the items they were computed from."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field, FiniteFloat

from ft_registry.model.document import Document, Part, Unknown, is_empty
from ft_registry.model.manifest import Digest
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp


class Score(Part):
    """One metric over all items."""

    metric: str
    value: FiniteFloat
    """The mean over the items."""
    n: Annotated[int, Field(ge=1)]
    """Items."""


class ItemTable(Part):
    """The per-item scores, kept as an artifact so that versions compare item by item."""

    digest: Digest
    """Of the file's bytes."""
    rows: int
    artifact: str
    """Where the file lies inside the logged model."""


class Evaluation(Document):
    """What one suite measured of one version."""

    SCHEMA: ClassVar[str] = "ft-registry/evaluation/1"

    model: ModelName
    version: int
    record: Digest
    """The record of the version that was measured."""
    suite: str
    scores: tuple[Score, ...]
    items: ItemTable
    data: Digest | Unknown
    """The SHA-256 of the snapshot that was measured on."""
    source: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The file that the items were read from, from the top level: the pipeline stage that wrote it
    can be run again. Empty when it lay outside of the repository."""
    recorded_at: Timestamp
    recorded_by: Actor

    @property
    def id(self) -> str:
        """The file name in the ledger: it names suite and items, so that adding twice is once."""
        return f"{self.suite}-{self.items.digest.removeprefix('sha256:')[:16]}"


def score_table(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Returns ``{"suite.metric": value}``; of one suite the evaluation recorded last counts."""
    table: dict[str, float] = {}
    for evaluation in sorted(evaluations, key=lambda e: e.recorded_at):
        for score in evaluation.scores:
            table[f"{evaluation.suite}.{score.metric}"] = score.value
    return table
