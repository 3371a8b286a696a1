"""EleutherAI's lm-evaluation-harness: `results_*.json` and `samples_*.jsonl`.

The shape is that of 0.4.13, of files that it wrote and of its `result_schema.py`; 0.4.3 was the
first with the hashes that name items.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items, item_id
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.model.canonical import digest
from ft_registry.model.time import timestamp
from ft_registry.readers.evaluations.documents import finite, finite_or_none, kept, named
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.lm_eval_samples import TaskSamples, date_in_name, read_samples
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.table import by_task, check_mean, mean_of, prompts_digest

HARNESS = "lm-eval"

_FIXED = {"name", "alias", "sample_len", "sample_count", "samples"}
_MEANS = {"acc", "acc_norm", "exact_match"}
"""Metrics that are means where the task does not say how it aggregates."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SEEDS = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")


class _Count(msgspec.Struct):
    original: int = 0
    effective: int = 0


class _Config(msgspec.Struct):
    """How it was run."""

    model: str | None = None
    model_args: str | dict[str, Any] | None = None
    model_revision: str | None = None
    model_sha: str | None = None
    peft_sha: str | None = None
    model_dtype: str | None = None
    limit: float | None = None
    gen_kwargs: str | dict[str, Any] | None = None
    random_seed: int | None = None
    numpy_seed: int | None = None
    torch_seed: int | None = None
    fewshot_seed: int | None = None


class _Results(msgspec.Struct):
    """A results file; what is not read is not named."""

    results: dict[str, dict[str, Any]]
    configs: dict[str, dict[str, Any]]
    groups: dict[str, Any] | None = None
    group_subtasks: dict[str, list[str]] | None = None
    versions: dict[str, Any] | None = None
    shots: dict[str, int] | None = msgspec.field(default=None, name="n-shot")
    higher_is_better: dict[str, dict[str, bool | None] | None] | None = None
    counts: dict[str, _Count] | None = msgspec.field(default=None, name="n-samples")
    config: _Config = msgspec.field(default_factory=_Config)
    date: float | None = None
    lm_eval_version: str | None = None
    task_hashes: dict[str, str] | None = None
    model_source: str | None = None
    model_name: str | None = None
    system_instruction_sha: str | None = None
    chat_template_sha: str | None = None
    fewshot_as_multiturn: bool | None = None
    total_evaluation_time_seconds: Any = None


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is a results or a samples file."""
    if file.kind == "json":
        return file.keys >= {"results", "configs", "n-shot"} or file.keys >= {
            "results", "configs", "lm_eval_version"
        }  # fmt: skip
    return file.kind == "lines" and file.keys >= {"doc_id", "doc", "metrics"}


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads the files of one run.

    Raises:
        Refused: They are of several runs, contradict each other, or are incomplete.
    """
    totals = [file for file in files if file.kind == "json"]
    if len(totals) > 1:
        raise Refused(
            f"expected the results of one run, found {len(totals)}: "
            f"{', '.join(sorted(file.path.name for file in totals)[:4])}",
            hints=["name one results file and the samples files of the same date"],
        )
    _check_dates(files)
    gathered = [read_samples(file) for file in files if file.kind == "lines"]
    if not totals:
        return _of_samples(gathered)
    return _of_results(totals[0], gathered)


def _check_dates(files: Sequence[EvaluatorFile]) -> None:
    dates = {date_in_name(file) for file in files} - {""}
    if len(dates) > 1:
        raise Refused(
            f"expected files of one run, found the dates {', '.join(sorted(dates)[:4])} in names",
            hints=["all files of a run bear the same date: give those of one"],
        )


def _of_samples(gathered: Sequence[TaskSamples]) -> Measurement:
    items, tasks = _items({sample.name: sample for sample in gathered}, gathered)
    scores = []
    for task, sample in tasks.items():
        for column, values in sorted(sample.columns.items()):
            metric, _, filter_name = column.partition(",")
            value, count = mean_of(values, what=f"{metric} of {task}")
            scores.append(
                MeasuredScore(
                    metric=metric, value=value, n=count, filter=filter_name,
                    task=task if len(tasks) > 1 else "",
                )
            )  # fmt: skip
    if not scores:
        raise Refused(
            "expected a number for each item, found metrics of all items at once only: "
            f"{', '.join(sorted(gathered[0].pooled))}",
            hints=["give the results file, which holds them"],
        )
    return Measurement(
        suite=suite_of(list(tasks)),
        harness=HARNESS,
        scores=tuple(scores),
        items=items,
        data={task: sample.task_hash for task, sample in tasks.items()},
        prompt_digest=_prompts(items, tasks),
        notes=("scores are the means of the samples: there is no results file to check them by",),
    )


