"""What a gate asks of scored items before it reckons with them, and of their spread."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Floats
from ft_registry.gates.words import counted, number
from ft_registry.statistics.power import paired_t_items

Clusters: TypeAlias = Sequence[str] | None

_SHOWN = 3
_FLAT = 1e-12
"""A spread that is smaller, beside the scores, is none: the last bits make it."""
_FAR = 3000
"""Standard deviations in an effect beyond which it takes more items than anybody scores."""


def check_scores(scores: Floats, ids: Sequence[str] = (), *, whose: str = "it") -> None:
    """Refuses scores that cannot be reckoned with.

    Raises:
        Refused: There are none, or one is no finite number.
    """
    if not len(scores):
        raise Refused(f"expected scored items of {whose}, found none")
    odd = np.flatnonzero(~np.isfinite(scores)).tolist()
    if odd:
        named = ", ".join(ids[place] for place in odd[:_SHOWN]) if len(ids) else ""
        raise Refused(
            f"expected a finite score of every item of {whose}, found {counted(len(odd))} of "
            f"{len(scores):,} without{f': {named}' if named else ''}"
        )


def is_binary(*sides: Floats) -> bool:
    """Returns whether every score is 0 or 1."""
    return all(bool(((side == 0) | (side == 1)).all()) for side in sides)


def groups_of(clusters: Clusters) -> Clusters:
    """Returns clusters where they join items; one item each says the same as none."""
    if clusters is None or len(set(clusters)) == len(clusters):
        return None
    return clusters


def check_clusters(groups: Clusters) -> None:
    """Refuses items that are all of one cluster.

    Raises:
        Refused: They are: nothing tells how clusters differ.
    """
    if groups is not None and len(set(groups)) < 2:
        raise Refused(
            f"expected at least 2 clusters, found one that all {counted(len(groups))} belong to"
        )


def is_flat(error: float, *sides: Floats) -> bool:
    """Returns whether a standard error is none, beside the scores that it is of."""
    return error <= _FLAT * max(float(np.abs(side).max()) for side in sides)


def constant(scores: Floats) -> str:
    """Returns in words that every item scores the same; empty: they do not."""
    low, high = float(scores.min()), float(scores.max())
    if len(scores) > 1 and is_flat(high - low, scores):
        return f"all {len(scores):,} items score {number(low)}"
    return ""


def items_by_t(effect: float, deviation: float, level: float) -> int | None:
    """Returns about how many items show an effect at 80 % power, one-sided; None: too many.

    Args:
        effect: Distance from what is tested against, on the side that is tested for.
        deviation: Of an item; where items share clusters, of as many of them as count for one.
        level: Of the test.
    """
    if effect <= 0 or deviation > _FAR * effect:
        return None
    return paired_t_items(effect, deviation, level=level, alternative="greater").n
