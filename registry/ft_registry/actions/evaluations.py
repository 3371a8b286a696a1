"""Turns scored items into evaluations of a version, and into what the store shows of them."""

from ft_registry.actions.resolve import FiledRecord
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, ItemTable
from ft_registry.model.snapshot import MEASURING_ROLES, Dataset
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.models import DatasetInput, Metric
from ft_registry.readers.items import ScoredItems

_DIGEST_LENGTH = 36
"""What MLflow takes of a dataset's digest."""


def artifact_of(items: ScoredItems) -> str:
    """Returns where the store keeps the items: the name says suite and content."""
    return f"ftr/evaluations/{items.suite}-{items.digest[7:23]}.jsonl"


def make_evaluation(
    items: ScoredItems, *, filed: FiledRecord, data: tuple[Dataset, ...], context: Context
) -> Evaluation:
    """Returns the document that binds scores to the version that they measured."""
    measured_on = measuring_data(data)
    return Evaluation(
        model=filed.record.model,
        version=filed.record.version,
        record=filed.digest,
        suite=items.suite,
        scores=items.scores,
        items=ItemTable(digest=items.digest, rows=items.rows, artifact=artifact_of(items)),
        data=measured_on.sha256
        if measured_on
        else Unknown(unknown="no dataset of the role eval was named: --data PATH:eval says it"),
        source=items.source,
        recorded_at=timestamp(context.now()),
        recorded_by=context.actor,
    )


def place_of(evaluation: Evaluation) -> str:
    """Returns the evaluation's path in the ledger."""
    return layout.evaluation(evaluation.model, evaluation.version, evaluation.id)


def make_metrics(items: tuple[ScoredItems, ...], data: tuple[Dataset, ...]) -> tuple[Metric, ...]:
    """Returns the scores as the store shows them."""
    measured_on = measuring_data(data)
    shown = dataset_input(measured_on) if measured_on else None
    return tuple(
        Metric(f"{one.suite}.{score.metric}", score.value, shown)
        for one in items
        for score in one.scores
    )


def measuring_data(data: tuple[Dataset, ...]) -> Dataset | None:
    """Returns the dataset that the scores were measured on, if exactly one was named."""
    found = [dataset for dataset in data if dataset.role in MEASURING_ROLES]
    return found[0] if len(found) == 1 else None


def dataset_input(dataset: Dataset) -> DatasetInput:
    """Returns a dataset as the store shows it."""
    return DatasetInput(
        name=dataset.name,
        digest=dataset.key[:_DIGEST_LENGTH],
        source={"path": dataset.path, "pointer": dataset.pointer, dataset.dvc.words: dataset.key},
        context={"train": "training", "eval": "evaluation"}.get(dataset.role, dataset.role),
        tags={
            **({"ftr.sha256": dataset.sha256} if isinstance(dataset.sha256, str) else {}),
            "ftr.path": dataset.path[:500],
        },
        rows=None if isinstance(dataset.rows, Unknown) else dataset.rows,
        size=dataset.dvc.size,
    )
