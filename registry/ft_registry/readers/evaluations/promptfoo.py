"""promptfoo's JSON output: `promptfoo eval -o results.json`.

The shape is that of `src/types/index.ts` (summaries of version 2 and 3) and of output files in its
repository. It has one row for each test, provider and prompt; a version is one of the latter two.
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
from ft_registry.readers.evaluations.names import suite_of, time_of
from ft_registry.readers.evaluations.table import ItemTable, mean_scores, text_digest

HARNESS = "promptfoo"

_FAILED = 2
"""`ResultFailureReason.ERROR`: the model could not be asked, so that nothing was measured."""


class _Tokens(msgspec.Struct):
    completion: float | None = None


class _Stats(msgspec.Struct):
    successes: int = 0
    failures: int = 0
    errors: int = 0


class _Response(msgspec.Struct):
    output: Any = None
    cached: bool | None = None


class _Test(msgspec.Struct):
    asserted: list[Any] | None = msgspec.field(default=None, name="assert")
    description: str | None = None
    metadata: dict[str, Any] | None = None


class _Row(msgspec.Struct):
    """A test that was run."""

    success: bool
    score: Any = None
    vars: dict[str, Any] | None = None
    provider: Any = None
    prompt: Any = None
    response: _Response | None = None
    error: Any = None
    failure: int | None = msgspec.field(default=None, name="failureReason")
    named_scores: dict[str, Any] | None = msgspec.field(default=None, name="namedScores")
    latency: float | None = msgspec.field(default=None, name="latencyMs")
    cost: float | None = None
    tokens: _Tokens | None = msgspec.field(default=None, name="tokenUsage")
    test: _Test | None = msgspec.field(default=None, name="testCase")


class _Summary(msgspec.Struct):
    results: list[_Row]
    timestamp: str | None = None
    stats: _Stats | None = None


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is an output of promptfoo."""
    if file.kind != "json" or file.is_array:
        return False
    return file.keys >= {"evalId", "results"} or (
        file.keys >= {"results", "stats", "version"} and "eval" not in file.keys
    )


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one output.

    Raises:
        Refused: There are several, it compares providers or prompts, or it contradicts itself.
    """
    if len(files) > 1:
        raise Refused(f"expected one output of promptfoo, found {len(files)}")
    file = files[0]
    whole = file.document(dict[str, Any])
    inner = whole["results"] if isinstance(whole["results"], dict) else whole
    found = convert(inner, _Summary, what=file.what)
    _check_one(found, file)
    table = ItemTable(file.path)
    errors = 0
    for row in found.results:
        errors += _add(table, row, file)
    items = table.finish()
    _check_stats(found, errors, file)
    costs = [row.cost for row in found.results if row.cost is not None]
    config = whole.get("config") if isinstance(whole.get("config"), dict) else {}
    metadata = whole.get("metadata") if isinstance(whole.get("metadata"), dict) else {}
    prompt = _prompt(found.results[0])
    return Measurement(
        suite=suite_of([text_of((config or {}).get("description")) or file.path.stem]),
        harness=HARNESS,
        scores=mean_scores(items),
        items=items,
        harness_version=text_of((metadata or {}).get("promptfooVersion")),
        claim=Claim(name=_provider(found.results[0])),
        partial=f"{errors} of {len(items)} tests could not be run" if errors else "",
        prompt_digest=table.prompts,
        settings=kept({"prompt_sha256": text_digest(prompt) if prompt else ""}),
        time=time_of(found.timestamp),
        cost=math.fsum(costs) if costs else None,
    )


def _check_one(found: _Summary, file: EvaluatorFile) -> None:
    if not found.results:
        raise Refused(
            f"expected tests that were run in {file.path}, found none",
            hints=["an output that was shortened or filtered has none: run it again"],
        )
    models = {_provider(row) for row in found.results}
    if len(models) > 1:
        raise Refused(
            f"expected one provider in {file.path}, found {', '.join(sorted(models)[:4])}",
            hints=["promptfoo eval --filter-providers NAME"],
        )
    prompts = {_template(row) for row in found.results} - {""}
    if len(prompts) > 1:
        raise Refused(
            f"expected one prompt in {file.path}, found {len(prompts)}",
            hints=["each prompt is a way to ask of its own: give one at a time"],
        )


def _add(table: ItemTable, row: _Row, file: EvaluatorFile) -> bool:
    asserted = [
        [text_of(one.get("type")), text_of(one.get("value"))]
        for one in (row.test.asserted if row.test else None) or []
        if isinstance(one, dict)
    ]
    asked = text_of(row.vars) if row.vars else _prompt(row)
    number = table.add(item_id(asked, asserted))
    failed = row.failure == _FAILED or (
        row.failure is None and bool(row.error) and not row.response
    )
    table.score(number, "pass", math.nan if failed else float(row.success))
    where = f"test {number + 1} of {file.path}"
    if row.score is not None:
        table.score(number, "score", math.nan if failed else finite(row.score, what=where))
    for name, value in (row.named_scores or {}).items():
        metric = named(name, what=f"a metric in {where}")
        if metric in {"pass", "score"}:
            metric = f"named/{metric}"
        if value is not None and not failed:
            table.score(number, metric, finite(value, what=f"{name} of {where}"))
    table.text(number, "prompt", _prompt(row))
    table.text(number, "target", "; ".join(value for _, value in asserted if value))
    table.text(number, "answer", text_of(row.response.output) if row.response else "")
    cached = row.response is not None and row.response.cached
    # What came from a cache says nothing of how long the model takes.
    table.number(number, "latency", row.latency / 1000 if row.latency and not cached else None)
    table.number(number, "cost", row.cost)
    table.number(number, "tokens", row.tokens.completion if row.tokens and not cached else None)
    return failed


def _check_stats(found: _Summary, errors: int, file: EvaluatorFile) -> None:
    stats = found.stats
    if stats is None:
        return
    passed = sum(row.success for row in found.results)
    total = stats.successes + stats.failures + stats.errors
    if (passed, len(found.results)) != (stats.successes, total):
        raise Refused(
            f"expected {stats.successes} of {total} tests to pass as the stats of {file.path} "
            f"say, found {passed} of {len(found.results)}",
            hints=["the file was shortened, or put together from several: run it again"],
        )
    if stats.errors and not errors:
        raise Refused(f"expected {stats.errors} tests with errors in {file.path}, found none")


def _provider(row: _Row) -> str:
    provider = row.provider
    return text_of(provider.get("id")) if isinstance(provider, dict) else text_of(provider)


def _prompt(row: _Row) -> str:
    return text_of(row.prompt.get("raw")) if isinstance(row.prompt, dict) else text_of(row.prompt)


def _template(row: _Row) -> str:
    """Returns what names the prompt before variables are filled in."""
    return text_of(row.prompt.get("label")) if isinstance(row.prompt, dict) else ""
