"""Turns what an evaluator found into evaluations of a version, and into what the store shows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ft_registry.actions.resolve import FiledRecord
from ft_registry.evaluations.measurement import MeasuredScore, Measurement
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import (
    Evaluation,
    Harness,
    ItemTable,
    PublicSet,
    Score,
    ScoreInterval,
    SnapshotUse,
)
from ft_registry.model.snapshot import MEASURING_ROLES, DataContent, Dataset, Snapshot
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import DatasetInput, Metric
from ft_registry.statistics.means import mean_interval
from ft_registry.statistics.paired import paired_t

if TYPE_CHECKING:
    from ft_registry.evaluations.items import Items

_NO_ITEMS = Unknown(unknown="the evaluator's files hold totals only")
_NO_DATA = Unknown(unknown="no dataset of the role eval was named: --data PATH:eval says it")

_DIGEST_LENGTH = 36
"""What MLflow takes of a dataset's digest."""


@dataclass(frozen=True)
class Evidence:
    """An evaluation as it was read, ready to be put on record."""

    measurement: Measurement
    origin: str
    """The digest of what was read."""
    source: str
    """The first file's path from the top level of the repository; empty: it lies outside."""
    table: bytes | None
    """Its items as a file; None: it has none."""
    trusted: str = ""
    """What in the files speaks for another model, and was set aside."""

    @property
    def suite(self) -> str:
        """What it measures."""
        return self.measurement.suite

    @property
    def artifact(self) -> str:
        """Where the store keeps the items: the name says suite and content."""
        content = "" if self.table is None else digest_bytes(self.table)[7:23]
        return f"ftr/evaluations/{self.suite}-{content}.parquet"

    @property
    def attachments(self) -> dict[str, bytes]:
        """What is kept beside the weights, by its path there."""
        return {} if self.table is None else {self.artifact: self.table}


def attachments_of(evidence: Iterable[Evidence]) -> dict[str, bytes]:
    """Returns all that is kept beside the weights, by its path there."""
    return {name: table for one in evidence for name, table in one.attachments.items()}


