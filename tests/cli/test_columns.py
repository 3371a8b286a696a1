"""Text fitted into the columns of a terminal: nothing is wider, and folding loses nothing."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry_cli.columns import fitted, folded, width

WORDS = st.text(alphabet="ab 日本é", max_size=300)


@given(WORDS, st.integers(12, 90))
@law
def test_no_line_is_wider_and_no_word_is_lost(text: str, columns: int) -> None:
    lines = folded([text], columns)
    assert max(map(width, lines)) <= columns
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert width(fitted(text, columns)) <= columns


def test_what_fits_stays_as_it_is_and_the_rest_hangs() -> None:
    assert folded(["", "  a b", "  one two three"], 11) == ["", "  a b", "  one two", "     three"]


def test_a_wide_letter_takes_two_columns() -> None:
    assert (width("日本"), fitted("日本語日本語", 10)) == (4, "日本語 ...")
