"""Examples, lines and chunks as files hold them: fine, odd and broken."""

import json
from typing import Any

from hypothesis import strategies as st

characters = st.sampled_from(
    [*"aBc 1é\n\t\"\\/{}[],:", "\x00", "\x08", "\x0c", "\x1e", "\x1f", "\x7f", "\x85", "\xa0",
     "\u0130", "\u0301", "\u0327", "\u0338", "\u2019", "\ufb01", "\u1e9e", "\u03a3", "\u200b",
     "\u3042", "\uff21", "\ufeff", "\uffff", "\U0001d400", "\U0001f600", "\U0010ffff"]
)  # fmt: skip
texts = st.text(characters, max_size=8) | st.text(max_size=8)
"""Of whole characters; many that change in normal form, or that JSON escapes."""
surrogates = st.sampled_from([chr(0xD800), chr(0xDBFF), chr(0xDC00), chr(0xDFFF)])
any_texts = st.text(characters | surrogates, max_size=8)
"""Halves of characters among them."""
plain_texts = st.text("abc ,.é\n", min_size=1, max_size=12).filter(str.strip)
"""Nothing that breaks a rule."""

whole = st.integers() | st.integers(-(10**40), 10**40)
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | whole | finite | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
json_objects = st.dictionaries(texts, json_values, max_size=4)

roles = st.sampled_from(["system", "user", "assistant", "tool", "bot", ""])
messages = st.lists(
    st.fixed_dictionaries({"role": roles, "content": texts | plain_texts}), max_size=4
)


def escaped(text: str, draw: st.DrawFn) -> str:
    """Returns a text as JSON, some of its characters escaped that need not be."""
    spelled = []
    for char in text:
        must = char in '"\\' or ord(char) < 0x20 or 0xD800 <= ord(char) <= 0xDFFF
        if draw(st.booleans()) if must else draw(st.integers(0, 5)) == 0:
            units = char.encode("utf-16-be", "surrogatepass").hex()
            units = units.upper() if draw(st.booleans()) else units
            spelled += [f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)]
        elif must:
            spelled.append(json.dumps(char)[1:-1])
        else:
            spelled.append(char)
    return f'"{"".join(spelled)}"'


def spelled(value: Any, draw: st.DrawFn, *, ordered: bool = False) -> str:
    """Returns JSON with keys in any order, spaces in between, and escapes."""
    space = draw(st.sampled_from(["", " ", "\t"]))
    if isinstance(value, str):
        return escaped(value, draw)
    if isinstance(value, dict):
        items = list(value.items())
        items = items if ordered else draw(st.permutations(items))
        pairs = [f"{escaped(key, draw)}{space}:{spelled(one, draw)}" for key, one in items]
        return f"{{{space}{f'{space},'.join(pairs)}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f',{space}'.join(spelled(one, draw) for one in value)}]"
    return json.dumps(value)


@st.composite
def lines_of(draw: st.DrawFn, *kinds: Any, keys: tuple[str, ...]) -> bytes:
    """One line that holds what a lane reads, or nearly so."""
    row = {key: draw(kind) for key, kind in zip(keys, kinds, strict=True)}
    oddity = draw(st.integers(0, 14))
    line = spelled(row, draw)
    if oddity == 0:
        line = spelled({**row, draw(texts): draw(scalars)}, draw)
    elif oddity == 1:  # a key twice
        line = f'{line.rstrip()[:-1]},"{keys[0]}":{spelled(draw(kinds[0]), draw)}}}'
    elif oddity == 2:
        line = draw(st.sampled_from(["", " ", f" {line}", f"{line} ", f"{line}\r", line * 2]))
    elif oddity == 3:
        line = line[: draw(st.integers(0, len(line)))]
    elif oddity == 4:
        line = line.replace(",", ",\n", 1)
    return line.encode()


def chunks_of(*kinds: Any, keys: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    """Lines, the last one open or not."""
    lines = st.lists(lines_of(*kinds, keys=keys), min_size=1, max_size=5)
    ends = st.sampled_from([b"\n", b"\n", b"\n", b"", b"\n\n"])
    return st.builds(lambda lines, end: b"\n".join(lines) + end, lines, ends)


@st.composite
def cut(draw: st.DrawFn, line: bytes) -> bytes:
    """A line with a piece lost, put twice, or changed."""
    start = draw(st.integers(0, len(line)))
    stop = draw(st.integers(start, len(line)))
    middle = draw(st.sampled_from([b"", line[start:stop] * 2]) | st.binary(max_size=3))
    return line[:start] + middle + line[stop:]
