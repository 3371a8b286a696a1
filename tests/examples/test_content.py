"""Canonical content: RFC 8785 wherever it is defined, and one spelling wherever it is not."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.examples.strategies import any_texts, json_objects, texts
from tests.unit.strategies import law

from ft_registry.examples.content import Hasher, canonical_content
from ft_registry.examples.normal import normal_batch

EXACT = 2**53 - 1
finite = st.floats(allow_nan=False, allow_infinity=False)
standard = st.recursive(
    st.booleans() | st.integers(-EXACT, EXACT) | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
without_floats = st.recursive(
    st.none() | st.booleans() | st.integers() | any_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_texts, inner, max_size=3),
)


@law
@given(content=st.dictionaries(texts, standard, max_size=4))
def test_it_is_rfc_8785(content: dict[str, Any]) -> None:
    assert canonical_content(content) == rfc8785.dumps(content)


@law
@given(content=st.dictionaries(any_texts, without_floats, max_size=4))
def test_not_looking_for_floats_changes_nothing(content: dict[str, Any]) -> None:
    assert canonical_content(content, has_floats=False) == canonical_content(content)


@law
@given(content=json_objects, data=st.data())
def test_neither_order_nor_absent_values_change_it(
    content: dict[str, Any], data: st.DataObject
) -> None:
    keys = data.draw(st.permutations(list(content)))
    other: dict[str, Any] = {key: content[key] for key in keys}
    for key in ("absent", "😀", "\uffff"):
        other.setdefault(key, None)
    expected = canonical_content({key: one for key, one in content.items() if one is not None})
    assert canonical_content(other) == expected


def test_text_that_is_no_unicode_has_one_spelling_of_its_own() -> None:
    found = {
        canonical_content({"a": text, "n": 1.0}) for text in ("\ud800", "\udfff", "\\ud800", "?")
    }
    assert len(found) == 4
    assert b'{"a":"\\ud800","n":1}' in found
    assert canonical_content({"\ud800": [True, {"b": 2}]}) == b'{"\\ud800":[true,{"b":2}]}'


def test_a_null_within_a_list_stays() -> None:
    assert canonical_content({"a": [None, {"b": None}]}) == b'{"a":[null,{}]}'


def test_nan_is_one_of_a_kind() -> None:
    assert len({canonical_content({"a": float(name)}) for name in ("nan", "inf", "-inf")}) == 3


@pytest.mark.parametrize("key", [None, b"secret"])
def test_pairs_have_the_hashes_of_their_texts(key: bytes | None) -> None:
    hasher = Hasher(key)
    whole, asked = hasher.pairs(normal_batch(["A b", "c", "", "d", "e", ""]))
    assert asked == hasher.short([b"ab", b"", b"e"])
    assert whole == hasher.short([b"ab\x7fc", b"\x7fd", b"e\x7f"])
    assert hasher.pairs(normal_batch([])) == (b"", b"")
