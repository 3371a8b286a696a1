"""Compares datasets example by example: what changed, and what they share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.errors import Refused
from ft_registry.examples.table import Match, closest, difference
from ft_registry.model.examples import Profile, Spread

_SHIFT = 0.1
"""A change of a length or share that is worth a line."""
_CLASSES = 5


@dataclass(frozen=True)
class DataDiff:
    """How one dataset became another; equal examples count once."""

    old: FoundSnapshot
    new: FoundSnapshot
    same: int
    added: int
    removed: int
    edited: int
    """Same prompt, other answer."""
    samples: Mapping[str, Sequence[Any]]
    """``added`` and ``removed``: examples; ``edited``: pairs of them. As far as data is there."""
    shifts: tuple[str, ...]
    """What else changed, in words."""


def diff_data(old: FoundSnapshot, new: FoundSnapshot, shelves: Shelves, *, shown: int) -> DataDiff:
    """Returns how one dataset became another.

    Args:
        old: The dataset before.
        new: The dataset after.
        shelves: Has the indexes, and the data.
        shown: How many examples of each kind to look up.

    Raises:
        Refused: They cannot be compared: one has no index, or their hashes have other secrets.
        NotFound, IntegrityError, BackendUnavailable: See `IndexFiles.open`.
    """
    _check_keys(old, new)
    before, after = shelves.table(old), shelves.table(new)
    found = difference(before, after)
    added = [after.exact(row) for row in found.added[:shown]]
    removed = [before.exact(row) for row in found.removed[:shown]]
    edited = [(before.exact(a), after.exact(b)) for a, b in found.edited[:shown]]
    old_rows = shelves.rows(old, {*removed, *(a for a, _ in edited)})
    new_rows = shelves.rows(new, {*added, *(b for _, b in edited)})
    samples: dict[str, Sequence[Any]] = {
        "added": [new_rows[name] for name in added if name in new_rows],
        "removed": [old_rows[name] for name in removed if name in old_rows],
        "edited": [
            [old_rows[a], new_rows[b]] for a, b in edited if a in old_rows and b in new_rows
        ],
    }
    shifts = _shifts(old.snapshot.profile, new.snapshot.profile)
    return DataDiff(
        old, new, found.same, len(found.added), len(found.removed), len(found.edited), samples,
        tuple(shifts),
    )  # fmt: skip


def _check_keys(*found: FoundSnapshot) -> None:
    keys = {one.index.key for one in found}
    if len(keys) > 1:
        names = ", ".join(f"{one.reference}: {one.index.key or 'plain'}" for one in found)
        raise Refused(
            f"expected hashes that were made with one secret, found others ({names})",
            hints=[
                "ft-registry data snapshot PATH --name OTHER, with or without --keyed, makes those "
                "of the other kind where the data still is"
            ],
        )


def _shifts(old: Profile | None, new: Profile | None) -> Iterator[str]:
    if old is None or new is None:
        return
    if old.format != new.format:
        yield f"format: {old.format} -> {new.format}"
    if old.unit == new.unit:
        for name, before, after in (
            ("prompts", old.prompts, new.prompts), ("answers", old.answers, new.answers),
        ):  # fmt: skip
            yield from _length_shift(name, before, after, new.unit)
    for name, before_counts, after_counts in (
        ("label", old.labels, new.labels), ("source", old.sources, new.sources),
        ("language", old.languages, new.languages),
    ):  # fmt: skip
        yield from _class_shifts(name, before_counts, after_counts)


def _length_shift(name: str, old: Spread, new: Spread, unit: str) -> Iterator[str]:
    if abs(new.p50 - old.p50) > _SHIFT * max(old.p50, 1):
        yield f"{name}: half are up to {old.p50} -> {new.p50} {unit} long"


def _class_shifts(name: str, old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    totals = sum(old.values()) or 1, sum(new.values()) or 1
    moved = []
    for value in old.keys() | new.keys():
        shares = old.get(value, 0) / totals[0], new.get(value, 0) / totals[1]
        moved.append((abs(shares[1] - shares[0]), value, shares))
    moved.sort(key=lambda entry: (-entry[0], entry[1]))
    for change, value, shares in moved[:_CLASSES]:
        if change > _SHIFT / 2:
            yield f"{name} {value!r}: {shares[0]:.0%} -> {shares[1]:.0%}"


@dataclass(frozen=True)
class DataOverlap:
    """How much of one dataset another holds."""

    left: tuple[FoundSnapshot, ...]
    """The holder: a snapshot, or all that a version was trained on."""
    right: FoundSnapshot
    """The dataset whose examples are looked for."""
    rows: int
    """Its different examples."""
    exact: int
    normal: int
    """Further ones: equal but for case and spacing."""
    prompt: int
    """Further ones: the same prompt with another answer."""
    near: int | None
    """Further ones: most words in the same order; None: not looked for."""
    samples: tuple[tuple[str, Any], ...]
    """How, and the example, of some of them."""


def overlap_data(
    left: Sequence[FoundSnapshot],
    right: Sequence[FoundSnapshot],
    shelves: Shelves,
    *,
    threshold: float | None,
    shown: int = 3,
) -> DataOverlap:
    """Returns how many examples of the right side the left side holds.

    Args:
        left: The holder.
        right: One dataset.
        shelves: Has the indexes, and the data.
        threshold: Look for near duplicates of this similarity (see `ft_registry.examples.near`);
            None: do not.
        shown: How many examples to look up.

    Raises:
        Refused: They cannot be compared; or there is more than one dataset on the right.
        NotFound, IntegrityError, BackendUnavailable: See `IndexFiles.open`; near duplicates need
            the data itself.
    """
    if len(right) != 1:
        names = ", ".join(one.reference for one in right)
        raise Refused(
            f"expected one dataset to be looked for, found {names}",
            hints=["the second name is the evaluation set, the first may be a version"],
        )
    (asked,) = right
    _check_keys(*left, asked)
    table = shelves.table(asked)
    table = table.rows(table.is_first)
    matches = closest(table, [shelves.table(one) for one in left])
    near = None
    if threshold is not None:
        from ft_registry.actions.near import find_near

        near = find_near(left, asked, table, matches, shelves, threshold=threshold)
    places = [
        (match, table.exact(int(row)))
        for match in (Match.EXACT, Match.NORMAL, Match.PROMPT, Match.NEAR)
        for row in np.flatnonzero(matches == match)[:shown]
    ]
    rows = shelves.rows(asked, {name for _, name in places})
    samples = tuple((match.word, rows[name]) for match, name in places if name in rows)
    return DataOverlap(
        tuple(left), asked, len(table),
        exact=int((matches == Match.EXACT).sum()), normal=int((matches == Match.NORMAL).sum()),
        prompt=int((matches == Match.PROMPT).sum()), near=near, samples=samples,
    )  # fmt: skip