def overrides_of(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """Returns what an event says that a person set aside to take such scores."""
    return ("model",) if any(one.trusted for one in evidence) else ()


@dataclass(frozen=True)
class Subject:
    """What was measured: a version, or a baseline."""

    model: str
    digest: str
    """Of its document."""
    version: int | None = None
    baseline: str = ""

    @classmethod
    def of(cls, filed: FiledRecord) -> "Subject":
        """Returns a version as the subject of an evaluation."""
        return cls(filed.record.model, filed.digest, version=filed.record.version)


def make_evaluation(
    evidence: Evidence,
    *,
    of: Subject,
    data: SnapshotUse | PublicSet | Unknown,
    context: Context,
) -> Evaluation:
    """Returns the document that binds scores to what they measured.

    Args:
        evidence: What was read.
        of: What was measured.
        data: What it was measured on.
        context: Who, where, when.
    """
    found = evidence.measurement
    doubt = data.doubt if isinstance(data, PublicSet) else ""
    return Evaluation(
        model=of.model,
        version=of.version,
        baseline=of.baseline,
        record=of.digest,
        suite=evidence.suite,
        scores=tuple(_score(score, found.items) for score in found.scores),
        items=_NO_ITEMS
        if evidence.table is None or found.items is None
        else ItemTable(
            digest=digest_bytes(evidence.table), rows=len(found.items), artifact=evidence.artifact
        ),
        data=data,
        harness=Harness(
            name=found.harness,
            version=found.harness_version,
            tasks=dict(found.task_versions),
            questions=dict(found.data),
            prompts=found.prompt_digest,
            few_shot=dict(found.few_shot),
            few_shot_digest=found.few_shot_digest,
            settings=dict(found.settings),
            seeds=dict(found.seeds),
        ),
        origin=evidence.origin,
        source=evidence.source,
        partial=found.partial,
        trusted=evidence.trusted,
        measured_at=found.time or None,
        seconds=found.seconds,
        cost=found.cost,
        notes=(*found.notes, doubt) if doubt else found.notes,
        recorded_at=timestamp(context.now()),
        recorded_by=context.actor,
    )


def _score(score: MeasuredScore, items: "Items | None") -> Score:
    return Score(
        metric=score.metric,
        value=score.value,
        n=score.n,
        task=score.task,
        filter=score.filter,
        stderr=score.stderr,
        higher_is_better=score.higher_is_better,
        interval=_interval(score, items) if items is not None else None,
    )


def _interval(score: MeasuredScore, items: "Items") -> ScoreInterval | None:
    """Returns how far chance moves a score; None where it is no mean of items, or of too few."""
    import numpy as np  # not above: most commands measure nothing

    column = items.scores.get(score.column)
    if column is None:
        return None
    counts = ~np.isnan(column)
    if score.task and items.tasks is not None:
        counts &= np.array([task == score.task for task in items.tasks])
    values = column[counts].tolist()
    if not values or not math.isclose(math.fsum(values) / len(values), score.value, abs_tol=1e-9):
        return None
    if items.clusters is None:
        found = mean_interval(values)
    else:
        places = np.flatnonzero(counts).tolist()
        groups = [items.clusters[place] for place in places]
        found = paired_t(values, [0.0] * len(values), clusters=groups)
    if not found.is_bounded:
        return None
    return ScoreInterval(low=found.low, high=found.high, level=found.level, method=found.method)


def place_of(evaluation: Evaluation) -> str:
    """Returns the evaluation's path in the ledger."""
    if evaluation.version is None:
        return layout.baseline_evaluation(evaluation.model, evaluation.baseline, evaluation.id)
    return layout.evaluation(evaluation.model, evaluation.version, evaluation.id)


def measured_on(data: Sequence[Dataset], evidence: Evidence) -> SnapshotUse | Unknown:
    """Returns the dataset that scores were measured on, as far as a record can tell.

    Args:
        data: The record's. It counts if exactly one was named for it, unless the items are
            certainly not of it.
        evidence: The scores.
    """
    named = evaluation_data(data)
    if isinstance(named, Unknown):
        return named
    scored = evidence.measurement.rows
    rows = next(one.rows for one in data if one.key == named.key)
    if scored and isinstance(rows, int) and rows != scored:
        return Unknown(
            unknown=f"{scored} items were scored, the record's evaluation data has {rows} "
            "examples: --data names what they are of"
        )
    return named


def evaluation_data(data: Sequence[Dataset]) -> SnapshotUse | Unknown:
    """Returns the one dataset of a record that was named for measuring on."""
    found = [dataset for dataset in data if dataset.role in MEASURING_ROLES]
    if len(found) != 1:
        return _NO_DATA
    return SnapshotUse(name=found[0].name, key=found[0].key, sha256=found[0].sha256)


def draft_metrics(found: Sequence[Evidence], datasets: Sequence[Dataset]) -> tuple[Metric, ...]:
    """Returns the scores of a version that has no record yet, as the store shows them."""
    named = [dataset for dataset in datasets if dataset.role in MEASURING_ROLES]
    inputs = {dataset.key: dataset_input(dataset) for dataset in named}
    return tuple(
        _metric(one.suite, _score(score, None), inputs.get(getattr(data, "key", "")))
        for one in found
        for data in (measured_on(datasets, one),)
        for score in one.measurement.scores
    )


def make_metrics(
    evaluations: Iterable[Evaluation], datasets: Sequence[Dataset], ledger: Ledger
) -> tuple[Metric, ...]:
    """Returns scores as the store shows them, each tied to the data it was measured on.

    Of a suite that was measured more than once each measurement is a point, at the time at which it
    was put on record: so the store's charts show the spread, and the newest counts.

    Args:
        evaluations: Those whose scores are to be shown.
        datasets: Those of the version's record.
        ledger: Has the snapshots that the record does not name.
    """
    return tuple(
        _metric(one.suite, score, shown, time=one.recorded_at)
        for one in evaluations
        for shown in (_shown_data(one, datasets, ledger),)
        for score in one.scores
    )


def _metric(suite: str, score: Score, shown: DatasetInput | None, *, time: str = "") -> Metric:
    return Metric(f"{suite}.{score.key}", score.value, shown, time)


def _shown_data(
    evaluation: Evaluation, datasets: Sequence[Dataset], ledger: Ledger
) -> DatasetInput | None:
    data = evaluation.data
    if isinstance(data, PublicSet):
        source = {"name": data.name, "revision": data.revision}
        return DatasetInput(
            data.name, data.revision[:36], source, "evaluation", {}, rows=None, size=0
        )
    if isinstance(data, Unknown):
        return None
    for dataset in datasets:
        if dataset.key == data.key and dataset.role in MEASURING_ROLES:
            return dataset_input(dataset)
    place = layout.snapshot(data.name, data.key)
    content = ledger.read(place)
    if content is None:
        return None
    snapshot = Snapshot.parse(content, what=place)
    return _input(snapshot.content, data.name, snapshot.pointer, "evaluation")


def dataset_input(dataset: Dataset) -> DatasetInput:
    """Returns a dataset as the store shows it."""
    role = {"train": "training", "eval": "evaluation"}.get(dataset.role, dataset.role)
    return _input(dataset, dataset.name, dataset.pointer, role)


def _input(content: DataContent, name: str, pointer: str, role: str) -> DatasetInput:
    return DatasetInput(
        name=name,
        digest=content.key[:_DIGEST_LENGTH],
        source={"path": content.path, "pointer": pointer, content.dvc.words: content.key},
        context=role,
        tags={
            **({"ftr.sha256": content.sha256} if isinstance(content.sha256, str) else {}),
            "ftr.path": content.path[:500],
        },
        rows=None if isinstance(content.rows, Unknown) else content.rows,
        size=content.dvc.size,
    )
