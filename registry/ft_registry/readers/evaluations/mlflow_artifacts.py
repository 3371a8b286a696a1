"""What `mlflow.evaluate` and `mlflow.genai.evaluate` leave behind.

The first writes `metrics.json` and `eval_results_table.json` (pandas' "split"); of the second the
result table is read, as its owner saved it: CSV, JSON or Parquet. The shapes are those of MLflow
3.17's source. What a run has in the tracking server only cannot be read from files.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items, item_id
from ft_registry.evaluations.measurement import MeasuredScore, Measurement
from ft_registry.readers.evaluations.documents import finite, named, parse_leniently, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.rows import columns_of, is_missing, number_in, rows_of
from ft_registry.readers.evaluations.table import ItemTable, check_mean, mean_scores

HARNESS = "mlflow"

_JUDGED = "/value"
_SCORED = "/score"
_SPREADS = ("variance", "std", "p90", "p95", "p99", "min", "max", "median")
_WORDS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "pass": 1.0, "fail": 0.0}
_ASKED = ("request", "inputs", "input", "question", "prompt")
_RIGHT = ("expected_response/value", "target", "targets", "ground_truth", "label", "expectations")
_CAME = ("response", "outputs", "output", "prediction", "predictions")


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is metrics or a table of scores."""
    if _is_metrics(file):
        return True
    names = columns_of(file) if file.kind in {"csv", "json", "parquet", "lines"} else frozenset()
    scored = [name for name in names if name.endswith((_JUDGED, _SCORED))]
    return bool(scored) and "id" not in names


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads metrics, a table, or both.

    Raises:
        Refused: There are several of a kind, or they contradict each other.
    """
    flat = [file for file in files if _is_metrics(file)]
    tables = [file for file in files if file not in flat]
    if len(flat) > 1 or len(tables) > 1:
        raise Refused(
            f"expected the metrics and the table of one run, found {len(flat)} and {len(tables)}",
            hints=["give the artifacts of one run"],
        )
    totals = _totals(flat[0]) if flat else {}
    if not tables:
        return Measurement(
            suite=suite_of([files[0].path.parent.name], otherwise=HARNESS),
            harness=HARNESS,
            scores=tuple(totals.values()),
            notes=("the file has totals only, and does not say of how many items",),
        )
    return _of_table(tables[0], totals)


def _is_metrics(file: EvaluatorFile) -> bool:
    if file.kind != "json" or file.is_array or not any("/" in key for key in file.keys):
        return False
    found = parse_leniently(file.data, what=file.what)
    return all(isinstance(value, int | float) for value in found.values())


def _totals(file: EvaluatorFile) -> dict[str, MeasuredScore]:
    found = {}
    for name, value in parse_leniently(file.data, what=file.what).items():
        if name.rpartition("/")[2] not in _SPREADS:
            metric = named(name, what=f"a metric in {file.path}")
            found[name] = MeasuredScore(
                metric=metric, value=finite(value, what=f"{name} in {file.path}"), n=0
            )
    if not found:
        raise Refused(f"expected metrics in {file.path}, found none")
    return found


def _of_table(file: EvaluatorFile, totals: Mapping[str, MeasuredScore]) -> Measurement:
    table = ItemTable(file.path)
    failed: dict[str, int] = {}
    labels: set[str] = set()
    for index, cells in enumerate(rows_of(file), start=1):
        row = table.add(_content(cells, index))
        for name in ("prompt", "target", "answer"):
            columns = {"prompt": _ASKED, "target": _RIGHT, "answer": _CAME}[name]
            table.text(row, name, _first(cells, columns))
        for column, cell in cells.items():
            base = _base(column)
            if not base:
                continue
            name = next((n for n in (f"{base}/mean", base) if n in totals), f"{base}/mean")
            if is_missing(cell):
                failed[base] = failed.get(base, 0) + bool(cells.get(f"{base}/error_message"))
                table.score(row, named(name, what="the name of a scorer"), math.nan)
            elif (number := _number(cell, f"{column} in row {index} of {file.path}")) is None:
                labels.add(name)
            else:
                table.score(row, named(name, what="the name of a scorer"), number)
    items = table.finish()
    scored = {name: values for name, values in items.scores.items() if name not in labels}
    items = Items(ids=items.ids, scores=scored, texts=items.texts)
    for name, values in scored.items():
        if name in totals:
            check_mean(values, totals[name].value, metric=name, what=file.path)
    means = {score.metric: score for score in mean_scores(items)}
    return Measurement(
        suite=suite_of([file.path.stem], otherwise=HARNESS),
        harness=HARNESS,
        scores=tuple({**totals, **means}.values()),
        items=items,
        partial=", ".join(
            f"{count} of {len(items)} items could not be scored by {name}"
            for name, count in sorted(failed.items())
            if count
        ),
        prompt_digest=table.prompts,
        notes=tuple(f"{name} gives labels, not numbers: left out" for name in sorted(labels)),
    )


def _base(column: str) -> str:
    """Returns the scorer of a column; empty: the column holds no score."""
    for suffix in (_JUDGED, _SCORED):
        # An expectation is what should come, not how good it was.
        if column.endswith(suffix) and not column.startswith("expected_"):
            return column.removesuffix(suffix)
    return ""


def _number(cell: Any, what: str) -> float | None:
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, str) and cell.strip().lower() in _WORDS:
        return _WORDS[cell.strip().lower()]
    return number_in(cell, what=what)


def _content(cells: Mapping[str, Any], index: int) -> str:
    asked, right = _first(cells, _ASKED), _first(cells, _RIGHT)
    return item_id(asked, right) if asked else f"row-{index}"


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((text_of(cells[name]) for name in names if not is_missing(cells.get(name))), "")
