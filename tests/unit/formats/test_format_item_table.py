"""Tables of scored items: what is written is read again, and what is none is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import IntegrityError
from ft_registry.evaluations.items import Items
from ft_registry.formats.item_table import item_table, read_item_table

texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn) -> Items:
    """Draws items with any of the columns there are."""
    ids = draw(st.lists(texts, max_size=5, unique=True))

    def words() -> list[str]:
        return draw(st.lists(texts, min_size=len(ids), max_size=len(ids)))

    def values() -> Any:
        return np.array(draw(st.lists(numbers, min_size=len(ids), max_size=len(ids))), dtype=float)

    return Items(
        ids=ids,
        scores={name: values() for name in draw(st.sets(texts, max_size=2))},
        tasks=words() if draw(st.booleans()) else None,
        clusters=words() if draw(st.booleans()) else None,
        slices={name: words() for name in draw(st.sets(texts, max_size=2))},
        texts={name: words() for name in draw(st.sets(st.sampled_from(["prompt", "target"])))},
        numbers={name: values() for name in draw(st.sets(st.sampled_from(["tokens"])))},
    )


@given(items=tables())
@law
def test_what_is_written_is_read_again(
    items: Items, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("items") / "items.parquet"
    file.write_bytes(item_table(items))
    found = read_item_table(file)
    assert (found.ids, found.tasks, found.clusters) == (items.ids, items.tasks, items.clusters)
    assert (found.slices, found.texts) == (items.slices, items.texts)
    for ours, theirs in ((items.scores, found.scores), (items.numbers, found.numbers)):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name], equal_nan=True) for name in ours)


def test_the_same_items_are_the_same_bytes() -> None:
    def made() -> bytes:
        return item_table(Items(ids=["a", "b"], scores={"x": np.array([1.0, 0.5])}))

    assert made() == made()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table", b"PAR1" + bytes(64) + b"PAR1"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "items.parquet"
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match="table of scored items"):
        read_item_table(file)
