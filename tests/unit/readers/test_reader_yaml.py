"""YAML is read as DVC reads it: version 1.2, each key once."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import FtRegistryError, Refused
from ft_registry.readers.yaml_file import parse_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("1.5", 1.5),
        ("012", 12),
        ("0o14", 12),
        ("no", "no"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("1:30", "1:30"),
        ("'7'", "7"),
        ("", None),
        ("[a, b]", ["a", "b"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("x: &a [1]\ny: *a", {"x": [1], "y": [1]}),
    ],
)
def test_values_are_those_of_yaml_1_2(text: str, expected: Any) -> None:
    assert parse_yaml(text.encode(), what="it") == expected


@pytest.mark.parametrize(
    "text",
    [
        b"a: 1\na: 2",
        b"{a: {b: 1, b: 2}}",
        b"a: [1",
        b"a: b: c",
        b"--- a\n--- b",
        b"*nobody",
        b"\t- a",
        b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n",
        b"!!python/object/apply:os.system [ls]",
        b"!mine x",
        b"!!bool maybe",
        b'!!int ""',
        b'!!float ""',
        b"!!timestamp x",
        b"2026-13-45",
        b'"\\UFFFFFFFF"',
        b"? {a: b}\n: c",
        b"? - {a: b}\n",
        b"\xff",
        b"\x00",
        b"a: " + b"9" * 5000,
        b"[" * 1500,
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_what_is_no_yaml_is_refused_by_name(text: bytes) -> None:
    with pytest.raises(Refused, match="expected params to be YAML, found: "):
        parse_yaml(text, what="params")


def test_a_refusal_is_one_line() -> None:
    with pytest.raises(Refused) as caught:
        parse_yaml(b"a: 1\na: 2", what="params")
    assert "\n" not in caught.value.message


@given(st.text("ab:-?[]{}!&*<>|%@`'\"#,.~ \n\t0123456789eE_\\xuU=", max_size=25))
@law
def test_whatever_the_text_is_it_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(FtRegistryError):
        parse_yaml(text.encode(), what="it")


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "anchors that stand for more"),
        (MERGES, "anchors that stand for more"),
        ("a: &a [*a]", "contains itself"),
        ("&a {b: {c: *a}}", "contains itself"),
        ("[" * 100_000, "100 deep"),
        ("{a: " * 200, "100 deep"),
        ("- " * 200, "100 deep"),
        ("? " * 200, "100 deep"),
        ("\n".join(" " * n + "a:" for n in range(200)), "100 deep"),
        ("x" * (17 << 20), "bytes of YAML"),
    ],
    ids=lambda value: value[:12],
)
def test_what_would_take_all_time_and_memory_is_refused_early(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        parse_yaml(text.encode(), what="it")


def test_ordinary_anchors_and_depths_are_read() -> None:
    text = "base: &b {x: 1}\nall:\n- {<<: *b, y: 2}\n- *b\ndeep: " + "[" * 90 + "]" * 90
    assert parse_yaml(text.encode(), what="it")["all"] == [{"x": 1, "y": 2}, {"x": 1}]
