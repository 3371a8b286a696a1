"""Reads one line of JSON strictly: what two readers would read differently is a fault."""

import json
from typing import Any

from ft_registry.examples.conversation import Report
from ft_registry.examples.faults import shown

_DEPTH = 100
"""Objects and lists inside one another; no format needs ten."""


class _FaultyValue(ValueError):
    """A value with a rule of its own."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def read_line(
    line: bytes, report: Report, *, limit: int, breaks_off: bool = False
) -> dict[str, Any] | None:
    """Returns the object on a line; None, and a fault, where there is none.

    Args:
        line: Without its line feed.
        report: Takes faults.
        limit: The longest line, in bytes.
        breaks_off: It is the last of a file and has no line feed.
    """
    if line.endswith(b"\r"):
        report("crlf", "the line ends with CR LF")
        line = line[:-1]
    if len(line) > limit:
        report("too-long", f"expected at most {limit:,} bytes, found {len(line):,}")
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        report("not-utf8", f"byte {line[error.start]:#04x} at {error.start + 1}")
        return None
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend(key for key in found if keys.count(key) > 1)
        return found

    try:
        row = json.loads(
            text, object_pairs_hook=unique, parse_constant=_refuse, parse_float=_finite
        )
        _check_depth(text)
    except (ValueError, RecursionError) as error:
        report(*_why(error, breaks_off=breaks_off))
        return None
    for key in dict.fromkeys(twice):
        report("duplicate-key", f"{shown(key)} is given more than once")
    if not isinstance(row, dict):
        report("not-an-object", f"expected an object, found {shown(row)}")
        return None
    return row


def _why(error: Exception, *, breaks_off: bool) -> tuple[str, str]:
    """Returns the rule that a line breaks that no reader takes, and what was found."""
    if isinstance(error, _FaultyValue):
        return error.rule, str(error)
    if isinstance(error, RecursionError):
        return "not-json", f"objects and lists are nested more than {_DEPTH} deep"
    return "truncated" if breaks_off else "not-json", str(error)


def _refuse(name: str) -> float:
    raise _FaultyValue("nan", f"{name} is no number of JSON")


def _finite(text: str) -> float:
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise _FaultyValue("nan", f"{shown(text)} is beyond the numbers of JSON")
    return found


def _check_depth(text: str) -> None:
    """Raises where a value is nested so deeply that readers give up at different places."""
    if text.count("[") + text.count("{") <= _DEPTH:
        return
    depth = 0
    in_text = escaped = False
    for char in text:
        if in_text:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_text = False
        elif char == '"':
            in_text = True
        elif char in "[{":
            depth += 1
            if depth > _DEPTH:
                raise RecursionError
        elif char in "]}":
            depth -= 1
