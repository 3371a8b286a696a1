"""OpenAI Evals: the log of a run, lines of JSON with a spec, events and a final report.

The shape is that of `record.py` in evals 3.0.1 and of logs in public repositories.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from ft_registry.errors import Refused
from ft_registry.evaluations.items import item_id
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.readers.evaluations.documents import (
    convert,
    finite,
    finite_or_none,
    kept,
    named,
    parse_leniently,
    text_of,
)
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of, time_of
from ft_registry.readers.evaluations.table import ItemTable, check_mean, mean_scores

HARNESS = "openai-evals"

_ERRORS = ("boostrap_std", "bootstrap_std")  # the first as the program spells it
_MATCH = "accuracy"


class _Spec(msgspec.Struct):
    completion_fns: list[Any] = []
    eval_name: str = ""
    base_eval: str = ""
    run_config: dict[str, Any] | None = None
    run_id: str | None = None
    created_at: str | None = None


class _Line(msgspec.Struct):
    """A line: one of a spec, a report, an event."""

    spec: _Spec | None = None
    final_report: dict[str, Any] | None = None
    run_id: str | None = None
    sample_id: str | int | None = None
    type: str | None = None
    data: Any = None


class _Sample:
    """What the events of one sample say."""

    def __init__(self) -> None:
        self.prompt: Any = None
        self.expected: Any = None
        self.sampled: Any = None
        self.scores: dict[str, list[float]] = {}


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is the log of a run."""
    return file.kind == "lines" and (
        file.keys == {"spec"} or file.keys >= {"run_id", "event_id", "sample_id", "type", "data"}
    )


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one log.

    Raises:
        Refused: There are several, it holds several runs, or the run did not end.
    """
    if len(files) > 1:
        raise Refused(f"expected the log of one run, found {len(files)}")
    file = files[0]
    log = _Log(file)
    for number, line in enumerate(file.lines(), start=1):
        if line.strip():
            where = f"line {number} of {file.path}"
            log.add(convert(parse_leniently(line, what=where), _Line, what=where), where)
    return log.measurement()


class _Log:
    """A log as it is read.

    Args:
        file: The log.
    """

    def __init__(self, file: EvaluatorFile) -> None:
        self._file = file
        self._spec: _Spec | None = None
        self._report: dict[str, Any] | None = None
        self._samples: dict[str, _Sample] = {}
        self._failed: set[str] = set()
        self._runs: set[str] = set()

    def add(self, line: _Line, where: str) -> None:
        if line.run_id:
            self._runs.add(line.run_id)
        if line.spec is not None:
            if self._spec is not None:
                raise Refused(f"expected the log of one run, found another beginning in {where}")
            self._spec = line.spec
            self._runs |= {line.spec.run_id} if line.spec.run_id else set()
        elif line.final_report is not None:
            if self._report is not None:
                raise Refused(f"expected one final report, found another in {where}")
            self._report = line.final_report
        elif line.sample_id is not None and isinstance(line.data, dict):
            self._event(str(line.sample_id), line.type or "", line.data, where)
        if len(self._runs) > 1:
            raise Refused(
                f"expected the log of one run, found the runs {', '.join(sorted(self._runs))[:80]}"
                f" in {self._file.path}"
            )

    def _event(self, name: str, kind: str, data: dict[str, Any], where: str) -> None:
        if kind == "error":
            self._failed.add(name)
            return
        if kind not in {"match", "metrics", "sampling"}:
            return
        sample = self._samples.setdefault(name, _Sample())
        if kind == "sampling":
            # The first call asks the question; a later one may be the judge's.
            if sample.prompt is None:
                sample.prompt, sample.sampled = data.get("prompt"), data.get("sampled")
            return
        if kind == "match":
            sample.expected = data.get("expected")
            if data.get("sampled") is not None:
                sample.sampled = data["sampled"]
        for key, value in data.items():
            if isinstance(value, bool | int | float) and not (kind == "match" and key == "picked"):
                metric = _MATCH if key == "correct" else named(key, what=f"a metric in {where}")
                number = float(value) if isinstance(value, bool) else finite(value, what=where)
                sample.scores.setdefault(metric, []).append(number)

    def measurement(self) -> Measurement:
        spec, report = self._spec or _Spec(), self._report
        if report is None:
            raise Refused(
                f"expected a final report at the end of {self._file.path}, found none",
                hints=["the run was stopped before its end: run oaieval again"],
            )
        table = ItemTable(self._file.path)
        for name, sample in self._samples.items():
            has_content = sample.prompt is not None
            row = (
                table.add(item_id(text_of(sample.prompt), text_of(sample.expected)))
                if has_content
                else table.add_named(name)
            )
            for metric, values in sample.scores.items():
                table.score(row, metric, math.fsum(values) / len(values))
            table.text(row, "prompt", text_of(sample.prompt))
            table.text(row, "target", text_of(sample.expected))
            answer = sample.sampled
            table.text(
                row, "answer", text_of(answer[0] if isinstance(answer, list) and answer else answer)
            )
        items = table.finish() if len(table) else None
        means = {score.metric: score for score in mean_scores(items)} if items is not None else {}
        scores = dict(means)
        error = next((finite_or_none(report[key]) for key in _ERRORS if key in report), None)
        for key, value in report.items():
            if key in _ERRORS or key.startswith("counts/") or not isinstance(value, int | float):
                continue
            number = finite(value, what=f"{key} in the final report of {self._file.path}")
            if items is not None and key in items.scores:
                check_mean(items.scores[key], number, metric=key, what=self._file.path)
            scores[key] = MeasuredScore(
                metric=named(key, what="a metric"),
                value=number,
                n=means[key].n if key in means else 0,
                stderr=error if key == _MATCH and error is not None and error >= 0 else None,
            )
        config = spec.run_config or {}
        limit, seed = config.get("max_samples"), config.get("seed")
        partial = [f"limit {text_of(limit)}"] if limit is not None else []
        if self._failed:
            partial.append(f"{len(self._failed)} samples with errors")
        functions = [text_of(one) for one in spec.completion_fns]
        return Measurement(
            suite=suite_of([spec.eval_name or spec.base_eval or self._file.path.stem]),
            harness=HARNESS,
            scores=tuple(scores.values()),
            items=items,
            claim=Claim(name=functions[0] if functions else ""),
            partial=", ".join(partial),
            prompt_digest=table.prompts,
            settings=kept({"completion_fns": functions if len(functions) > 1 else None}),
            seeds={"seed": seed} if isinstance(seed, int) and abs(seed) < 1 << 53 else {},
            time=time_of(spec.created_at),
        )
