"""A format is read back from the title that is on record of it, or not at all."""

from itertools import product

import pytest

from ft_registry.examples.formats import KINDS, SYNONYMS, UNKNOWN, Format
from ft_registry.examples.titles import titled_format


def named() -> list[Format]:
    """Returns every format in both styles, with every choice of its own keys."""
    found = [Format(UNKNOWN)]
    for name, kind in KINDS.items():
        keys = (*kind.required, *kind.optional)
        for own in product(*(SYNONYMS.get(standard, (standard,)) for standard in keys)):
            pairs = zip(keys, own, strict=True)
            renamed = tuple((standard, key) for standard, key in pairs if standard != key)
            found += [Format(name, style, renamed) for style in (False, True)]
    return found


def test_a_title_tells_its_format() -> None:
    formats = named()
    assert [titled_format(format_.title) for format_ in formats] == formats


@pytest.mark.parametrize(
    "title", ["", "poetry", "preference (sung)", "prompt-completion (question; conversational)"]
)
def test_a_title_of_no_known_format_tells_none(title: str) -> None:
    assert titled_format(title) is None
