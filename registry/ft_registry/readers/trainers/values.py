"""Brings what a trainer wrote down to JSON's types: bounded, finite, without secrets."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ft_registry.examples.credentials import masked
from ft_registry.model.config_diff import HIDDEN, is_secret

_EXACT = 2**53 - 1
"""The largest integer that every reader of JSON keeps."""
_DEPTH = 24
_ENTRIES = 20_000
_TEXT = 64_000
"""Characters of one text; a system prompt of a book's length is told by its length."""
_CHARACTERS = 1_000_000
"""Of all texts together."""
_NAME = 300
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{20,}|sk-[\w-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}")
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")


def plain(value: Any, *, unwrap: Callable[[Any], Any] = lambda value: value) -> Any:
    """Returns a value with JSON's types alone.

    A number that JSON lacks (infinity, NaN, an integer beyond 2**53) becomes text; what is secret
    by its name or looks like an access token is masked; what is nested too deeply, or comes after
    so many entries, is text that says so.

    Args:
        value: Anything, even one that contains itself.
        unwrap: Is asked of each value inside, once, what it stands for.
    """
    return _Plain(unwrap).of(value, 0)


def text_of(value: Any) -> str:
    """Returns a text as it can be kept and shown; empty: it is none."""
    return clean(value)[:_NAME] if isinstance(value, str) else ""


def clean(text: str) -> str:
    """Returns a text without control characters, lone surrogates, logins and access tokens."""
    shown = text if len(text) <= _TEXT else f"({len(text)} characters)"
    safe = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", shown)
    return _LOGIN.sub("", _TOKEN.sub(HIDDEN, masked(safe, HIDDEN)))


def number_of(value: Any) -> float | None:
    """Returns a finite number; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count_of(value: Any) -> int | None:
    """Returns a whole number from 0 on; None: it is none, or larger than JSON can carry."""
    found = number_of(value)
    if found is None or not 0 <= found <= _EXACT or not found.is_integer():
        return None
    return int(found)


def mapping_of(value: Any) -> dict[str, Any]:
    """Returns a mapping with text as its keys; empty: it is none."""
    if not isinstance(value, Mapping):
        return {}
    return {key: item for key, item in value.items() if isinstance(key, str)}


def texts_of(value: Any) -> tuple[str, ...]:
    """Returns the texts of a list, or the one text that stands for it."""
    found = value if isinstance(value, list | tuple) else [value]
    return tuple(text for one in found if (text := text_of(one)))


class _Plain:
    def __init__(self, unwrap: Callable[[Any], Any]) -> None:
        self._unwrap = unwrap
        self._left = _ENTRIES
        self._characters = _CHARACTERS

    def of(self, value: Any, depth: int) -> Any:
        value = self._unwrap(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            self._characters -= len(value)
            return clean(value) if self._characters >= 0 else f"({len(value)} characters)"
        if isinstance(value, int | float):
            is_plain = abs(value) <= _EXACT if isinstance(value, int) else math.isfinite(value)
            return value if is_plain else _large(value)
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._inside(value, depth)
        return _text(value)

    def _inside(self, value: Any, depth: int) -> Any:
        if depth >= _DEPTH:
            return "(nested too deeply to be kept)"
        self._left -= len(value)
        if self._left < 0:
            return f"({len(value)} entries, too many to be kept)"
        if isinstance(value, Mapping):
            # Not a comprehension by key: two keys may be one text.
            return {
                name: HIDDEN if item and is_secret(name) else self.of(item, depth + 1)
                for key, item in value.items()
                if (name := clean(str(key))[:_NAME])
            }
        items = [self.of(item, depth + 1) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items


def _large(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return f"(an integer of {int(value).bit_length()} bits)"


def _text(value: Any) -> str:
    """Returns dates and paths as text; anything else by its type alone."""
    kind = type(value)
    if kind.__module__ in ("datetime", "pathlib"):
        return clean(str(value))
    return f"<{clean(kind.__name__)}>"
