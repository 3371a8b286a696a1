"""Canonical JSON is RFC 8785, and reading is strict."""

import contextlib
import json
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import EXACT, finite, json_objects, json_values, law

from ft_registry.errors import IntegrityError, InvalidInput
from ft_registry.model.canonical import canonical_bytes, digest, parse_json

# RFC 8785, appendix B.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "expected"), NUMBERS)
def test_numbers_are_written_as_rfc_8785_says(bits: str, expected: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes(number) == expected.encode()


def test_the_example_of_rfc_8785_section_3_2_2() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_bytes(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_ordered_by_utf_16_as_in_section_3_2_3() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_bytes(dict.fromkeys(keys)))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\b\t\n\f\r", r'"\b\t\n\f\r"'),
        ("\x00\x1f", r'"\u0000\u001f"'),
        ('"\\/', r'"\"\\/"'),
        ("\x7f\u2028é", '"\x7f\u2028é"'),
    ],
    ids=ascii,
)
def test_only_what_must_be_escaped_is(text: str, expected: str) -> None:
    assert canonical_bytes(text) == expected.encode()


@given(json_objects, st.randoms(use_true_random=False), st.sampled_from([None, 1, "\t"]))
@law
def test_key_order_and_spacing_do_not_matter(
    value: dict[str, object], chance: random.Random, indent: int | str | None
) -> None:
    keys = list(value)
    chance.shuffle(keys)
    other = json.dumps({key: value[key] for key in keys}, indent=indent, ensure_ascii=False)
    assert digest(parse_json(other, what="it")) == digest(value)


@given(json_values)
@law
def test_reading_what_was_written_and_writing_it_again_changes_no_byte(value: object) -> None:
    written = canonical_bytes(value)
    assert canonical_bytes(parse_json(written, what="it")) == written


@given(finite.filter(lambda number: abs(number) > EXACT))
@law
def test_a_float_that_is_written_in_digits_comes_back_as_that_float(number: float) -> None:
    assert parse_json(canonical_bytes([number]), what="it") == [number]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**53,
        -(2**53),
        10**400,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        b"bytes",
        {1, 2},
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_has_no_canonical_form_is_refused_anywhere(value: object) -> None:
    with pytest.raises(InvalidInput):
        canonical_bytes({"deep": [value]})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(InvalidInput):
        canonical_bytes(value)


@pytest.mark.parametrize("number", [EXACT, -EXACT, 0])
def test_integers_up_to_2_53_are_kept(number: int) -> None:
    assert canonical_bytes(number) == str(number).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} 2',
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "c": 2, "a": 3}}]',
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b'"\\ud800"',
        b'{"\\uDFFF": 1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\x01"',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32-le"),
        b"[" * 100_000,
        b"1" * 5000,
    ],
    ids=lambda data: ascii(data)[:24],
)
def test_what_two_readers_could_take_differently_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="expected the record to be strict JSON"):
        parse_json(data, what="the record")


def test_duplicate_keys_are_named() -> None:
    with pytest.raises(IntegrityError, match="duplicate keys 'a', 'b'"):
        parse_json(b'{"b":1,"a":1,"c":1,"a":2,"b":2}', what="it")


@pytest.mark.parametrize("number", [0, 7, -7, EXACT, 10**400, 2**53 + 1])
def test_whole_numbers_are_read_as_such(number: int) -> None:
    (found,) = parse_json(f"[{number}]", what="it")
    assert found == number
    assert isinstance(found, int)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"', what="it") == "\U0001f600"


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a":1}', what="it") == {"a": 1}


@given(st.binary(max_size=40) | st.text('{}[]",:0123456789eE+-.u\\dD ntrf', max_size=40))
@law
def test_reading_refuses_or_answers_whatever_the_bytes_are(data: bytes | str) -> None:
    with contextlib.suppress(IntegrityError):
        parse_json(data, what="it")


@pytest.mark.parametrize("text", ["[" * 101 + "]" * 101, '{"a":' * 150 + "1" + "}" * 150])
@pytest.mark.parametrize("tolerant", [False, True])
def test_depth_has_a_bound(text: str, tolerant: bool) -> None:
    with pytest.raises(IntegrityError, match="more than 100 deep"):
        parse_json(text, what="it", tolerant=tolerant)
    assert parse_json("[" * 100 + "]" * 100, what="it", tolerant=tolerant)
    assert len(parse_json("[" + "[[1]]," * 5000 + "[]]", what="it", tolerant=tolerant)) == 5001


@pytest.mark.parametrize("text", ["[NaN]", "[-Infinity]", "[1e999]", '["\\ud800"]'])
def test_what_python_writes_is_let_through_where_it_is_asked_for(text: str) -> None:
    with pytest.raises(IntegrityError):
        parse_json(text, what="it")
    assert len(parse_json(text, what="it", tolerant=True)) == 1


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', "[", "1" * 5000, "[" * 100_000, "\ufeff\ufeff1"]
)
def test_what_has_no_one_meaning_is_refused_by_tolerant_readers_too(text: str) -> None:
    with pytest.raises(IntegrityError):
        parse_json(text, what="it", tolerant=True)
