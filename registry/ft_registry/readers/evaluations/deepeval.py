"""DeepEval's test runs: `.deepeval/.latest_run_full.json`, or files of `DEEPEVAL_RESULTS_FOLDER`.

The shape is that of 4.3's source (`TestRun`, `LLMApiTestCase`, `MetricData`); it was not run.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from ft_registry.errors import Refused
from ft_registry.evaluations.items import item_id
from ft_registry.evaluations.measurement import Claim, Measurement
from ft_registry.readers.evaluations.documents import convert, finite, kept, named, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.table import ItemTable, check_mean, mean_scores

HARNESS = "deepeval"


class _Metric(msgspec.Struct):
    name: str
    score: Any = None
    success: bool | None = None
    error: str | None = None


class _Case(msgspec.Struct, rename="camel"):
    input: Any = None
    actual_output: Any = None
    expected_output: Any = None
    expected_outcome: Any = None
    scenario: Any = None
    turns: list[Any] | None = None
    success: bool | None = None
    metrics_data: list[_Metric] | None = None
    token_cost: float | None = None
    output_token_count: float | None = None
    completion_time: float | None = None
    tags: list[str] | None = None


class _Totals(msgspec.Struct):
    metric: str
    scores: list[Any]
    errors: int = 0


class _Run(msgspec.Struct, rename="camel"):
    """A test run."""

    test_cases: list[_Case] = []
    conversational_test_cases: list[_Case] = []
    metrics_scores: list[_Totals] = []
    test_file: str | None = None
    identifier: str | None = None
    hyperparameters: dict[str, Any] | None = None
    run_duration: float | None = None
    evaluation_cost: float | None = None
    dataset_alias: str | None = None
    dataset_version: str | None = None


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is a test run."""
    return file.kind == "json" and (
        "testRunData" in file.keys
        or ("testCases" in file.keys and bool(file.keys & {"metricsScores", "runDuration"}))
    )


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one test run.

    Raises:
        Refused: There are several, or one contradicts itself.
    """
    if len(files) > 1:
        raise Refused(f"expected one test run of DeepEval, found {len(files)}")
    file = files[0]
    whole = file.document(dict[str, Any])
    found = convert(whole.get("testRunData", whole), _Run, what=file.what)
    table = ItemTable(file.path)
    failed = 0
    for case in (*found.test_cases, *found.conversational_test_cases):
        failed += _add(table, case, file)
    items = table.finish()
    for total in found.metrics_scores:
        scores = [finite(one, what=f"{total.metric} in {file.path}") for one in total.scores]
        if scores and total.metric in items.scores:
            mean = math.fsum(scores) / len(scores)
            check_mean(items.scores[total.metric], mean, metric=total.metric, what=file.path)
    settings = found.hyperparameters or {}
    suite = found.dataset_alias or found.identifier or found.test_file or file.path.stem.strip(".")
    return Measurement(
        suite=suite_of([suite.removesuffix(".py")]),
        harness=HARNESS,
        scores=mean_scores(items),
        items=items,
        claim=Claim(name=text_of(settings.get("model"))),
        partial=f"{failed} of {len(items)} test cases have metrics with errors" if failed else "",
        data={suite: f"{found.dataset_alias}@{found.dataset_version or ''}".rstrip("@")}
        if found.dataset_alias
        else {},
        prompt_digest=table.prompts,
        settings=kept(settings),
        seconds=found.run_duration or None,
        cost=found.evaluation_cost,
    )


def _add(table: ItemTable, case: _Case, file: EvaluatorFile) -> bool:
    asked = text_of(case.input) or text_of(case.scenario) or _turns(case, "user")
    right = text_of(case.expected_output) or text_of(case.expected_outcome)
    row = table.add(item_id(asked, right))
    table.text(row, "prompt", asked)
    table.text(row, "target", right)
    table.text(row, "answer", text_of(case.actual_output) or _turns(case, "assistant"))
    table.number(row, "tokens", case.output_token_count)
    table.number(row, "latency", case.completion_time)
    table.number(row, "cost", case.token_cost)
    if case.success is not None:
        table.score(row, "success", float(case.success))
    seen = set()
    for metric in case.metrics_data or []:
        name = named(metric.name, what=f"a metric in {file.path}")
        if name in seen:
            raise Refused(
                f"expected each metric once in test case {row + 1} of {file.path}, found {name!r} "
                "again",
                hints=["give two metrics of one kind different names"],
            )
        seen.add(name)
        if metric.score is not None and not metric.error:
            what = f"{name} of test case {row + 1} in {file.path}"
            table.score(row, name, finite(metric.score, what=what))
    return any(metric.error for metric in case.metrics_data or [])


def _turns(case: _Case, role: str) -> str:
    return "\n\n".join(
        text_of(turn.get("content"))
        for turn in case.turns or []
        if isinstance(turn, dict) and turn.get("role") == role
    )
