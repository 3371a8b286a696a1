"""Whatever a file holds, the kernel says what is wrong and never breaks.

A hundred tries by default; ``FT_REGISTRY_FUZZ_SECONDS=600`` tries for as long as it says.
"""

import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.examples.strategies import any_texts, cut, finite, spelled, whole

from ft_registry.examples.formats import (
    KINDS,
    SYNONYMS,
    UNKNOWN,
    Format,
    detect_format,
    named_format,
)
from ft_registry.examples.kernel import ROW_BYTES, Kernel, Settings

# Read when the tests are collected: no variable of ours outlives the start of the session.
SECONDS = float(os.environ.get("FT_REGISTRY_FUZZ_SECONDS", "0"))

fuzz = settings(
    max_examples=2000 if SECONDS else 40, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

words = sorted(
    {
        *(key for kind in KINDS.values() for key in (*kind.required, *kind.optional)),
        *(key for synonyms in SYNONYMS.values() for key in synonyms),
        "role", "content", "from", "value", "weight", "tool_calls", "function_call", "messages",
        "source", "lang", "text", "id", "who",
    }
)  # fmt: skip
keys = st.sampled_from(words) | any_texts
spoken = st.sampled_from(
    ["user", "assistant", "system", "human", "gpt", "tool", "bedrock-conversation-2024", "", " "]
)
values = st.recursive(
    st.none() | st.booleans() | whole | finite | any_texts | spoken,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
        | st.lists(
            st.fixed_dictionaries({"role": spoken, "content": inner})
            | st.fixed_dictionaries({"from": spoken, "value": inner}),
            max_size=3,
        )
    ),
    max_leaves=12,
)
formats = st.sampled_from(
    [Format(UNKNOWN)]
    + [
        Format(name, conversational=style)
        for name, kind in KINDS.items()
        for style in sorted({False, kind.has_styles})
    ]
)


@st.composite
def rows_for(draw: st.DrawFn, format_: Format) -> dict[str, Any]:
    """An object that has most of the keys that its format asks for."""
    row = draw(st.dictionaries(keys, values, max_size=3))
    for key in format_.required:
        if draw(st.integers(0, 9)):
            row[key] = draw(values)
    return row


@st.composite
def chunks_for(draw: st.DrawFn, format_: Format) -> bytes:
    """Lines of JSON and of what was JSON once, and of anything."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        line = spelled(draw(rows_for(format_)), draw).encode()
        kind = draw(st.integers(0, 9))
        if kind == 0:
            line = draw(st.binary(max_size=40))
        elif kind == 1:
            line = draw(cut(line))
        lines.append(line)
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n", b"\r\n"]))


@fuzz
@given(format_=formats, data=st.data(), keyed=st.booleans(), subject=st.sampled_from(["", "who"]))
def try_json(format_: Format, data: st.DataObject, keyed: bool, subject: str) -> None:
    chunk = data.draw(chunks_for(format_))
    check(Settings(format_, key=b"k" if keyed else None, subject=subject), chunk)


@fuzz
@given(format_=formats, chunk=st.binary(max_size=200))
def try_bytes(format_: Format, chunk: bytes) -> None:
    check(Settings(format_, line_limit=100), chunk)


@fuzz
@given(format_=formats, data=st.data())
def try_recognising(format_: Format, data: st.DataObject) -> None:
    rows = data.draw(st.lists(rows_for(format_), max_size=3))
    found = [detect_format(rows)]
    if format_.name != UNKNOWN:
        found.append(named_format(format_.name, rows))
    for one in found:
        assert one.title
        assert one.required or one.name == UNKNOWN
        lines = "\n".join(spelled(row, data.draw) for row in rows)
        check(Settings(one), lines.encode())


def check(look: Settings, chunk: bytes) -> None:
    """Raises where something breaks, or two ways through the kernel find two things."""
    parts = []
    for lane in (True, False):
        kernel = Kernel(look)
        if not lane:
            kernel._lane = None
        kernel.take(chunk, starts_file=True, ends_file=True)
        parts.append(kernel.finish())
    part = parts[0]
    assert part == parts[1]
    lost = part.rows - len(part.hashes) // ROW_BYTES
    assert 0 <= lost <= part.faults.total
    assert len(part.subjects) == (len(part.hashes) // 4 if look.subject else 0)
    assert part.tally.totals.size == len(part.hashes) // ROW_BYTES
    for fault in part.faults.first:
        assert fault.message.isascii()
        assert 0 < fault.line <= max(part.lines, 1)  # a byte order mark alone is no line


@pytest.mark.parametrize("attempt", [try_json, try_bytes, try_recognising])
def test_nothing_breaks_the_kernel(attempt: Any) -> None:
    started = time.monotonic()
    attempt()
    while time.monotonic() - started < SECONDS / 3:
        attempt()
