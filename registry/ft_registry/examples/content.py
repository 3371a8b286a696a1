"""The names of an example: hashes that do not depend on how a file spells it.

*Exact*: the first 16 bytes of the SHA-256 of the example's content in canonical JSON (RFC 8785,
whole numbers of any size as they stand), absent values left out. Key order, spacing, escapes and
the kind of file do not matter. *Normal*: 8 bytes of the normal form of all its text. *Prompt*: 8
bytes of the normal form of what the model is asked. The two short ones are XXH3.

With a key all three are HMAC-SHA256: without it nobody can find out by guessing whether a
text that could be guessed, a name or a number, is among them.

A number has one name however it is spelled (``1``, ``1.0``, ``10e-1``; ``0``, ``-0``) up to 2^53.
Beyond, a whole number keeps its digits and a decimal one is what a double makes of it, because
that is how readers differ.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import rfc8785
import xxhash

from ft_registry.examples.normal import NormalBatch

EXACT_BYTES = 16
SHORT_BYTES = 8

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_ASTRAL = re.compile(rb"[\xf0-\xf4]")
"""RFC 8785 sorts keys as UTF-16 does; beyond U+FFFF that is another order than by code point."""


def canonical_content(content: Mapping[str, Any], *, has_floats: bool = True) -> bytes:
    """Returns the bytes that name an example's content.

    Args:
        content: JSON values.
        has_floats: False when the reader saw none, which spares looking for them.
    """
    if not has_floats:
        try:
            found = _encode_sorted(content)
        except UnicodeEncodeError:  # a lone surrogate, maybe in what is left out
            return canonical_content(content)
        if b":null" not in found and not _ASTRAL.search(found):
            return found
    ordered = _ordered(content)
    try:
        return _encode(ordered)
    except UnicodeEncodeError:
        return _escaped(ordered).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys if value[key] is not None}
    if isinstance(value, list | tuple):
        return [_ordered(one) for one in value]
    if isinstance(value, float):
        try:
            return msgspec.Raw(rfc8785.dumps(value))
        except rfc8785.FloatDomainError:  # NaN and the infinities: faults, and yet one of a kind
            return str(value)
    return value


def _escaped(value: Any) -> str:
    """Returns JSON in ASCII: text that is no Unicode has this one spelling.

    Args:
        value: In canonical order.
    """
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)}:{_escaped(one)}" for key, one in value.items()]
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_escaped, value))}]"
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else json.dumps(value)


class Hasher:
    """Names examples.

    Args:
        key: The secret of a keyed index; None: plain hashes.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._short: Callable[[bytes | memoryview], bytes] = xxhash.xxh3_64_digest
        if key is not None:
            self._short = lambda data: self._keyed(data)[:SHORT_BYTES]

    def _keyed(self, data: bytes | memoryview) -> bytes:
        return hmac.digest(self._key or b"", data, "sha256")

    def exact(self, contents: Sequence[bytes]) -> bytes:
        """Returns 32 bytes for each canonical content: an index keeps the first 16."""
        if self._key is not None:
            return b"".join(map(self._keyed, contents))
        sha256 = hashlib.sha256
        return b"".join([sha256(content).digest() for content in contents])

    def short(self, texts: Sequence[bytes]) -> bytes:
        """Returns 8 bytes for each text in normal form."""
        return b"".join(map(self._short, texts))

    def pairs(self, normals: NormalBatch) -> tuple[bytes, bytes]:
        """Returns 8 bytes for each pair of texts, and 8 for the first of each.

        Args:
            normals: The normal forms of prompt and answer in turn.
        """
        short, joined = self._short, memoryview(normals.joined)
        ends = normals.ends.tolist()
        middles, stops = ends[::2], ends[1::2]
        starts = [0, *[stop + 1 for stop in stops]]
        whole = [short(joined[start:stop]) for start, stop in zip(starts, stops, strict=False)]
        asked = [short(joined[start:stop]) for start, stop in zip(starts, middles, strict=False)]
        return b"".join(whole), b"".join(asked)
