"""Results on a model's page of the Hugging Face hub: `.eval_results/*.yaml` and `model-index`.

The shapes are those that huggingface_hub 2.4 reads and writes. They are claims that somebody
published: totals without items, and often in percent.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ft_registry.errors import Refused
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.readers.evaluations.documents import convert, finite, named, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of, time_of
from ft_registry.readers.yaml_file import parse_yaml

HARNESS = "hub"

_LARGEST = 4 << 20
_NOTE = "published totals: no items, and the page does not say of how many they are"


class _Dataset(msgspec.Struct):
    id: str
    task_id: str
    revision: Any = None


class _Entry(msgspec.Struct):
    """A result in `.eval_results`."""

    dataset: _Dataset
    value: Any
    date: Any = None
    notes: str | None = None


class _CardMetric(msgspec.Struct):
    type: str
    value: Any = None
    name: str | None = None


class _CardDataset(msgspec.Struct):
    name: str | None = None
    type: str | None = None
    config: str | None = None
    split: str | None = None
    revision: Any = None


class _CardTask(msgspec.Struct):
    type: str | None = None


class _CardResult(msgspec.Struct):
    metrics: list[_CardMetric]
    dataset: _CardDataset = msgspec.field(default_factory=_CardDataset)
    task: _CardTask = msgspec.field(default_factory=_CardTask)


class _Model(msgspec.Struct):
    results: list[_CardResult]
    name: str = ""


def claims(file: EvaluatorFile) -> bool:
    """Whether the file holds published results."""
    if file.size > _LARGEST:
        return False
    if file.kind == "markdown":
        return b"model-index:" in file.data
    return file.kind == "yaml" and b"task_id" in file.data and b"dataset" in file.data


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads published results.

    Raises:
        Refused: They are of two models, or no results.
    """
    cards = [file for file in files if file.kind == "markdown"]
    entries = [file for file in files if file.kind == "yaml"]
    if cards and entries:
        # The page shows both; the newer form is the one that benchmarks vouch for.
        cards = []
    if len(cards) > 1:
        raise Refused(
            f"expected the card of one model, found {len(cards)}",
            hints=["give the README.md of one model"],
        )
    return _of_card(cards[0]) if cards else _of_entries(entries)


def _of_entries(files: Sequence[EvaluatorFile]) -> Measurement:
    entries = [
        entry
        for file in files
        for entry in convert(parse_yaml(file.data, what=file.path), list[_Entry], what=file.what)
    ]
    if not entries:
        raise Refused(f"expected results in {files[0].path}, found none")
    tasks = [_task(entry) for entry in entries]
    several = len(set(tasks)) > 1
    scores = [
        MeasuredScore(
            metric="value",
            value=finite(entry.value, what=f"the value of {task} in {files[0].path}"),
            n=0,
            task=task if several else "",
            filter=text_of(entry.notes)[:60],
        )
        for entry, task in zip(entries, tasks, strict=True)
    ]
    dates = sorted(filter(None, (time_of(text_of(entry.date)) for entry in entries)))
    return Measurement(
        suite=suite_of(list(dict.fromkeys(tasks))),
        harness=HARNESS,
        scores=tuple(scores),
        data={
            task: _revised(e.dataset.id, e.dataset.revision)
            for e, task in zip(entries, tasks, strict=True)
        },
        time=dates[-1] if dates else "",
        notes=(_NOTE,),
    )


def _task(entry: _Entry) -> str:
    last = entry.dataset.id.rpartition("/")[2]
    task = entry.dataset.task_id
    return named(last if task in {"default", last} else f"{last}/{task}", what="a task")


def _revised(name: str, revision: Any) -> str:
    return f"{name}@{text_of(revision)}" if revision else name


def _of_card(file: EvaluatorFile) -> Measurement:
    head = file.data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n---", 1)[0]
    front = parse_yaml(head.removeprefix("---").encode(), what=file.path)
    index = front.get("model-index") if isinstance(front, dict) else None
    models = convert(index, list[_Model], what=f"the model-index of {file.path}")
    if len(models) != 1:
        raise Refused(f"expected the results of one model in {file.path}, found {len(models)}")
    scores, data = [], {}
    names = [_dataset(result) for result in models[0].results]
    several = len(set(names)) > 1
    for result, task in zip(models[0].results, names, strict=True):
        data[task] = _revised(result.dataset.type or task, result.dataset.revision)
        scores += [
            MeasuredScore(
                metric=named(metric.type, what=f"a metric in {file.path}"),
                value=finite(metric.value, what=f"{metric.type} of {task} in {file.path}"),
                n=0,
                filter=text_of(metric.name) if metric.name not in (None, metric.type) else "",
                task=task if several else "",
            )
            for metric in result.metrics
        ]
    return Measurement(
        suite=suite_of(list(dict.fromkeys(names))),
        harness=HARNESS,
        scores=tuple(scores),
        claim=Claim(name=models[0].name),
        data=data,
        notes=(_NOTE,),
    )


def _dataset(result: _CardResult) -> str:
    dataset = result.dataset
    name = (dataset.type or dataset.name or result.task.type or "results").rpartition("/")[2]
    parts = [
        name,
        *(part for part in (dataset.config, dataset.split) if part and part != "default"),
    ]
    return named("/".join(parts), what="a dataset")
