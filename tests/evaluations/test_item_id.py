"""The name of an item is that of its content in canonical JSON, by whichever way it is made."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import InvalidInput
from ft_registry.evaluations.items import item_id
from ft_registry.model.canonical import canonical_bytes

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@law
@example(["\x7f", "\x00\x1f\b\f\n\r\t", '\\/"<>'])
@given(st.lists(TEXTS | st.text(st.characters(codec="ascii")) | st.lists(TEXTS), max_size=4))
def test_it_is_the_digest_of_canonical_json(content: list[object]) -> None:
    digest = hashlib.sha256(canonical_bytes(content)).hexdigest()
    assert item_id(*content) == digest[:16]


def test_what_has_no_canonical_form_has_no_name() -> None:
    with pytest.raises(InvalidInput):
        item_id("\ud800")
