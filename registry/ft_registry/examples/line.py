"""Reads one line of JSON strictly: what two readers would read differently is a fault."""

import json
from collections import Counter
from typing import Any, NamedTuple

from ft_registry.examples.conversation import Report
from ft_registry.examples.faults import shown

_DEPTH = 100
"""Objects and lists inside one another; no format needs ten."""
_ODD = (b"\\u", b"\\b", b"\\f", b"\x7f")
"""Signs of a control character, or of half of a character."""
_DIGITS = 300
"""A whole number of fewer is certainly within the range of a double."""


class _FaultyValue(ValueError):
    """A value with a rule of its own."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class ReadLine(NamedTuple):
    """What stands on a line."""

    row: dict[str, Any]
    has_floats: bool
    """Whether a number in it has a point or an exponent."""
    may_be_odd: bool
    """Whether a text in it may hold a control character or half of a character."""
    has_twice: bool = False
    """Whether an object in it has one key twice."""


class LineReader:
    """Reads lines, one after the other.

    Args:
        limit: The longest line, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._twice: dict[str, None] = {}
        self._has_floats = False
        # Made once: making one costs more than reading a short line.
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._unique, parse_constant=_refuse, parse_float=self._read_float,
            parse_int=_read_int,
        ).decode  # fmt: skip

    def read(self, line: bytes, report: Report, *, breaks_off: bool = False) -> ReadLine | None:
        """Returns the object on a line; None, and a fault, where there is none.

        Args:
            line: Without its line feed.
            report: Takes faults.
            breaks_off: It is the last of a file and has no line feed.
        """
        if line.endswith(b"\r"):
            report("crlf", "the line ends with CR LF")
            line = line[:-1]
        if len(line) > self._limit:
            # How many is not known here: readers leave out the rest of what is too long.
            report("too-long", f"expected at most {self._limit:,} bytes, found more")
            return None
        self._twice.clear()
        self._has_floats = False
        try:
            text = line.decode()
            row = self._decode(text)
            _check_depth(text)
        except (ValueError, RecursionError) as error:
            report(*_why(error, breaks_off=breaks_off))
            return None
        for key in self._twice:
            report("duplicate-key", f"{shown(key)} is given more than once")
        if not isinstance(row, dict):
            report("not-an-object", f"expected an object, found {shown(row)}")
            return None
        is_odd = any(sign in line for sign in _ODD)
        return ReadLine(row, self._has_floats, is_odd, bool(self._twice))

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            self._twice.update((key, None) for key, count in counts.items() if count > 1)
        return found

    def _read_float(self, text: str) -> float:
        self._has_floats = True
        return _finite(text)


def read_loosely(line: bytes) -> list[dict[str, Any]]:
    """Returns the objects that readers less strict than ours find on a line; none: no object.

    NaN and numbers without end are numbers to them, what is not UTF-8 is passed over, and of a key
    that is given twice some keep the first, others the last.
    """
    text = line.decode(errors="replace").removeprefix("\ufeff")
    found: list[dict[str, Any]] = []
    for keep in (dict, _keep_first):
        try:
            row = json.loads(text, object_pairs_hook=keep, parse_int=_read_any_int)
        except (ValueError, RecursionError):
            return []
        if isinstance(row, dict) and row not in found:
            found.append(row)
    return found


def _keep_first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _read_any_int(text: str) -> int | float:
    return float(text) if len(text) > _DIGITS else int(text)


def _why(error: Exception, *, breaks_off: bool) -> tuple[str, str]:
    """Returns the rule that a line breaks that no reader takes, and what was found."""
    if isinstance(error, _FaultyValue):
        return error.rule, str(error)
    if isinstance(error, UnicodeDecodeError):
        line, place = error.object, error.start
        if breaks_off and error.end == len(line) and error.reason == "unexpected end of data":
            return "truncated", f"the file ends within a character, at {place + 1}"
        return "not-utf8", f"byte {line[place]:#04x} at {place + 1}"
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


def _read_int(text: str) -> int:
    if len(text) > _DIGITS:
        _finite(text)
    return int(text)


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
