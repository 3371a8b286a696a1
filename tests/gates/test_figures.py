"""Numbers in answers and reports: as short as they can be told."""

import pytest

from ft_registry.formats import verdict_words
from ft_registry.gates import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0000"), (-0.0, "0.0000"), (-1e-17, "0.0000"), (0.25, "0.2500"), (1e-4, "0.0001"),
        (9.9e-5, "9.900e-05"), (-3e-7, "-3.000e-07"), (1e150, "1.000e+150"), (1e6, "1.000e+06"),
    ],
)  # fmt: skip
def test_a_number_is_told_in_few_characters(value: float, shown: str) -> None:
    assert words.number(value) == verdict_words.number(value) == shown
    signed = shown if shown.startswith("-") else f"+{shown}"
    assert words.signed(value) == verdict_words.signed(value) == signed


def test_large_numbers_keep_their_digits() -> None:
    assert (words.number(12345.67), verdict_words.number(12345.67)) == ("12,345.7", "12345.7")
