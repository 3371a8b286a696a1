"""Inspect's logs: `.eval` archives and `.json`, in the shape of their version 2.

That is inspect_ai 0.3.43 to 0.3.285: files of its own tests, logs that 0.3.285 wrote with its mock
model, and its source where neither had a case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.model.time import moment
from ft_registry.readers.evaluations.documents import (
    convert,
    finite,
    finite_or_none,
    kept,
    named,
    parse,
    parse_leniently,
    shown,
    text_of,
)
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.inspect_samples import GatheredSamples, Sample
from ft_registry.readers.evaluations.names import suite_of, time_of
from ft_registry.readers.evaluations.table import by_task, check_mean, mean_scores
from ft_registry.readers.evaluations.zstd_zip import ZstdZip

HARNESS = "inspect"

_ERRORS = {"stderr", "std", "var", "bootstrap_stderr", "bootstrap_std"}
"""Metrics that say how sure the others are."""
_MEANS = {"accuracy", "mean"}
_RUN_HERE = ("hf", "vllm", "sglang", "ollama", "llama-cpp-python", "transformer_lens", "mockllm")
"""Providers of models that one runs oneself. A service's name stays: it is another model there."""
_TRAFFIC = ("max_connections", "max_retries", "timeout", "attempt_timeout", "batch")
"""Settings of calls that change no score."""


class _Dataset(msgspec.Struct):
    name: str | None = None
    location: str | None = None
    samples: int | None = None
    shuffled: bool | None = None


class _Config(msgspec.Struct):
    limit: Any = None
    sample_id: Any = None
    epochs: int | None = None
    epochs_reducer: list[str] | None = None


class _Eval(msgspec.Struct):
    """What was run."""

    task: str
    model: str
    task_version: Any = None
    created: str | None = None
    dataset: _Dataset = msgspec.field(default_factory=_Dataset)
    model_args: dict[str, Any] | None = None
    model_generate_config: dict[str, Any] | None = None
    task_args: dict[str, Any] | None = None
    config: _Config = msgspec.field(default_factory=_Config)
    packages: dict[str, Any] | None = None


class _Metric(msgspec.Struct):
    name: str
    value: Any = None


class _Score(msgspec.Struct):
    name: str
    metrics: dict[str, _Metric]
    scorer: str | None = None
    reducer: str | None = None
    scored_samples: int | None = None


class _Results(msgspec.Struct):
    total_samples: int = 0
    completed_samples: int = 0
    scores: list[_Score] = []


class _Stats(msgspec.Struct):
    started_at: str | None = None
    completed_at: str | None = None


class _Error(msgspec.Struct):
    message: str = ""


class _Plan(msgspec.Struct):
    config: dict[str, Any] | None = None


class _Header(msgspec.Struct):
    """A log without its samples."""

    status: str
    eval: _Eval
    plan: _Plan | None = None
    results: _Results | None = None
    stats: _Stats | None = None
    error: _Error | None = None
    invalidated: bool = False


class _Log(_Header):
    """A log in one file."""

    samples: list[Sample] | None = None


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is a log of Inspect."""
    if file.kind == "zip":
        with ZstdZip(file.path) as archive:
            return any(name in {"header.json", "_journal/start.json"} for name in archive.names)
    return file.kind == "json" and file.keys >= {"status", "eval", "plan"}


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one log.

    Raises:
        Refused: There are several, the run failed, or the log was declared invalid.
    """
    if len(files) > 1:
        raise Refused(
            f"expected one log of Inspect, found {len(files)}: "
            f"{', '.join(sorted(file.path.name for file in files)[:4])}",
            hints=["each log is the run of one task: give one at a time"],
        )
    file = files[0]
    if file.kind == "json":
        log = file.document(_Log)
        _check_status(log, file)
        return _measurement(log, log.samples or [], file)
    with ZstdZip(file.path) as archive:
        if "header.json" not in archive.names:
            raise Refused(
                f"expected a finished log in {file.path}, found one without header.json",
                hints=["the run was stopped before its end: inspect eval-retry runs the rest"],
            )
        where = f"the header of {file.path}"
        header = convert(
            parse_leniently(archive.read("header.json"), what=where), _Header, what=where
        )
        _check_status(header, file)
        samples = (
            parse(archive.read(name), Sample, what=f"{name} of {file.path}")
            for name in archive.names
            if name.startswith("samples/") and name.endswith(".json")
        )
        return _measurement(header, samples, file)


def _check_status(header: _Header, file: EvaluatorFile) -> None:
    if header.invalidated:
        raise Refused(
            f"expected a valid log, found one that was declared invalid: {file.path}",
            hints=["evaluate again"],
        )
    done = header.status == "success" or (header.status == "cancelled" and header.results)
    if not done:
        reason = header.error.message if header.error else ""
        raise Refused(
            f"expected a run that ended well in {file.path}, found status {shown(header.status)}"
            + (f": {' '.join(reason.split())[:200]}" if reason else ""),
            hints=["inspect eval-retry runs what is missing"],
        )


