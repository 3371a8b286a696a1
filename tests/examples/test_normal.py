"""The normal form: the same in bulk as one by one, and blind to what it should be blind to."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.examples.strategies import any_texts, texts
from tests.unit.strategies import law

from ft_registry.examples.normal import BORDER, normal_batch, normal_text


def defined(text: str) -> bytes:
    """The normal form, as it is defined."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(
        char
        for char in folded
        if char == BORDER or not (char.isspace() or unicodedata.category(char) == "Cc")
    )
    return kept.encode("utf-8", "surrogatepass")


many = st.lists(any_texts | st.text(), max_size=6)


@law
@given(found=many)
@example([])
@example([""])
@example(["", "a"])
@example(["c\u0327", "a\u0327", "x" * 50])
@example(["<\u0338" + "y" * 50])
@example(["a\x7fb", "c"])
@example(["A\x1eb", " \x1e", "é\x1e"])
@example(["\ud800", "a"])
@example(["\u0301a" + "x" * 30, "e", "\u0301"])
@example(["\u1100\u1161\u11a8" + "x" * 90, "a\u1161" + "x" * 30])
@example(["a" * 90 + "\u0130", "\u1e9e" + "b" * 90])
def test_in_bulk_the_normal_form_is_the_same(found: list[str]) -> None:
    batch = normal_batch(found)
    one_by_one = [normal_text(text) for text in found]
    assert batch.texts() == one_by_one
    assert batch.has_empty == (b"" in one_by_one)


def test_every_character_is_the_same_in_bulk_behind_ascii() -> None:
    pad = "x" * 60
    for start in range(0x80, 0x3400, 128):
        found = [f"{pad}{'ceaSI<~ 0'[code % 9]}{chr(code)}z" for code in range(start, start + 128)]
        assert normal_batch(found).texts() == [normal_text(text) for text in found]


@law
@given(text=any_texts | st.text())
def test_the_normal_form_is_what_it_is_defined_to_be(text: str) -> None:
    assert normal_text(text) == defined(text)


def test_so_it_is_for_every_character() -> None:
    for code in range(0x110000):
        char = chr(code)
        if normal_text(char) != defined(char):
            pytest.fail(f"U+{code:04X}")


def test_what_composes_with_ascii_has_a_combining_class() -> None:
    """The law that lets runs outside ASCII be looked up by themselves."""
    for code in range(0x80, 0x110000):
        first, _, second = unicodedata.decomposition(chr(code)).partition(" ")
        if second and not first.startswith("<") and int(first, 16) < 0x80:
            assert unicodedata.combining(chr(int(second, 16)))


@law
@given(text=texts, where=st.integers(0, 8), space=st.sampled_from(" \t\n\r\u2003\x1f\x00"))
def test_spaces_and_control_characters_do_not_matter(text: str, where: int, space: str) -> None:
    marks = any(unicodedata.normalize("NFKC", char) != char for char in text)
    composed = any(unicodedata.combining(char) for char in text) or "\u1161" <= text <= "\u11ff"
    if not (marks or composed):
        assert normal_text(text[:where] + space + text[where:]) == normal_text(text)
    assert normal_text(f" {text}{space}") == normal_text(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("Caf\u00e9", "CAFE\u0301"),
        ("\ufb01ne", "FINE"),
        ("\uff21", "a"),
        ("\u03a3\u03c2", "\u03c3\u03c3"),
    ],
)
def test_case_and_compatibility_do_not_matter(one: str, other: str) -> None:
    assert normal_text(one) == normal_text(other)
