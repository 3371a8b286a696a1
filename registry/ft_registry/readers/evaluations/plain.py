"""Scored items of evaluators that we do not know, in the plainest shapes: JSONL, JSON, CSV.

An item has an ``id``, a number for each metric, and may have what `Items` has. All items have the
same metrics, and nothing is guessed: a score that is no number is refused.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ft_registry.errors import IntegrityError, Refused
from ft_registry.evaluations.items import NUMBERS, TEXTS, Items
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.model.canonical import parse_json
from ft_registry.readers.evaluations.documents import finite, named, shown, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of, time_of
from ft_registry.readers.evaluations.rows import columns_of, number_in, rows_of
from ft_registry.readers.evaluations.table import ItemTable, check_mean, mean_of, mean_scores

HARNESS = "items"

_PARTS = ("id", "task", "cluster", "slices", *TEXTS, *NUMBERS)
_SCORE_PARTS = {"value", "n", "stderr", "higher_is_better"}
_DOCUMENT_PARTS = {"suite", "model", "time", "scores", "items"}


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is lines, an array, a table or a document of items."""
    if file.kind in {"lines", "csv"}:
        return "id" in (columns_of(file) if file.kind == "csv" else file.keys)
    return file.kind == "json" and (
        ("id" in file.keys)
        if file.is_array
        else bool(file.keys & {"scores", "items"}) and file.keys <= _DOCUMENT_PARTS
    )


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads the items of one suite.

    Raises:
        Refused: There are several files, or one is wrong: where, and what is wrong with it.
    """
    if len(files) > 1:
        raise Refused(
            f"expected one file of items, found {len(files)}: "
            f"{', '.join(sorted(file.path.name for file in files)[:4])}",
            hints=["each suite is a file of its own"],
        )
    file = files[0]
    suite = suite_of([file.path.stem])
    if file.kind == "json":
        return _document(file, suite)
    items = _items(_lines(file) if file.kind == "lines" else _csv(file), file)
    return _measured(items, suite)


def _measured(items: ItemTable, suite: str) -> Measurement:
    finished = items.finish()
    return Measurement(
        suite=suite,
        harness=HARNESS,
        scores=mean_scores(finished),
        items=finished,
        prompt_digest=items.prompts,
    )


def _lines(file: EvaluatorFile) -> Iterator[tuple[dict[str, Any], str]]:
    for number, line in enumerate(file.lines(), start=1):
        if line.strip():
            where = f"{file.path}, line {number}"
            yield _strict(line, where), where


def _strict(data: bytes, where: str) -> Any:
    try:
        return parse_json(data, what=where)
    except IntegrityError as error:
        raise Refused(error.message) from error


def _items(rows: Iterator[tuple[Any, str]], file: EvaluatorFile) -> ItemTable:
    table = ItemTable(file.path)
    columns: set[str] = set()
    for item, where in rows:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
            raise Refused(
                f"expected an object with an id in {where}, found {shown(item)}",
                hints=['for example {"id": "q1", "exact_match": 1}'],
            )
        row = table.add_named(item["id"], task=_text(item, "task", where))
        metrics = _metrics(item, where)
        if row and set(metrics) != columns:
            raise _unlike(item, columns, set(metrics), where)
        columns = set(metrics)
        for name, value in metrics.items():
            table.score(row, name, value)
        for name in TEXTS:
            table.text(row, name, text_of(item.get(name)))
        for name in NUMBERS:
            if item.get(name) is not None:
                table.number(row, name, finite(item[name], what=f"{name} in {where}"))
        if cluster := _text(item, "cluster", where):
            table.cluster(row, cluster)
        slices = item.get("slices") or {}
        if not isinstance(slices, dict):
            raise Refused(f"expected slices as an object in {where}, found {shown(slices)}")
        for name, value in slices.items():
            table.slice(row, name, text_of(value))
    return table


def _unlike(item: Mapping[str, Any], before: set[str], here: set[str], where: str) -> Refused:
    """Returns the error of an item that has other metrics than those before it."""
    hint = "all items have the same metrics; a field of texts holds a text in every item"
    damaged = sorted(name for name in before - here if item.get(name) is not None)
    if damaged:
        return Refused(
            f"expected a number as {damaged[0]} in {where}, as in the items before it, found "
            f"{shown(item[damaged[0]])}",
            hints=[hint],
        )
    return Refused(
        f"expected the same metrics in every item, found a difference in {where}: "
        f"{', '.join(sorted(before ^ here))}",
        hints=[hint],
    )


def _text(item: Mapping[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    return "" if value in (None, "") else named(value, what=f"the {name} in {where}")


def _metrics(item: Mapping[str, Any], where: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in item.items():
        # A bool is an int in Python: `finite` refuses it, so that it does not become a number.
        if name in _PARTS or not isinstance(value, int | float):
            continue
        found[named(name, what=f"a metric in {where}")] = finite(value, what=f"{name} in {where}")
    if not found:
        raise Refused(
            f"expected at least one score in {where}, found none",
            hints=["a score is a field with a number"],
        )
    return found


def _csv(file: EvaluatorFile) -> Iterator[tuple[dict[str, Any], str]]:
    rows = list(rows_of(file))
    if not rows:
        return
    for name in rows[0]:
        if not name.strip():
            raise Refused(f"expected a name for each column of {file.path}, found none")
        if name in {"id", "task", "cluster", *TEXTS} or name.startswith("slices."):
            continue
        numbers = [
            number_in(row[name], what=f"{name} in row {index} of {file.path}")
            for index, row in enumerate(rows, start=1)
        ]
        missing = [index for index, number in enumerate(numbers, start=1) if number is None]
        if name in NUMBERS:  # not every item has one
            missing = [index for index in missing if rows[index - 1][name].strip()]
        elif len(missing) == len(numbers):
            continue  # texts
        if missing:
            raise Refused(
                f"expected a number as {name} in row {missing[0]} of {file.path}, found "
                f"{shown(rows[missing[0] - 1][name])}",
                hints=["all items have the same metrics; name texts prompt, target or answer"],
            )
        for row, number in zip(rows, numbers, strict=True):
            row[name] = number
    for index, row in enumerate(rows, start=1):
        slices = {
            name.removeprefix("slices."): value
            for name, value in row.items()
            if name.startswith("slices.") and value
        }
        yield {**row, "slices": slices}, f"row {index} of {file.path}"


def _document(file: EvaluatorFile, suite: str) -> Measurement:
    found = _strict(file.data, file.what)
    if isinstance(found, list):
        return _measured(_items(_numbered(found, file), file), suite)
    given = found.get("items")
    if given is not None and not isinstance(given, list):
        raise Refused(f"expected items as an array in {file.path}, found {shown(given)}")
    table = _items(_numbered(given or [], file), file)
    items = table.finish() if given else None
    stated = found.get("scores")
    if stated is not None and not isinstance(stated, dict):
        raise Refused(f"expected scores as an object in {file.path}, found {shown(stated)}")
    scores = {(score.task, score.metric): score for score in (mean_scores(items) if items else ())}
    for name, value in (stated or {}).items():
        score = _score(name, value, file)
        if items is not None:
            score = _held(score, items, file)
        scores[score.task, score.metric] = score
    return Measurement(
        suite=suite_of([text_of(found.get("suite")) or suite]),
        harness=HARNESS,
        scores=tuple(scores.values()),
        items=items,
        claim=Claim(name=text_of(found.get("model"))),
        prompt_digest=table.prompts if given else "",
        time=time_of(found.get("time")),
    )


def _held(score: MeasuredScore, items: Items, file: EvaluatorFile) -> MeasuredScore:
    """Returns a total that is stated beside items, with the task and the number that it is of.

    Raises:
        Refused: It contradicts them.
    """
    tasks = np.array(items.tasks or [""] * len(items))
    names = sorted(set(tasks.tolist()))
    task, metric = names[0] if len(names) == 1 else "", score.metric
    for name in names:
        inside = metric.removeprefix(f"{name}.")
        if name and metric not in items.scores and inside in items.scores:
            task, metric = name, inside
    if metric not in items.scores:  # a total of its own, of all items or of some
        if score.n > len(items):
            raise _miscounted(score, len(items), file)
        return score
    column = items.scores[metric]
    parts = [column[tasks == name] for name in names]
    held = column[tasks == task] if task else column
    if score.n not in (0, len(held)):
        raise _miscounted(score, len(held), file)
    of_tasks = math.fsum(mean_of(part, what=metric)[0] for part in parts) / len(parts)
    if task or not math.isclose(of_tasks, score.value, rel_tol=1e-6, abs_tol=1e-6):
        check_mean(held, score.value, metric=score.metric, what=file.path)
    return replace(score, task=task, metric=metric, n=len(held))


def _miscounted(score: MeasuredScore, count: int, file: EvaluatorFile) -> Refused:
    return Refused(
        f"expected {score.metric} in {file.path} to be of its {count} items, found n={score.n}",
        hints=["leave n away: the items are counted"],
    )


def _numbered(items: Sequence[Any], file: EvaluatorFile) -> Iterator[tuple[Any, str]]:
    return ((item, f"item {number} of {file.path}") for number, item in enumerate(items, start=1))


def _parts(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"value": value}


def _score(name: str, value: Any, file: EvaluatorFile) -> MeasuredScore:
    parts = _parts(value)
    if unknown := sorted(set(parts) - _SCORE_PARTS):
        raise Refused(
            f"expected value, n, stderr and higher_is_better of {name} in {file.path}, found "
            f"{', '.join(unknown)}"
        )
    count, better, error = (parts.get(key) for key in ("n", "higher_is_better", "stderr"))
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise Refused(f"expected a number of items as n of {name} in {file.path}")
    if better is not None and not isinstance(better, bool):
        raise Refused(f"expected true or false as higher_is_better of {name} in {file.path}")
    return MeasuredScore(
        metric=named(name, what=f"a metric in {file.path}"),
        value=finite(parts.get("value"), what=f"{name} in {file.path}"),
        n=count or 0,
        stderr=None if error is None else finite(error, what=f"the error of {name}"),
        higher_is_better=better,
    )
