"""Canonical JSON and the digests that name documents.

A document's bytes are its RFC 8785 (JCS) form, so that the same content has the same bytes on
every machine, and its name is ``sha256:<hex>`` of those bytes. Reading is strict: what RFC 8785
cannot express (duplicate keys, NaN, infinities) is refused, because two readers would disagree
about it.
"""

import hashlib
import json
import math
from typing import Any

import rfc8785

from ft_registry.errors import IntegrityError, InvalidInput

DEEPEST = 100
"""Lists and mappings inside each other, at most; nobody writes so many by hand."""
_EXACT = 2**53 - 1
"""The largest integer that every reader of JSON keeps."""


def canonical_bytes(value: Any) -> bytes:
    """Returns the RFC 8785 bytes of a JSON value.

    Raises:
        InvalidInput: The value has no canonical form: NaN, an infinity, an integer beyond 2**53,
            a key that is not a string, a lone surrogate.
    """
    try:
        return rfc8785.dumps(value)
    # An integer of thousands of digits is a ValueError: Python does not write it.
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"expected a value with a canonical JSON form, found one without: {error}",
            hints=["NaN, infinities and integers beyond 2**53 have no portable JSON form"],
        ) from error


def digest_bytes(data: bytes) -> str:
    """Returns ``sha256:<64 hex>`` of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Returns the digest of a JSON value's canonical bytes."""
    return digest_bytes(canonical_bytes(value))


def parse_json(data: bytes | str, *, what: str, tolerant: bool = False) -> Any:
    """Parses JSON strictly: the one door for what others wrote.

    Args:
        data: UTF-8 bytes (a byte order mark may lead them) or text.
        what: What the bytes are, for the error ("the record of support-dates/2").
        tolerant: Let pass what Python's own writer writes: NaN, infinities, lone surrogates.

    Raises:
        IntegrityError: The bytes are not JSON, hold a key twice or are nested too deeply; or hold
            NaN, an infinity (1e999 is one) or a lone surrogate.
    """
    try:
        # Not left to json, which guesses UTF-16 and UTF-32 and lets raw surrogates pass.
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        value = (_TOLERANT if tolerant else _STRICT).decode(text)
        if text.count("[") + text.count("{") > DEEPEST:
            check_depth(value)
        if not tolerant and "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        kind = "JSON" if tolerant else "strict JSON"
        raise IntegrityError(f"expected {what} to be {kind}, found: {error}") from error


def check_depth(value: Any) -> None:
    """Looks whether a value can be walked through without end of the stack.

    Raises:
        ValueError: Lists and mappings are nested more than `DEEPEST` deep.
    """
    level = [value]
    for _ in range(DEEPEST):
        within = (one.values() if isinstance(one, dict) else one for one in level if _holds(one))
        level = [one for inner in within for one in inner if _holds(one)]
        if not level:
            return
    raise ValueError(f"lists and mappings more than {DEEPEST} deep")


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"duplicate keys {', '.join(map(repr, twice))}")
    return found


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"{text} is beyond the numbers of JSON")
    return found


def _whole(text: str) -> int | float:
    """Returns the number that digits write.

    RFC 8785 writes the double 1e17 as 100000000000000000, which must come back as that double: as
    an integer it would have no canonical form.
    """
    number = int(text)
    if -_EXACT <= number <= _EXACT or len(text) > 22:
        return number
    double = float(number)
    return double if rfc8785.dumps(double).decode() == text else number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_finite,
    parse_int=_whole,
)
"""Made once: a ledger holds tens of thousands of documents."""
_TOLERANT = json.JSONDecoder(object_pairs_hook=_unique)