def _measurement(header: _Header, samples: Iterable[Sample], file: EvaluatorFile) -> Measurement:
    about = header.eval
    gathered = GatheredSamples(file)
    for sample in samples:
        gathered.add(sample)
    items = gathered.finish()
    results = header.results or _Results()
    totals = [score for found in results.scores for score in _totals(found, file)]
    if items is not None:
        items = _named_alike(items, totals, file)
    scores = [replace(score, n=score.n or len(items or ())) for score, _ in totals] or list(
        mean_scores(items) if items is not None else ()
    )
    stats = header.stats or _Stats()
    start, end = time_of(stats.started_at), time_of(stats.completed_at)
    generation: dict[str, object] = {
        **((header.plan.config if header.plan else None) or {}),
        **(about.model_generate_config or {}),
    }
    # Of these two only: a key of an API may be among them.
    arguments = about.model_args or {}
    epochs = about.config.epochs or 1
    seed = generation.pop("seed", None)
    for name in _TRAFFIC:
        generation.pop(name, None)
    return Measurement(
        suite=suite_of([about.task]),
        harness=HARNESS,
        scores=tuple(scores),
        items=items,
        harness_version=text_of((about.packages or {}).get("inspect_ai")),
        claim=Claim(
            name=text_of(arguments.get("model_path")) or _without_provider(about.model),
            adapter=text_of(arguments.get("adapter_path") or arguments.get("lora_path")),
            revision=text_of(arguments.get("revision")),
        ),
        partial=_partial(header, gathered),
        task_versions={about.task: text_of(about.task_version)} if about.task_version else {},
        data=by_task({about.task: about.dataset.location or about.dataset.name}),
        prompt_digest=gathered.table.prompts,
        settings=kept(
            {
                **generation,
                "task_args": about.task_args,
                "epochs": epochs if epochs > 1 else None,
                "epochs_reducer": about.config.epochs_reducer if epochs > 1 else None,
            }
        ),
        seeds={"seed": seed} if isinstance(seed, int) and abs(seed) < 1 << 53 else {},
        time=end or time_of(about.created),
        seconds=(moment(end) - moment(start)).total_seconds() if start and end else None,
        notes=tuple(gathered.notes),
    )


def _without_provider(model: str) -> str:
    """Returns what a model is called where it runs: ``hf/acme/tiny`` is ``acme/tiny`` there."""
    provider, _, name = model.partition("/")
    return name if name and provider in _RUN_HERE else model


def _totals(found: _Score, file: EvaluatorFile) -> list[tuple[MeasuredScore, str]]:
    """Returns the metrics of a score, each with the name of the items that it is the mean of."""
    error = next(
        (finite_or_none(one.value) for key, one in found.metrics.items() if _last(key) == "stderr"),
        None,
    )
    reducer = found.reducer if found.reducer not in {None, "mean", "avg"} else None
    totals = []
    for key, metric in sorted(found.metrics.items()):
        label = _last(key)
        if label in _ERRORS:
            continue
        is_mean = label in _MEANS
        score = MeasuredScore(
            metric=named(f"{found.name}/{label}", what=f"a metric in {file.path}"),
            value=finite(metric.value, what=f"{label} of {found.name} in {file.path}"),
            n=max(found.scored_samples or 0, 0),
            filter=reducer or "",
            stderr=error if is_mean and error is not None and error >= 0 else None,
        )
        totals.append((score, found.name if is_mean and not reducer else ""))
    return totals


def _named_alike(
    items: Items, totals: Sequence[tuple[MeasuredScore, str]], file: EvaluatorFile
) -> Items:
    """Returns the items with columns that are named as the totals that are their means.

    Raises:
        Refused: A total is not the mean of its items.
    """
    columns = dict(items.scores)
    for score, name in totals:
        if (values := columns.pop(name, None)) is not None:
            check_mean(values, score.value, metric=score.metric, what=file.path)
            columns[score.column] = values
    return replace(items, scores=dict(sorted(columns.items())))


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _partial(header: _Header, gathered: GatheredSamples) -> str:
    about, results = header.eval, header.results
    reasons = []
    if about.config.limit is not None:
        limit = about.config.limit
        reasons.append(f"limit {limit if isinstance(limit, int) else text_of(limit)}")
    if about.config.sample_id is not None:
        reasons.append("chosen samples only")
    if results is not None and results.completed_samples < results.total_samples:
        reasons.append(f"{results.completed_samples} of {results.total_samples} samples completed")
    total = about.dataset.samples
    if total is not None and gathered.count and gathered.count < total and not reasons:
        reasons.append(f"{gathered.count} of {total} items")
    if header.status == "cancelled":
        reasons.append("the run was cancelled")
    return ", ".join(reasons)
