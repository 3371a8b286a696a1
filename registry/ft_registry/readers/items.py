"""Reads an evaluation in its simplest form: a JSONL file with one scored item a line.

Each line is an object with an ``id`` and one number per metric. Other fields (prompt, target,
prediction) are kept in the file and not read. All items have the same metrics.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import digest_bytes, parse_json
from ft_registry.model.evaluation import Score
from ft_registry.model.names import dataset_name


@dataclass(frozen=True)
class ScoredItems:
    """What the file holds."""

    suite: str
    """The file's stem."""
    scores: tuple[Score, ...]
    content: bytes
    digest: str
    rows: int
    values: Mapping[str, Mapping[str, float]]
    """The scores, by metric and by the item's id."""
    source: str = ""
    """The file's path from the top level of the repository; empty: outside, or not known."""


def read_items(path: Path) -> ScoredItems:
    """Reads a JSONL file of scored items.

    Raises:
        NotFound: There is no such file.
        Refused: A line is not an item: which line, and what is wrong with it.
    """
    if path.suffix != ".jsonl":
        raise InvalidInput(
            f"expected an evaluation as a .jsonl file of scored items, found {path}",
            hints=['one line an item: {"id": "q1", "exact_match": 1}'],
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(f"expected an evaluation, found none at {path}: {error.strerror}") from error
    columns: dict[str, dict[str, float]] = {}
    ids: set[str] = set()
    # Not splitlines(): it would also break at U+2028, which JSON strings may hold.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        item = _item(line, where)
        if item["id"] in ids:
            raise Refused(f"expected each id once, found {item['id']!r} again in {where}")
        ids.add(item["id"])
        metrics = _metrics(item, where)
        if len(ids) > 1 and set(metrics) != set(columns):
            differing = sorted(set(metrics) ^ set(columns))
            raise Refused(
                f"expected the same metrics in every item, found a difference in {where}: "
                f"{', '.join(differing)}"
            )
        for metric, value in metrics.items():
            columns.setdefault(metric, {})[item["id"]] = value
    if not ids:
        raise Refused(f"expected scored items in {path}, found none")
    scores = [
        Score(metric=name, value=_mean(name, values.values(), path), n=len(values))
        for name, values in sorted(columns.items())
    ]
    return ScoredItems(
        suite=dataset_name(path.stem),
        scores=tuple(scores),
        content=content,
        digest=digest_bytes(content),
        rows=len(ids),
        values=columns,
    )


def _mean(name: str, values: Collection[float], path: Path) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError as error:
        raise Refused(
            f"expected scores with a finite sum, found {name} beyond 1.8e308 in {path}"
        ) from error


def _item(line: bytes, where: str) -> dict[str, Any]:
    try:
        item = parse_json(line, what=where)
    except IntegrityError as error:
        raise Refused(error.message) from error
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise Refused(
            f"expected an object with an id in {where}, found {line[:60].decode(errors='replace')}",
            hints=['for example {"id": "q1", "exact_match": 1}'],
        )
    return item


def _metrics(item: dict[str, Any], where: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in item.items():
        # A bool is an int in Python; a score that is not a number must not become one.
        if isinstance(value, bool):
            raise Refused(
                f"expected numbers as scores, found {name}={str(value).lower()} in {where}",
                hints=["write 1 and 0"],
            )
        if isinstance(value, int | float):
            try:
                found[name] = float(value)
            except OverflowError as error:
                raise Refused(
                    f"expected a finite number, found {name} beyond 1.8e308 in {where}"
                ) from error
    if not found:
        raise Refused(
            f"expected at least one score in {where}, found none",
            hints=["a score is a field with a number"],
        )
    return found
