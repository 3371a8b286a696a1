"""Where a new model got worse: each part of the items that shares a property, and by chance?"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ft_registry.evaluations.items import Floats
from ft_registry.gates.samples import Clusters, groups_of, is_binary, is_flat
from ft_registry.model.verdict import SliceFinding
from ft_registry.statistics.deltas import deltas
from ft_registry.statistics.mcnemar import mcnemar
from ft_registry.statistics.multiplicity import holm
from ft_registry.statistics.paired import paired_t

Places: TypeAlias = "np.ndarray[Any, np.dtype[np.intp]]"


def find_harm(
    new: Floats,
    old: Floats,
    clusters: Clusters,
    slices: Mapping[str, Sequence[str]],
    *,
    shown: tuple[Floats, Floats],
) -> tuple[SliceFinding, ...]:
    """Returns each value of each property, with p of the new side being worse on its items.

    All of them together err as seldom as one (Holm).

    Args:
        new: Finite scores, more is better.
        old: The same of the other side, of the same items.
        clusters: What the items belong to.
        slices: The values of the items, by property; empty: an item has none.
        shown: New and old scores as they were measured.
    """
    parts = []
    for name, column in slices.items():
        values = np.array(column, dtype=object)
        there = sorted({text for text in column if text})
        parts += [(f"{name}={value}", np.flatnonzero(values == value)) for value in there]
    worse = holm([_p_worse(new, old, clusters, places) for _, places in parts])
    return tuple(
        SliceFinding(
            slice=name, n=len(places), before=float(shown[1][places].mean()),
            after=float(shown[0][places].mean()), p_worse=p,
        )
        for (name, places), p in zip(parts, worse, strict=True)
    )  # fmt: skip


def _p_worse(new: Floats, old: Floats, clusters: Clusters, places: Places) -> float:
    ours, theirs = new[places], old[places]
    groups = groups_of(None if clusters is None else [clusters[p] for p in places.tolist()])
    if groups is not None or not is_binary(ours, theirs):
        found = paired_t(ours, theirs, clusters=groups, alternative="less")
        if found.p is not None and found.standard_error is not None:
            if not is_flat(found.standard_error, ours, theirs):
                return found.p
        elif groups is not None:
            return 1.0  # one cluster tells nothing
    # Nothing spreads, or each is right or wrong: as many losses as that by the toss of a coin?
    turned = deltas(ours, theirs, groups)
    least = turned.rounding * turned.sizes
    gained, lost = int((turned.sums > least).sum()), int((turned.sums < -least).sum())
    return mcnemar(gained, lost, alternative="less")
