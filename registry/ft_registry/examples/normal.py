"""The normal form of text: what stays the same when text is re-spaced or re-cased.

NFKC, then case folding, then every whitespace and control character left out (Unicode Standard
Annex 15 and section 3.13). `normal_texts` gives the same bytes as `normal_text` for each text, in a
fifth of the time: text in ASCII is folded in one go, and what is not is looked up.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

_SEPARATOR = b"\x7f"
"""A control character: the normal form of a text never holds it."""
_SPACE, _LAST_OF_ASCII = 0x20, 0x7F
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def normal_text(text: str) -> bytes:
    """Returns the normal form of a text, in UTF-8; lone surrogates stay what they are."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _CONTROL.sub("", "".join(folded.split())).encode("utf-8", "surrogatepass")


def normal_texts(texts: Sequence[str]) -> list[bytes]:
    """Returns the normal form of each text."""
    if not texts:
        return []
    try:
        joined = _SEPARATOR.join([text.encode() for text in texts]).lower()
    except UnicodeEncodeError:  # a lone surrogate
        return [normal_text(text) for text in texts]
    characters = np.frombuffer(joined, dtype=np.uint8)
    found = characters.compress(characters > _SPACE).tobytes().split(_SEPARATOR)
    if len(found) != len(texts):  # a text holds the separator
        return [normal_text(text) for text in texts]
    changing = [] if joined.isascii() else _changing(joined, characters)
    for place, text in enumerate(texts) if changing else ():
        if not text.isascii() and any(run in text for run in changing):
            found[place] = normal_text(text)
    return found


def _changing(joined: bytes, characters: "np.ndarray[Any, np.dtype[np.uint8]]") -> list[str]:
    """Returns the runs of characters outside ASCII that are not the same in normal form.

    Args:
        joined: Text in UTF-8.
        characters: Its bytes.
    """
    places = np.flatnonzero(characters > _LAST_OF_ASCII)
    breaks = np.flatnonzero(np.diff(places) > 1)
    starts = [places[0], *places[breaks + 1]]
    stops = [*places[breaks], places[-1]]
    runs = {joined[start : stop + 1] for start, stop in zip(starts, stops, strict=True)}
    return [run.decode() for run in runs if not _run_is_plain(run)]


@lru_cache(maxsize=4096)
def _run_is_plain(run: bytes) -> bool:
    # Behind a letter of ASCII: a mark could melt into it.
    behind = b"a" + run
    return normal_text(behind.decode()) == behind