def _of_results(file: EvaluatorFile, gathered: Sequence[TaskSamples]) -> Measurement:
    found = file.document(_Results)
    named_samples = {_task_of(sample, found, file): sample for sample in gathered}
    items, tasks = _items(named_samples, gathered) if gathered else (None, {})
    rows = {name: row for name, row in found.results.items() if _metrics(row)}
    for task, sample in tasks.items():
        _check_count(task, sample, found)
    single = len(rows) == 1
    scores = []
    for task, row in sorted(rows.items()):
        for score in _scores(task, row, found, file):
            if task in tasks:
                _check_score(score, tasks[task], found.configs.get(task) or {})
            scores.append(replace(score, task="") if single else score)
    if not scores:
        raise Refused(f"expected at least one score in {file.path}, found none")
    return Measurement(
        suite=_suite(found, list(rows)),
        harness=HARNESS,
        scores=tuple(scores),
        items=items,
        harness_version=found.lm_eval_version or "",
        claim=_claim(found),
        partial=_partial(found),
        task_versions=by_task(found.versions or {}),
        data=by_task(found.task_hashes or {}),
        prompt_digest=_prompts(items, tasks) if items else "",
        few_shot=dict(found.shots or {}),
        few_shot_digest=_few_shot_digest(found),
        settings=_settings(found),
        seeds={
            name: seed
            for name in _SEEDS
            if (seed := getattr(found.config, name)) is not None and abs(seed) < 1 << 53
        },
        time=_time(found.date),
        seconds=_seconds(found.total_evaluation_time_seconds),
        notes=_notes(tasks),
    )


def _task_of(sample: TaskSamples, found: _Results, file: EvaluatorFile) -> str:
    """Returns the task that samples belong to, by the hash of all their questions."""
    hashes = found.task_hashes or {}
    same = [task for task, value in hashes.items() if value == sample.task_hash]
    if len(same) == 1 or sample.name in same:
        return sample.name if sample.name in same else same[0]
    if hashes.get(sample.name):
        raise Refused(
            f"expected the samples that {file.path} was computed from, found other questions or "
            f"prompts in {sample.file.path}: task hash {hashes[sample.name][:16]} there, "
            f"{sample.task_hash[:16]} here",
            hints=["give the files of one run; a file that was shortened counts as another"],
        )
    if sample.name in found.results and not hashes:
        return sample.name
    raise Refused(
        f"expected samples of a task in {file.path} ({', '.join(sorted(found.results)[:5])}), "
        f"found {sample.file.path}",
        hints=["give the files of one run"],
    )


def _check_count(task: str, sample: TaskSamples, found: _Results) -> None:
    count = (found.counts or {}).get(task)
    if count is not None and count.effective != len(sample.contents):
        raise Refused(
            f"expected {count.effective} samples of {task}, found {len(sample.contents)} in "
            f"{sample.file.path}",
            hints=["the file breaks off, or is of another run"],
        )


def _check_score(score: MeasuredScore, sample: TaskSamples, config: Mapping[str, Any]) -> None:
    values = sample.columns.get(score.column)
    if values is not None and _is_mean(score.metric, config):
        check_mean(values, score.value, metric=score.column, what=sample.file.path)


def _is_mean(metric: str, config: Mapping[str, Any]) -> bool:
    declared = config.get("metric_list")
    for entry in declared if isinstance(declared, list) else []:
        if isinstance(entry, dict) and entry.get("metric") == metric and "aggregation" in entry:
            return bool(entry["aggregation"] == "mean")
    return metric in _MEANS


