"""Tables of hashes: what two of them have in common, whichever is the larger."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ft_registry.examples.table import (
    HashTable,
    Match,
    RootHasher,
    closest,
    difference,
    overlap,
    table_of,
)

words = st.integers(0, 5)
hashes = st.lists(st.tuples(words, words, words, words), max_size=8)


def table(rows: list[tuple[int, int, int, int]]) -> HashTable:
    return table_of(np.array(rows, dtype=">u8").reshape(-1, 4).tobytes())


def root(rows: list[tuple[int, int, int, int]]) -> str:
    hasher = RootHasher()
    hasher.add(table(rows))
    return hasher.root


@given(hashes, hashes)
def test_an_overlap_is_what_sets_say(
    left: list[tuple[int, int, int, int]], right: list[tuple[int, int, int, int]]
) -> None:
    ours, theirs = sorted(left), right
    found = overlap(table(left), table(right))
    exact = [n for n, row in enumerate(ours) if row[:2] in {other[:2] for other in theirs}]
    normal = [
        n
        for n, row in enumerate(ours)
        if n not in exact and row[2] in {other[2] for other in theirs}
    ]
    prompt = [
        n
        for n, row in enumerate(ours)
        if n not in exact
        and n not in normal
        and row[3]
        and row[3] in {other[3] for other in theirs}
    ]
    assert found.exact.tolist() == exact
    assert found.normal.tolist() == normal
    assert found.prompt.tolist() == prompt


@given(hashes, hashes)
def test_a_difference_adds_up(
    old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]]
) -> None:
    before, after = {row[:2] for row in old}, {row[:2] for row in new}
    found = difference(table(old), table(new))
    assert found.same == len(before & after)
    assert len(found.added) + len(found.edited) == len(after - before)
    assert len(found.removed) + len(found.edited) == len(before - after)


@given(hashes)
def test_a_root_does_not_depend_on_the_order(rows: list[tuple[int, int, int, int]]) -> None:
    assert root(rows) == root(rows[::-1])


@given(hashes, st.lists(hashes, max_size=3))
def test_of_several_matches_the_closest_counts(
    left: list[tuple[int, int, int, int]], others: list[list[tuple[int, int, int, int]]]
) -> None:
    ours, theirs = table(left), [table(rows) for rows in others]
    found = closest(ours, theirs)
    for place in range(len(ours)):
        one = ours.rows([place])
        each = [overlap(one, other) for other in theirs]
        expected = Match.NONE
        for kind, match in (
            ("prompt", Match.PROMPT), ("normal", Match.NORMAL), ("exact", Match.EXACT),
        ):  # fmt: skip
            if any(len(getattr(other, kind)) for other in each):
                expected = match
        assert found[place] == expected
    assert [match.word for match in Match] == ["none", "near", "prompt", "normal", "exact"]
