"""JSON of other programs, which may lie: it is parsed into types or refused.

An evaluator writes more than we read, and later versions of it write more still: fields that are
not asked for are left alone. NaN is let through, because evaluators write it where a number was not
to be had; what takes a score from a document refuses it there.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ft_registry.errors import IntegrityError, InvalidInput, Refused
from ft_registry.model.canonical import canonical_bytes, parse_json

T = TypeVar("T")

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: it leaves wrong UTF-8 and depth to Python."""
_LONGEST_NAME = 200
_UNSHOWN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def parse(data: bytes, kind: type[T], *, what: str) -> T:
    """Parses JSON into a type.

    Args:
        data: UTF-8 bytes.
        kind: The type; a field that it does not have is skipped.
        what: What the bytes are, for the error.

    Raises:
        Refused: They are not JSON, or not of the type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _unlike(what, error) from error
    except UNREADABLE:
        return convert(parse_leniently(data, what=what), kind, what=what)


def parse_leniently(data: bytes, *, what: str) -> Any:
    """Parses JSON in which NaN, Infinity and a byte order mark may stand.

    Raises:
        Refused: It is not JSON otherwise, or a key is given twice.
    """
    try:
        return parse_json(data, what=what, tolerant=True)
    except IntegrityError as error:
        raise Refused(
            error.message,
            hints=["a file that breaks off was not written to its end: evaluate again"],
        ) from error


def convert(value: Any, kind: type[T], *, what: str) -> T:
    """Converts parsed JSON into a type.

    Raises:
        Refused: It is not of the type.
    """
    try:
        return msgspec.convert(value, kind)
    except (*UNREADABLE, OverflowError) as error:
        raise _unlike(what, error) from error


def _unlike(what: str, error: Exception) -> Refused:
    return Refused(
        f"expected {what} in the shape that its evaluator writes, found: {error}",
        hints=["docs/evaluations.md lists what is read; plain items can be given as JSONL"],
    )


_LARGEST = 1e100
"""The squares of so many items as anybody scores can still be added."""


def finite(value: object, *, what: str) -> float:
    """Returns a number as a float.

    Raises:
        Refused: It is no number (a bool is none), or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(
            f"expected a number as {what}, found {shown(value)}",
            hints=["a score is a number; write 1 and 0 for true and false"],
        )
    try:
        number = float(value)
    except OverflowError as error:
        raise Refused(f"expected a finite number as {what}, found one beyond 1.8e308") from error
    if not math.isfinite(number):
        raise Refused(
            f"expected a finite number as {what}, found {number}",
            hints=["an item that could not be scored is left out or null"],
        )
    if abs(number) > _LARGEST:
        raise Refused(f"expected a number up to {_LARGEST:g} as {what}, found {number:g}")
    return number


def finite_or_none(value: object) -> float | None:
    """Returns a number as a float; None for what is none, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def text_of(value: object) -> str:
    """Returns a text as it is, nothing for null, and other values as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return ""


def named(value: object, *, what: str) -> str:
    """Returns the name of a metric, task or item.

    Raises:
        Refused: It is empty, too long, or holds what cannot be shown.
    """
    is_short = isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST_NAME
    if is_short and isinstance(value, str) and _UNSHOWN.search(value) is None:
        return value
    raise Refused(
        f"expected {what} of 1 to {_LONGEST_NAME} characters that can be shown, found "
        f"{shown(value)}"
    )


def shown(value: object) -> str:
    """Returns the beginning of a value, for an error."""
    text = ascii(value) if isinstance(value, str) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def kept(settings: Mapping[str, object]) -> dict[str, object]:
    """Returns the settings that say something and can stand in a document."""
    found: dict[str, object] = {}
    for name, value in settings.items():
        if value is None or value in ("", [], {}, ()):
            continue
        try:
            canonical_bytes({name: value})
        except (InvalidInput, TypeError):
            continue
        found[name] = value
    return found
