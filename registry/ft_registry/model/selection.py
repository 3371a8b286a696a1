"""Selects and sorts rows: the grammar of ``--where`` and ``--sort``.

    method=dpo and scores.dates.exact_match>=0.8

Clauses are joined by ``and``; each is KEY OP VALUE with = != >= <= > < or ~ (contains). ``==`` is
refused: taken for ``=`` and a value it would find nothing. Keys are the fields of a row and
``scores.<suite>.<metric>``. A row that lacks the key satisfies no clause about it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields

from ft_registry.errors import InvalidInput
from ft_registry.model.version_row import VersionRow

_CLAUSE = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(>=|<=|!=|=|>|<|~)(?![=<>~])\s*(.+?)\s*")
_KEYS = tuple(f.name for f in fields(VersionRow) if f.name not in ("scores", "data"))

Value = str | int | float | tuple[str, ...] | None


def select(rows: Iterable[VersionRow], where: str) -> list[VersionRow]:
    """Returns the rows that satisfy every clause.

    Raises:
        InvalidInput: The expression does not follow the grammar, or names no known key.
    """
    clauses = [_parse(text) for text in re.split(r"\s+and\s+", where)] if where else []
    return [row for row in rows if all(holds(row) for holds in clauses)]


def sort(rows: Iterable[VersionRow], key: str) -> list[VersionRow]:
    """Returns the rows by a key, ascending; descending when it begins with ``-``.

    Rows that lack the key come last in both directions.

    Raises:
        InvalidInput: There is no such key.
    """
    name = key.removeprefix("-")
    _check(name)
    rows = list(rows)
    have = [(value, row) for row in rows if (value := _value(row, name)) is not None]
    lack = [row for row in rows if _value(row, name) is None]
    have.sort(key=lambda pair: pair[0], reverse=key.startswith("-"))
    return [row for _, row in have] + lack


def _parse(text: str) -> Callable[[VersionRow], bool]:
    found = _CLAUSE.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"expected KEY OP VALUE in --where, found {text!r}",
            hints=["for example: method=sft and scores.dates.exact_match>=0.8"],
        )
    key, operator, wanted = found.groups()
    _check(key)

    def holds(row: VersionRow) -> bool:
        value = _value(row, key)
        if value is None:
            return False
        if isinstance(value, tuple):
            return (wanted in value) != (operator == "!=")
        if isinstance(value, str) or operator == "~":
            return _compare(str(value), operator, wanted)
        return _compare(float(value), operator, _number(wanted, key))

    return holds


def _compare(value: str | float, operator: str, wanted: str | float) -> bool:
    if operator == "~":
        return str(wanted) in str(value)
    results = {
        "=": value == wanted,
        "!=": value != wanted,
        ">": value > wanted,  # type: ignore[operator]
        "<": value < wanted,  # type: ignore[operator]
        ">=": value >= wanted,  # type: ignore[operator]
        "<=": value <= wanted,  # type: ignore[operator]
    }
    return results[operator]


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput(f"expected a number to compare {key} with, found {text!r}") from error


def _check(key: str) -> None:
    if key in _KEYS or key.startswith("scores."):
        return
    raise InvalidInput(
        f"expected a key of a version, found {key!r}",
        hints=[f"keys: {', '.join(_KEYS)}, scores.SUITE.METRIC"],
    )


def _value(row: VersionRow, key: str) -> Value:
    if key.startswith("scores."):
        return row.scores.get(key.removeprefix("scores."))
    value: Value = getattr(row, key)
    return value
