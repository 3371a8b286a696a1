"""Fast lanes: shapes of examples that are read in bulk and are certainly fine.

A lane takes whole chunks of lines. It gives a chunk up (returns None) at the least suspicion: an
unknown key, a key given twice, an empty text, a control character, a role out of order. Then
`ft_registry.examples.reading` looks at each line and says what is wrong, if anything is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np

from ft_registry.examples.conversation import ASSISTANT, LEADING, Turn, check_order
from ft_registry.examples.formats import Format
from ft_registry.examples.normal import BORDER, Bytes, NormalBatch, Places, normal_batch
from ft_registry.examples.reading import with_system

Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool]]"

_LINE_FEED, _QUOTE, _BACKSLASH, _OPEN, _CLOSE, _U = b'\n"\\{}u'
_ZERO, _ONE, _TWO, _SEVEN, _F = b"0127f"
_DELETE = b"\x7f"
_RARE = np.isin(np.arange(256), np.frombuffer(b"bfu", dtype=np.uint8))
"""What follows the backslash of an escape that has to be looked at."""


@dataclass(frozen=True)
class Batch:
    """The examples of a chunk, in order."""

    contents: list[bytes]
    """Canonical content."""
    prompts: list[str]
    answers: list[str]
    normals: NormalBatch
    """The normal forms of prompt and answer in turn."""
    turns: list[int]
    systems: list[str] | None = None
    labels: list[str] | None = None


class Lane(Protocol):
    """Reads chunks of one shape."""

    def read(self, chunk: bytes) -> Batch | None:
        """Returns the examples of a chunk; None: somebody has to look closer.

        Args:
            chunk: Whole lines.
        """


def lane_for(format_: Format) -> Lane | None:
    """Returns the lane of a format; None: it has none."""
    if format_.name in {"prompt-completion", "labelled-text"} and not format_.conversational:
        return _FlatLane(*format_.required, labelled=format_.name == "labelled-text")
    if format_.name == "language-modeling" and format_.conversational:
        return _ChatLane()
    return None


class _FlatLane:
    """Rows of exactly two texts."""

    def __init__(self, prompt: str, answer: str, *, labelled: bool) -> None:
        # Canonical JSON has its keys in order: so do the fields.
        fields = sorted((prompt, answer))
        row = msgspec.defstruct(
            "Row", [(f"f{n}", str) for n in range(2)],
            rename=dict(zip(("f0", "f1"), fields, strict=True)), forbid_unknown_fields=True,
            gc=False,
        )  # fmt: skip
        self._decode = msgspec.json.Decoder(row).decode_lines
        self._encode = msgspec.json.Encoder().encode_lines
        self._prompt_first = fields[0] == prompt
        self._labelled = labelled

    def read(self, chunk: bytes) -> Batch | None:
        """See `Lane.read`."""
        try:
            rows: list[Any] = self._decode(chunk)
            encoded = self._encode(rows)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not _is_sound(chunk, encoded, len(rows)):
            return None
        first, second = [row.f0 for row in rows], [row.f1 for row in rows]
        prompts, answers = (first, second) if self._prompt_first else (second, first)
        texts = [""] * (2 * len(rows))
        texts[::2], texts[1::2] = prompts, answers
        normals = normal_batch(texts)
        if normals.has_empty:
            return None
        return Batch(
            _lines(encoded), prompts, answers, normals, [1] * len(rows),
            labels=answers if self._labelled else None,
        )  # fmt: skip


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str
    role: str


class _Chat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


@dataclass(frozen=True)
class _Order:
    """What a sequence of roles says."""

    is_sound: bool
    leading: int
    """Turns of the system before all others."""
    answer: int
    """The place of the last answer."""


class _ChatLane:
    """Rows of messages, each of a role and a text."""

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(_Chat).decode_lines
        self._encode = msgspec.json.Encoder().encode_lines
        self._orders: dict[tuple[str, ...], _Order] = {}

    def read(self, chunk: bytes) -> Batch | None:
        """See `Lane.read`."""
        try:
            rows = self._decode(chunk)
            encoded = self._encode(rows)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not _is_sound(chunk, encoded, len(rows)):
            return None
        prompts, answers, systems, turns = [], [], [], []
        for row in rows:
            messages = row.messages
            roles = tuple([message.role for message in messages])
            order = self._orders.get(roles)
            if order is None:
                order = self._orders[roles] = _order(roles)
            if not order.is_sound:
                return None
            texts = [message.content for message in messages]
            for text in texts:
                if not text or text.isspace():
                    return None
            systems.append(BORDER.join(texts[: order.leading]))
            prompts.append(BORDER.join(texts[order.leading : order.answer]))
            answers.append(BORDER.join(texts[order.answer :]))
            turns.append(len(texts))
        both = [""] * (2 * len(rows))
        both[::2], both[1::2] = prompts, map(with_system, answers, systems)
        return Batch(_lines(encoded), prompts, answers, normal_batch(both), turns, systems)


def _order(roles: Sequence[str]) -> _Order:
    faults: list[str] = []
    turns = [Turn(role, "") for role in roles]
    check_order(turns, "", lambda rule, _: faults.append(rule))
    known = {*LEADING, "user", ASSISTANT}
    if faults or ASSISTANT not in roles or not known.issuperset(roles):
        return _Order(is_sound=False, leading=0, answer=0)
    leading = sum(role in LEADING for role in roles)
    answer = max(place for place, role in enumerate(roles) if role == ASSISTANT)
    return _Order(is_sound=True, leading=leading, answer=answer)


def _is_sound(chunk: bytes, encoded: bytes, rows: int) -> bool:
    """Returns whether nothing was lost and nothing strange is in a chunk.

    Args:
        chunk: Lines that were read as JSON.
        encoded: What was read of them, in canonical JSON.
        rows: How many examples were read.
    """
    raw = np.frombuffer(chunk, dtype=np.uint8)
    canonical = np.frombuffer(encoded, dtype=np.uint8)
    return (
        _has_one_row_a_line(raw, rows)
        # A key that was given twice takes its quotation marks with it.
        and np.count_nonzero(raw == _QUOTE) == np.count_nonzero(canonical == _QUOTE)
        and _DELETE not in chunk
        and not _has_strange_escape(raw)
    )


def _has_one_row_a_line(raw: Bytes, rows: int) -> bool:
    """Returns whether each line begins and ends as an object does.

    Two objects on a line, or one on two lines, are not read by all. No object goes on with a brace
    that opens on a line after one that ends with a brace that closes: a comma is between them.
    """
    ends = (raw == _LINE_FEED).nonzero()[0]
    return bool(
        len(ends) == rows > 0
        and ends[-1] == len(raw) - 1
        and raw[0] == _OPEN
        and (raw.take(ends[:-1] + 1) == _OPEN).all()
        and (raw.take(ends - 1) == _CLOSE).all()
    )


def _has_strange_escape(raw: Bytes) -> bool:
    r"""Returns whether a control character is escaped, but for tab and the ends of lines.

    Or a quotation mark by its number: it would make up for one that a key took with it.
    """
    places = (raw == _BACKSLASH).nonzero()[0]
    rare = _RARE.take(raw.take(places + 1)).nonzero()[0]
    if not len(rare):
        return False
    rare = rare[_is_strange(raw, places[rare])]
    if not len(rare):
        return False
    # Of backslashes in a row every second one is text.
    order = np.arange(len(places))
    firsts = np.where(np.diff(places, prepend=-2) > 1, order, 0)
    in_row = order - np.maximum.accumulate(firsts)
    return bool((in_row[rare] % 2 == 0).any())


def _is_strange(raw: Bytes, escapes: Places) -> Flags:
    r"""Returns which escapes stand for a control character, delete or a quotation mark.

    Args:
        raw: JSON.
        escapes: Where ``\b``, ``\f`` and ``\u`` stand.
    """
    strange: Flags = raw.take(escapes + 1) != _U
    # Most are typographic: their numbers are not low.
    low = (raw.take(escapes + 2, mode="clip") == _ZERO).nonzero()[0]
    if len(low):
        hundreds, tens, ones = (raw.take(escapes[low] + place, mode="clip") for place in (3, 4, 5))
        is_quote = (tens == _TWO) & (ones == _TWO)
        is_delete = (tens == _SEVEN) & ((ones | 0x20) == _F)  # in lower case
        strange[low] |= (hundreds == _ZERO) & ((tens <= _ONE) | is_quote | is_delete)
    return strange


def _lines(encoded: bytes) -> list[bytes]:
    lines = encoded.split(b"\n")
    lines.pop()  # what follows the last line feed
    return lines
