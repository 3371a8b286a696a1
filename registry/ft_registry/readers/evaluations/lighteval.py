"""LightEval: `results_*.json` and the details of its tasks as Parquet.

The shape is that of 0.13's source (`evaluation_tracker.py`, `info_loggers.py`); it was not run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items, item_id
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.readers.evaluations.documents import finite, finite_or_none, kept, named, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.rows import rows_of
from ft_registry.readers.evaluations.table import ItemTable, by_task, check_mean, mean_scores

HARNESS = "lighteval"

_ALL = "all"
"""The mean over unlike metrics of unlike tasks: it is not taken."""


class _General(msgspec.Struct):
    lighteval_sha: str | None = None
    max_samples: int | None = None
    model_name: str | None = None
    model_config: dict[str, Any] | None = None
    total_evaluation_time_secondes: Any = None


class _Results(msgspec.Struct):
    config_general: _General
    results: dict[str, dict[str, Any]]
    versions: dict[str, Any] | None = None
    config_tasks: dict[str, dict[str, Any]] | None = None
    summary_tasks: dict[str, Any] | None = None


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is a results file or the details of a task."""
    if file.kind == "json":
        return file.keys >= {"config_general", "results"}
    return file.kind == "parquet" and file.keys >= {"doc", "metric", "model_response"}


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads the results of one run, with details or without.

    Raises:
        Refused: There are several results, or details that contradict them.
    """
    totals = [file for file in files if file.kind == "json"]
    if len(totals) > 1:
        raise Refused(f"expected the results of one run of LightEval, found {len(totals)}")
    details = [file for file in files if file.kind == "parquet"]
    table, metrics = _items(details) if details else (None, {})
    items = table.finish() if table is not None else None
    if not totals:
        if items is None:
            raise Refused("expected results or details of LightEval, found neither")
        tasks = sorted(set(items.tasks or ()))
        return Measurement(
            suite=suite_of([task.partition("|")[0] for task in tasks], otherwise=HARNESS),
            harness=HARNESS,
            scores=mean_scores(items),
            items=items,
            notes=("scores are the means of the details: there is no results file",),
        )
    return _of_results(totals[0], items, table, metrics)


def _of_results(
    file: EvaluatorFile,
    items: Items | None,
    table: ItemTable | None,
    metrics: Mapping[str, set[str]],
) -> Measurement:
    found = file.document(_Results)
    rows = {task: row for task, row in found.results.items() if task != _ALL}
    if unknown := sorted(set(metrics) - set(rows)):
        raise Refused(
            f"expected details of the tasks in {file.path}, found {', '.join(unknown[:4])}",
            hints=["give the files of one run"],
        )
    configs = found.config_tasks or {}
    scores = [
        score for task, row in sorted(rows.items()) for score in _scores(task, row, configs, file)
    ]
    single = len(rows) == 1
    for score in scores:
        if items is not None and score.metric in metrics.get(score.task, set()):
            _check(items, score, file)
    if single:
        scores = [replace(score, task="") for score in scores]
    general = found.config_general
    config = general.model_config or {}
    shots = {
        task: int(count)
        for task in rows
        if (count := task.rpartition("|")[2]).isdecimal() and len(count) < 6
    }
    return Measurement(
        suite=suite_of([task.partition("|")[0] for task in rows if ":_average|" not in task]),
        harness=HARNESS,
        scores=tuple(scores),
        items=items,
        harness_version=general.lighteval_sha or "",
        claim=Claim(
            name=general.model_name or text_of(config.get("model_name")),
            adapter=text_of(config.get("adapter_weights") and config.get("model_name")),
            revision=text_of(config.get("revision")),
        ),
        partial=_partial(general, configs),
        task_versions=by_task(found.versions or {}),
        data=_hashes(found),
        prompt_digest=table.prompts if table is not None else "",
        few_shot=shots,
        settings=kept(
            {
                "generation_parameters": config.get("generation_parameters"),
                "system_prompt": config.get("system_prompt"),
                "dtype": config.get("dtype"),
                "use_chat_template": config.get("use_chat_template"),
            }
        ),
        seconds=_seconds(general.total_evaluation_time_secondes),
    )


def _check(items: Items, score: MeasuredScore, file: EvaluatorFile) -> None:
    values = items.scores[score.metric]
    if items.tasks is not None:
        values = values[np.asarray(items.tasks) == score.task]
    check_mean(values, score.value, metric=f"{score.metric} of {score.task}", what=file.path)


def _items(details: Sequence[EvaluatorFile]) -> tuple[ItemTable, dict[str, set[str]]]:
    """Returns the items, and by task the metrics of which each item has a number."""
    table = ItemTable(details[0].path if len(details) == 1 else "the details")
    metrics: dict[str, set[str]] = {}
    files: dict[str, EvaluatorFile] = {}
    for file in details:
        for index, cells in enumerate(rows_of(file), start=1):
            doc, metric, response = (
                cells[name] if isinstance(cells[name], dict) else {}
                for name in ("doc", "metric", "model_response")
            )
            where = f"row {index} of {file.path}"
            task = named(doc.get("task_name"), what=f"the task in {where}")
            if files.setdefault(task, file) is not file:
                raise Refused(
                    f"expected one file of details for {task}, found {files[task].path} and "
                    f"{file.path}",
                    hints=["give the files of one run"],
                )
            gold = _gold(doc)
            row = table.add(item_id(task, text_of(doc.get("query")), gold), task=task)
            table.text(row, "prompt", text_of(response.get("input")) or text_of(doc.get("query")))
            table.text(row, "target", ", ".join(gold))
            texts = response.get("text")
            table.text(
                row, "answer", text_of(texts[0] if isinstance(texts, list) and texts else texts)
            )
            for name, value in metric.items():
                # None: the column is of another kind of task; a list: counted over all items.
                if value is None or isinstance(value, list | dict):
                    continue
                number = (
                    float(value)
                    if isinstance(value, bool)
                    else finite(value, what=f"{name} in {where}")
                )
                table.score(row, named(name, what=f"a metric in {where}"), number)
                metrics.setdefault(task, set()).add(name)
    return table, metrics


def _gold(doc: Mapping[str, Any]) -> list[str]:
    """Returns the answers that are right."""
    choices, index = doc.get("choices"), doc.get("gold_index")
    indices = index if isinstance(index, list) else [index]
    if not isinstance(choices, list):
        return [text_of(index)]
    return [
        text_of(choices[one])
        for one in indices
        if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < len(choices)
    ]


def _scores(
    task: str, row: Mapping[str, Any], configs: Mapping[str, Any], file: EvaluatorFile
) -> list[MeasuredScore]:
    config = configs.get(task)
    count = config.get("effective_num_docs") if isinstance(config, dict) else None
    known = isinstance(count, int) and not isinstance(count, bool) and count > 0
    scores = []
    for name, value in sorted(row.items()):
        if name.endswith("_stderr") and name.removesuffix("_stderr") in row:
            continue
        error = finite_or_none(row.get(f"{name}_stderr"))
        scores.append(
            MeasuredScore(
                metric=named(name, what=f"a metric in {file.path}"),
                value=finite(value, what=f"{name} of {task} in {file.path}"),
                n=count if known and isinstance(count, int) else 0,
                task=named(task, what=f"a task in {file.path}"),
                stderr=error if error is not None and error >= 0 else None,
            )
        )
    return scores


def _partial(general: _General, configs: Mapping[str, Any]) -> str:
    short = []
    for task, config in sorted(configs.items()):
        if not isinstance(config, dict):
            continue
        original, effective = config.get("original_num_docs"), config.get("effective_num_docs")
        if isinstance(original, int) and isinstance(effective, int) and 0 <= effective < original:
            short.append(f"{effective} of {original} items of {task}")
    if general.max_samples is not None:
        return f"limit {general.max_samples}" + (f": {', '.join(short[:5])}" if short else "")
    return ", ".join(short[:5])


def _hashes(found: _Results) -> dict[str, str]:
    hashes: dict[str, object] = {}
    for task, summary in (found.summary_tasks or {}).items():
        inner = summary.get("hashes") if isinstance(summary, dict) else None
        hashes[task] = inner.get("hash_examples") if isinstance(inner, dict) else None
    return by_task(hashes)


def _seconds(text: object) -> float | None:
    try:
        return float(text) if isinstance(text, str | int | float) else None
    except (ValueError, OverflowError):
        return None