def _metrics(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the metrics of a task by ``metric,filter``, without their standard errors."""
    return {
        key: value
        for key, value in row.items()
        if key not in _FIXED and "_stderr" not in key and key.partition(",")[0].strip()
    }


def _scores(
    task: str, row: Mapping[str, Any], found: _Results, file: EvaluatorFile
) -> list[MeasuredScore]:
    count = (found.counts or {}).get(task)
    length = row.get("sample_len")
    better = ((found.higher_is_better or {}).get(task)) or {}
    scores = []
    for key, value in sorted(_metrics(row).items()):
        metric, _, filter_name = key.partition(",")
        stderr = row.get(f"{metric}_stderr,{filter_name}" if filter_name else f"{metric}_stderr")
        error = finite_or_none(stderr)  # "N/A" where there is none
        scores.append(
            MeasuredScore(
                metric=named(metric, what=f"a metric in {file.path}"),
                value=finite(value, what=f"{metric} of {task} in {file.path}"),
                n=max(count.effective if count else length if isinstance(length, int) else 0, 0),
                filter="" if filter_name in {"none", ""} else filter_name,
                task=named(task, what=f"a task in {file.path}"),
                stderr=error if error is not None and error >= 0 else None,
                higher_is_better=better.get(metric),
            )
        )
    return scores


def _items(
    samples: Mapping[str, TaskSamples], gathered: Sequence[TaskSamples]
) -> tuple[Items, dict[str, TaskSamples]]:
    if len(samples) < len(gathered):
        raise Refused(
            "expected one samples file a task, found two of the same: "
            f"{', '.join(sorted(sample.file.path.name for sample in gathered)[:4])}",
            hints=["give the files of one run"],
        )
    tasks = dict(sorted(samples.items()))
    ids: list[str] = []
    seen: set[str] = set()
    for task, sample in tasks.items():
        for content in sample.contents:
            base = name = item_id(task, content)
            copy = 1
            while name in seen:
                copy += 1
                name = f"{base}-{copy}"
            seen.add(name)
            ids.append(name)
    parts = list(tasks.values())
    columns = sorted({column for sample in parts for column in sample.columns})
    texts = sorted({name for sample in parts for name in sample.texts})
    several = len(tasks) > 1
    return (
        Items(
            ids=ids,
            scores={
                column: np.concatenate(
                    [
                        sample.columns.get(column, np.full(len(sample.contents), math.nan))
                        for sample in parts
                    ]
                )
                for column in columns
            },
            tasks=[task for task, part in tasks.items() for _ in part.contents]
            if several
            else None,
            texts={
                name: [
                    text
                    for sample in parts
                    for text in sample.texts.get(name) or [""] * len(sample.contents)
                ]
                for name in texts
            },
        ),
        tasks,
    )


def _prompts(items: Items, tasks: Mapping[str, TaskSamples]) -> str:
    return prompts_digest(items.ids, [one for sample in tasks.values() for one in sample.prompts])


def _notes(tasks: Mapping[str, TaskSamples]) -> tuple[str, ...]:
    return tuple(
        f"{column} of {task} is computed from all items at once: no item has a score of its own"
        for task, sample in tasks.items()
        for column in sorted(sample.pooled)
    )


def _suite(found: _Results, tasks: Sequence[str]) -> str:
    """Returns the group that all tasks belong to, else their names."""
    subtasks = found.group_subtasks or {}
    inner = {name for names in subtasks.values() for name in names}
    outer = [name for name in subtasks if subtasks[name] and name not in inner]
    if len(outer) == 1 and all(task == outer[0] or task in inner for task in tasks):
        return suite_of(outer)
    return suite_of(sorted(tasks))


def _partial(found: _Results) -> str:
    short = [
        f"{count.effective} of {count.original} items of {task}"
        for task, count in sorted((found.counts or {}).items())
        if count.effective < count.original
    ]
    if found.config.limit is not None:
        return f"limit {found.config.limit:g}" + (f": {', '.join(short[:5])}" if short else "")
    return ", ".join(short[:5])


def _arguments(given: str | Mapping[str, Any] | None) -> dict[str, str]:
    if isinstance(given, str):
        pairs = (part.partition("=") for part in given.split(","))
        return {key.strip(): value.strip() for key, _, value in pairs if value}
    return {key: value for key, value in (given or {}).items() if isinstance(value, str)}


def _claim(found: _Results) -> Claim:
    arguments = _arguments(found.config.model_args)
    names = (arguments.get(key) for key in ("pretrained", "model", "path", "engine"))
    shas = (found.config.model_sha, found.config.peft_sha)
    return Claim(
        name=next(filter(None, names), None) or found.model_name or found.config.model or "",
        adapter=arguments.get("peft", ""),
        revision=found.config.model_revision or arguments.get("revision", ""),
        digests=tuple(sha for sha in shas if sha),
    )


def _few_shot_digest(found: _Results) -> str:
    if not any((found.shots or {}).values()):
        return ""
    chosen = {
        # Functions are written with the address at which they happened to lie.
        task: _ADDRESS.sub("", str(config.get("fewshot_config")))
        for task, config in found.configs.items()
        if isinstance(config, dict)
    }
    seed = found.config.fewshot_seed
    return digest([chosen, None if seed is None else str(seed), found.fewshot_as_multiturn])


def _settings(found: _Results) -> dict[str, object]:
    generation = {
        task: config["generation_kwargs"]
        for task, config in found.configs.items()
        if isinstance(config, dict) and config.get("generation_kwargs")
    }
    return kept(
        {
            "model": found.model_source or found.config.model,
            "model_dtype": found.config.model_dtype,
            "gen_kwargs": found.config.gen_kwargs,
            "generation_kwargs": generation,
            "chat_template_sha": found.chat_template_sha,
            "system_instruction_sha": found.system_instruction_sha,
            "fewshot_as_multiturn": found.fewshot_as_multiturn,
        }
    )


def _time(seconds: float | None) -> str:
    try:
        return "" if seconds is None else timestamp(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return ""


def _seconds(text: object) -> float | None:
    try:
        number = float(text) if isinstance(text, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) and number >= 0 else None
