"""How text is fitted into the columns of a terminal: a letter may take two of them, or none."""

import unicodedata
from collections.abc import Iterable

COLUMNS = 80
_CUT = "..."
_HANG = 4
"""Columns by which the rest of a folded line stands further in."""


def width(text: str) -> int:
    """Returns how many columns of a terminal a text takes."""
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char)
        for char in text
    )


def fitted(text: str, columns: int) -> str:
    """Returns a text, cut where it takes more columns than there are."""
    if width(text) <= columns:
        return text
    return f"{text[: _fitting(text, columns - len(_CUT) - 1)].rstrip()} {_CUT}"


def folded(lines: Iterable[str], columns: int = COLUMNS) -> list[str]:
    """Returns lines of which none takes more columns than there are; nothing is cut away.

    Args:
        lines: What is to be shown. The rest of a line stands further in than its beginning.
        columns: The width that there is.
    """
    return [part for line in lines for part in _folded(line, columns)]


def _folded(line: str, columns: int) -> list[str]:
    if width(line) <= columns:
        return [line]
    indent = len(line) - len(line.lstrip(" "))
    hang = " " * min(indent + _HANG, columns // 2)
    found = []
    while width(line) > columns:
        end = _fitting(line, columns)
        start = len(line) - len(line.lstrip(" "))
        space = line.rfind(" ", start, end + 1)
        cut = space if space > start else max(end, start + 1)
        found.append(line[:cut].rstrip(" "))
        line = hang + line[cut:].lstrip(" ")
    return [*found, line]


def _fitting(text: str, columns: int) -> int:
    """Returns how many characters of a text fit."""
    end, room = 0, columns
    while end < len(text) and (room := room - width(text[end])) >= 0:
        end += 1
    return end
