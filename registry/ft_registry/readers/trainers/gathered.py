"""What readers of trainers fill in, piece by piece, and how it becomes part of a record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.training import (
    CURVE_POINTS,
    ClaimedBase,
    Cost,
    Curve,
    EvidenceFile,
    Training,
)
from ft_registry.readers.params import seeds_of

ALL_POINTS = "ftr/curves.json"
"""Where the points of thinned curves lie inside the logged model."""
_CURVES = 100
"""Curves in a record; experts and layers may have one each."""
_DATASETS = 100
"""Names of data in a record; a card may list any number."""

Points = dict[str, list[tuple[float, float]]]
"""Step and value, by the trainer's name of the quantity."""


@dataclass(frozen=True)
class TrainerOutput:
    """What a trainer left, ready for a record."""

    training: Training | Unknown
    cost: Cost | Unknown
    attachments: dict[str, bytes] = field(default_factory=dict)
    """Every point of curves that the record has thinned; empty: none is thinned."""


@dataclass
class Gathered:
    """The facts of one training as they are found; what stays empty was not found."""

    trainer: str = ""
    version: str = ""
    method: str = ""
    why_no_method: str = ""
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None
    epochs: float | None = None
    points: Points = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    base: str = ""
    revision: str = ""
    seconds: float | None = None
    tokens: int | None = None

    def output(self, evidence: Sequence[EvidenceFile], notes: Iterable[str]) -> TrainerOutput:
        """Returns it as a record keeps it."""
        kept = dict(list(self.points.items())[:_CURVES])
        is_thinned = len(kept) < len(self.points) or any(
            len(points) > CURVE_POINTS for points in kept.values()
        )
        # Not in canonical form, which takes seconds for a long training.
        content = to_json(self.points) if is_thinned else b""
        training = Training(
            trainer=self.trainer,
            version=self.version or Unknown(unknown="the trainer's files do not say it"),
            method=self.method
            or Unknown(unknown=self.why_no_method or "the trainer's files do not say it"),
            hyperparameters=self.hyperparameters,
            seeds=seeds_of(self.hyperparameters),
            steps=_known(self.steps, "the trainer's files do not count them"),
            epochs=_known(self.epochs, "the trainer's files do not count them"),
            curves=tuple(
                Curve(name=name, count=len(points), points=thin(points))
                for name, points in kept.items()
            ),
            results=self.results,
            datasets=self.datasets[:_DATASETS],
            base=ClaimedBase(
                id=self.base, revision=self.revision or Unknown(unknown="the trainer names none")
            )
            if self.base
            else Unknown(unknown="the trainer's files name none"),
            files=tuple(evidence),
            all_points=EvidenceFile(path=ALL_POINTS, digest=digest_bytes(content))
            if is_thinned
            else None,
            left_out=tuple(notes),
        )
        return TrainerOutput(training, self._cost(), {ALL_POINTS: content} if is_thinned else {})

    def _cost(self) -> Cost | Unknown:
        if self.seconds is None and self.tokens is None:
            return Unknown(unknown="the trainer's files tell neither time nor tokens")
        return Cost(
            seconds=_known(self.seconds, "the trainer's files do not tell it"),
            tokens=_known(self.tokens, "the trainer's files do not count them"),
            amount=Unknown(unknown="no price was reported"),
        )


def _known(value: Any, why: str) -> Any:
    return Unknown(unknown=why) if value is None else value


def thin(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Returns at most `CURVE_POINTS` points: first, last, lowest, highest, and evenly between."""
    if len(points) <= CURVE_POINTS:
        return tuple(points)
    last = len(points) - 1
    values = [value for _, value in points]
    chosen = {0, last, values.index(min(values)), values.index(max(values))}
    room = CURVE_POINTS - len(chosen)
    chosen.update(round(last * place / (room + 1)) for place in range(1, room + 1))
    return tuple(points[place] for place in sorted(chosen))
