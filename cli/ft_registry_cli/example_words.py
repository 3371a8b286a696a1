"""How examples are told: each in one line of a terminal, cut where it says most."""

import json
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from ft_registry_cli.columns import COLUMNS, fitted, width

_CUT = "..."
_BEFORE = 20
"""Columns of what is equal that are shown before a difference."""


def example_text(example: Any, *, columns: int = COLUMNS) -> str:
    """Returns an example from its beginning.

    Args:
        example: A JSON value.
        columns: The width that there is for it.
    """
    return fitted(_shown(example), columns)


def edited_texts(
    old: Mapping[str, Any], new: Mapping[str, Any], *, columns: int = COLUMNS
) -> tuple[str, str]:
    """Returns two examples, each from shortly before the first difference that counts.

    That is the one in the longest value that differs: an answer was edited, whatever became of an
    id beside it.

    Args:
        old: The example before.
        new: The example after.
        columns: The width that there is for each.
    """
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if not differing:
        return example_text(old, columns=columns), example_text(new, columns=columns)
    key = max(differing, key=lambda key: len(_shown(old.get(key))) + len(_shown(new.get(key))))
    pairs = zip(_piece(old, key), _piece(new, key), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return (
        _from(_shown(old), _place(old, key) + same, columns),
        _from(_shown(new), _place(new, key) + same, columns),
    )


def _piece(example: Mapping[str, Any], key: str) -> str:
    """Returns a key and its value as they stand in the example's text."""
    return f"{_shown(key)}: {_shown(example[key])}" if key in example else ""


def _place(example: Mapping[str, Any], key: str) -> int:
    """Returns where a key stands in the example's text; without it, the end."""
    before = takewhile(lambda other: other != key, example)
    return 1 + sum(len(_piece(example, other)) + len(", ") for other in before)


def _from(text: str, place: int, columns: int) -> str:
    """Returns the part of a text around a place."""
    if width(text[: place + _BEFORE]) <= columns - len(_CUT) - 1:
        return fitted(text, columns)
    start = max(place - _BEFORE, 0)
    word = text.find(" ", start, place)
    start = start if word < 0 else word + 1
    return f"{_CUT} {fitted(text[start:], columns - len(_CUT) - 1)}"


def _shown(value: Any) -> str:
    """Returns JSON in which every character can be seen: those that cannot are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
