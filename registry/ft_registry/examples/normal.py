"""The normal form of text: what stays the same when text is re-spaced or re-cased.

NFKC, then case folding, then every whitespace and control character left out (Unicode Standard
Annex 15 and section 3.13). `normal_batch` gives the same bytes as `normal_text` for each text, in a
fifth of the time: text in ASCII is folded in one go, and what is not is looked up.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

Bytes: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"
Places: TypeAlias = "np.ndarray[Any, np.dtype[np.intp]]"

_SEPARATOR = b"\x7f"
"""A control character: the normal form of a text never holds it."""
_SPACE, _LAST_OF_ASCII = 0x20, 0x7F
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SHARE = 8
"""Where more than one byte in so many is outside ASCII, looking up costs more than it spares."""


@dataclass(frozen=True)
class NormalBatch:
    """Texts in normal form, one behind the other: most uses need no text of its own."""

    joined: bytes
    """The texts, each with a separator behind it that no normal form holds."""
    ends: Places
    """Where the separators stand."""

    @property
    def has_empty(self) -> bool:
        """Whether one of the texts has nothing left."""
        ends = self.ends
        return len(ends) > 0 and bool(ends[0] == 0 or (ends[1:] == ends[:-1] + 1).any())

    def texts(self) -> list[bytes]:
        """Returns the texts."""
        return self.joined.split(_SEPARATOR)[:-1]


def normal_text(text: str) -> bytes:
    """Returns the normal form of a text, in UTF-8; lone surrogates stay what they are."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _CONTROL.sub("", "".join(folded.split())).encode("utf-8", "surrogatepass")


def normal_batch(texts: Sequence[str]) -> NormalBatch:
    """Returns the normal forms of texts."""
    try:
        joined = _SEPARATOR.join([text.encode() for text in texts] + [b""])
    except UnicodeEncodeError:  # a lone surrogate
        return _batch_of([normal_text(text) for text in texts])
    characters = np.frombuffer(joined, dtype=np.uint8)
    changing: set[int] = set()
    if not joined.isascii():
        foreign = np.flatnonzero(characters > _LAST_OF_ASCII)
        if len(foreign) * _SHARE > len(joined):
            return _batch_of([normal_text(text) for text in texts])
        changing = _changing(joined, characters, foreign)
    kept = characters.compress(characters > _SPACE).tobytes().lower()
    batch = NormalBatch(kept, _ends(kept))
    if len(batch.ends) != len(texts):  # a text holds the separator
        return _batch_of([normal_text(text) for text in texts])
    if not changing:
        return batch
    found = batch.texts()
    for place in changing:
        found[place] = normal_text(texts[place])
    return _batch_of(found)


def _batch_of(found: Sequence[bytes]) -> NormalBatch:
    joined = _SEPARATOR.join([*found, b""])
    return NormalBatch(joined, _ends(joined))


def _ends(joined: bytes) -> Places:
    return np.flatnonzero(np.frombuffer(joined, dtype=np.uint8) == _LAST_OF_ASCII)


def _changing(joined: bytes, characters: Bytes, foreign: Places) -> set[int]:
    """Returns the places of texts with characters outside ASCII that change in normal form.

    Args:
        joined: The texts in UTF-8, separated.
        characters: Its bytes.
        foreign: Where those outside ASCII stand.
    """
    breaks = np.flatnonzero(np.diff(foreign) > 1)
    starts = [foreign[0].item(), *foreign[breaks + 1].tolist()]
    stops = [*(foreign[breaks] + 1).tolist(), foreign[-1].item() + 1]
    changed = [
        start
        for start, stop in zip(starts, stops, strict=True)
        if not _run_is_plain(joined[start:stop])
    ]
    if not changed:
        return set()
    separators = np.flatnonzero(characters == _LAST_OF_ASCII)
    return set(np.searchsorted(separators, changed).tolist())


@lru_cache(maxsize=4096)
def _run_is_plain(run: bytes) -> bool:
    """Returns whether a run of characters outside ASCII stays as it is, behind any of ASCII.

    What composes with a character of ASCII has a combining class, and so has what moves.
    """
    text = run.decode()
    return not unicodedata.combining(text[0]) and normal_text(text) == run
