"""Differences of paired scores: what a new model gains item by item, and what belongs together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ft_registry.statistics.arguments import Values, scores_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Deltas:
    """New less old, item by item, gathered into units that chance draws as a whole."""

    n: int
    """Items."""
    values: "NDArray[np.float64]"
    """Shape (n,): each item's delta, divided by `scale`, in order of size."""
    sums: "NDArray[np.float64]"
    """Shape (units,): the scaled deltas of each unit, added up. A unit is a cluster, or an item."""
    sizes: "NDArray[np.float64]"
    """Shape (units,): the items of each unit."""
    scale: float
    """A power of two near the largest delta: squares neither overflow nor vanish."""
    rounding: float
    """What the last bits of the scores make of a delta, scaled: no difference is smaller."""
    is_clustered: bool

    @property
    def units(self) -> int:
        """How many independent draws there are."""
        return len(self.sums)

    @property
    def clusters(self) -> int | None:
        """How many clusters; None: each item stands alone."""
        return self.units if self.is_clustered else None


def deltas(new: Values, old: Values, clusters: Sequence[Hashable] | None = None) -> Deltas:
    """Returns the paired differences of two models on the same items.

    Neither the order of the items nor the names of the clusters matter to what comes out.

    Args:
        new: One score an item, shape (n,).
        old: The same of the other model, in the same order.
        clusters: For each item what it belongs to, such as the text that a question is about;
            None: each item stands alone.

    Raises:
        ValueError: The lengths differ, there are no items, a score is not finite, a difference
            is too large for a float, or an item has no cluster.
    """
    import numpy as np

    ours, theirs = scores_of(new, "new scores"), scores_of(old, "old scores")
    if len(ours) != len(theirs):
        raise ValueError(
            "expected a new and an old score for each item,"
            f" found {len(ours)} new and {len(theirs)} old"
        )
    with np.errstate(over="ignore"):
        values = ours - theirs
        if not np.isfinite(values).all():
            raise ValueError("expected differences that a float can hold, found an infinite one")
        largest = float(np.abs(values).max())
        # A power of two, so that scaling costs no digit; none so small that its inverse is
        # infinite.
        exponent = max(int(np.frexp(largest)[1]) - 1, -1000) if largest else 0
        values = np.ldexp(values, -exponent)
        size = np.ldexp(max(np.abs(ours).max(), np.abs(theirs).max()), -exponent)
    labels = _labels(clusters, len(values))
    if labels is None:
        sums = values = np.sort(values)
        sizes = np.ones(len(values))
    else:
        order = np.lexsort((values, labels))
        # In order of size, so that the last bits of a sum do not depend on the order given.
        totals = np.bincount(labels[order], weights=values[order]).astype(np.float64)
        sizes = np.bincount(labels).astype(np.float64)
        order = np.lexsort((sizes, totals))
        sums, sizes = totals[order], sizes[order]
        values = np.sort(values)
    return Deltas(
        n=len(values), values=values, sums=sums, sizes=sizes,
        scale=float(np.ldexp(1.0, exponent)),
        rounding=float(size) * 4 * float(np.finfo(float).eps),
        is_clustered=labels is not None,
    )  # fmt: skip


def _labels(clusters: Sequence[Hashable] | None, n: int) -> "NDArray[np.intp] | None":
    """Returns the number of each item's cluster."""
    import numpy as np

    if clusters is None:
        return None
    if len(clusters) != n:
        raise ValueError(f"expected a cluster for each of {n} items, found {len(clusters)}")
    numbers: dict[Hashable, int] = {}
    # `tolist`: labels of NumPy are slow to hash one by one.
    names = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    for place, name in enumerate(names):
        if name is None or name != name:  # noqa: PLR0124  # NaN alone differs from itself
            raise ValueError(f"expected a cluster for each item, found {name!r} at {place}")
        numbers.setdefault(name, len(numbers))
    return np.fromiter((numbers[name] for name in names), dtype=np.intp, count=n)
