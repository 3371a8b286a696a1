"""Compares the weights of two versions by value: which modules changed, how far, and where to.

All sums are float64. What LoRA does to a module, s·B·A, is compared as such and never formed:
its norm needs the r by r products of the factors alone, ``|BA|² = sum((BᵀB) * (AAᵀ))``. So adapters
of different rank compare too, and factors that differ while their product does not are no change
of the model.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ft_registry.errors import Refused
from ft_registry.readers.files import in_parallel
from ft_registry.readers.lora import Adapter, Pair, find_odd, pair_up, read_adapter
from ft_registry.readers.tensors import Tensor, Weights, read_weights

TensorState: TypeAlias = Literal["equal", "changed", "dtype", "shape", "added", "removed"]
"""``dtype``: stored with another one, of the same shape; ``shape``: of another shape."""
ModuleState: TypeAlias = Literal["equal", "changed", "added", "removed"]

_SLICE = 1 << 16
"""Values that are compared at a time: as float64 they stay in the processor's cache."""


@dataclass(frozen=True)
class Distance:
    """How far values on two sides are apart, by the Frobenius norm."""

    before: float
    after: float
    difference: float
    inner: float
    """The inner product of both sides."""

    @property
    def relative(self) -> float | None:
        """The difference as a share of the side before; None: that one is zero."""
        return self.difference / self.before if self.before else None

    @property
    def cosine(self) -> float | None:
        """1: same direction; None: a side is zero."""
        if not self.before or not self.after:
            return None
        return max(-1.0, min(1.0, self.inner / self.before / self.after))


@dataclass(frozen=True)
class TensorDiff:
    """One tensor on two sides."""

    name: str
    state: TensorState
    before: str
    """``F32[8, 64]``; empty: the side lacks it."""
    after: str


@dataclass(frozen=True)
class ModuleDiff:
    """What a module's weights, or the change that an adapter makes to them, became."""

    name: str
    state: ModuleState
    distance: Distance | None
    """None: shapes, a dtype without numbers, or values that are not finite forbid it."""
    is_product: bool = False
    """Compared as s·B·A, which is zero where a side lacks it."""
    ranks: tuple[int, int] | None = None
    """Of a product; 0: the side lacks it."""
    scales: tuple[float, float] | None = None


@dataclass(frozen=True)
class Side:
    """One of the two folders."""

    tensors: int
    parameters: int
    size: int
    """Bytes."""
    adapter: Adapter | None


@dataclass(frozen=True)
class WeightsDiff:
    """How one folder of weights became another."""

    before: Side
    after: Side
    equal: int
    """Tensors with the same bytes."""
    tensors: tuple[TensorDiff, ...]
    """The others, by name."""
    modules: tuple[ModuleDiff, ...]
    """All, by name."""
    products: Distance | None
    """Over all modules that an adapter changes; None: there are none that compare."""
    plain: Distance | None
    """Over all other modules that both sides have; None: there are none that compare."""
    same_base: bool | None
    """Of adapters, by the name and revision they give; None: not said, or no adapters."""
    notes: tuple[str, ...]

    @property
    def overall(self) -> Distance | None:
        """What an adapter does; of full weights, the weights."""
        return self.products or self.plain

    def most_changed(self, count: int) -> list[ModuleDiff]:
        """Returns the modules whose share of the difference is largest, largest first."""
        found = [
            (module.distance.difference, module)
            for module in self.modules
            if module.distance is not None and module.distance.difference > 0
        ]
        found.sort(key=lambda entry: (-entry[0], entry[1].name))
        return [module for _, module in found[:count]]


def compare_weights(before: Path, after: Path) -> WeightsDiff:
    """Returns how the weights in one folder became those in another.

    Args:
        before: Holds an adapter, or full weights.
        after: Holds the same kind.

    Raises:
        NotFound: A folder, or the weights in it, are missing.
        Refused: One is an adapter and the other is none; or a file cannot be opened safely.
        IntegrityError: A file is malformed.
    """
    sides = read_weights(before), read_weights(after)
    if sides[0].is_adapter != sides[1].is_adapter:
        names = ["an adapter" if side.is_adapter else "full weights" for side in sides]
        raise Refused(
            f"expected two adapters or twice full weights, found {names[0]} in {before} and "
            f"{names[1]} in {after}",
            hints=["merge the adapter into its base, then compare full weights"],
        )
    adapters = [read_adapter(side.root) if side.is_adapter else None for side in sides]
    return _Comparison(*sides, *adapters).result()


class _Comparison:
    """Two sides that are being compared."""

    def __init__(
        self, before: Weights, after: Weights, old: Adapter | None, new: Adapter | None
    ) -> None:
        self._before, self._after = before, after
        self._old, self._new = old, new

    def result(self) -> WeightsDiff:
        old_pairs, old_plain, new_pairs, new_plain, odd = self._parts()
        jobs: list[Callable[[], _Found]] = [
            partial(_compare_pairs, name, old_pairs.get(name), new_pairs.get(name))
            for name in sorted(old_pairs.keys() | new_pairs.keys())
        ]
        jobs += [
            partial(_compare_plain, name, old_plain.get(name), new_plain.get(name))
            for name in sorted(old_plain.keys() | new_plain.keys())
        ]
        # OpenBLAS's own threads wait for each other in loops: beside ours, sums take six times as
        # long as on one core.
        with threadpool_limits(limits=1, user_api="blas"):
            found = in_parallel(jobs)
        modules = sorted((one.module for one in found), key=lambda module: module.name)
        same_base = _same_base(self._old, self._new)
        notes = list(_notes(self._old, self._new, same_base))
        if odd:
            notes.append(f"factors that are compared one by one: {_some(sorted(odd))}")
        if wild := sorted(one.module.name for one in found if one.is_wild):
            notes.append(f"values that are not finite, left out: {_some(wild)}")
        tensors = self._tensors({name for one in found for name in one.equal})
        return WeightsDiff(
            before=_side(self._before, self._old),
            after=_side(self._after, self._new),
            equal=len(self._before.tensors.keys() | self._after.tensors.keys()) - len(tensors),
            tensors=tuple(tensors),
            modules=tuple(modules),
            products=_overall(module for module in modules if module.is_product),
            plain=_overall(
                module
                for module in modules
                if not module.is_product and module.state in ("equal", "changed")
            ),
            same_base=same_base,
            notes=tuple(notes),
        )

    def _parts(
        self,
    ) -> tuple[dict[str, Pair], dict[str, Tensor], dict[str, Pair], dict[str, Tensor], set[str]]:
        """Returns pairs and other tensors of both sides, and pairs that are odd on one of them.

        What is a product on one side only is none on either: products compare with products.
        """
        have_products = all(one is not None and one.has_products for one in (self._old, self._new))
        old, new = (self._old, self._new) if have_products else (None, None)
        odd = {*find_odd(self._before.tensors, old), *find_odd(self._after.tensors, new)}
        return (
            *pair_up(self._before.tensors, old, odd), *pair_up(self._after.tensors, new, odd), odd
        )  # fmt: skip

    def _tensors(self, equal: set[str]) -> list[TensorDiff]:
        """Returns the tensors that are not equal."""
        old, new = self._before.tensors, self._after.tensors
        found = []
        for name in sorted(old.keys() | new.keys()):
            before, after = old.get(name), new.get(name)
            state = _state(before, after, name in equal)
            if state != "equal":
                shown = [str(one) if one else "" for one in (before, after)]
                found.append(TensorDiff(name, state, *shown))
        return found


def _state(before: Tensor | None, after: Tensor | None, is_equal: bool) -> TensorState:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if before.shape != after.shape:
        return "shape"
    if before.dtype != after.dtype:
        return "dtype"
    return "equal" if is_equal else "changed"


@dataclass(frozen=True)
class _Found:
    """A module, and which of its tensors have the same bytes on both sides."""

    module: ModuleDiff
    equal: tuple[str, ...] = ()
    is_wild: bool = False
    """Values are not finite, or too large to be squared."""


@dataclass
class _Sums:
    """Squares and products, summed."""

    before: float = 0.0
    after: float = 0.0
    inner: float = 0.0
    difference: float = 0.0

    def distance(self) -> Distance | None:
        """Returns what they come to; None: they are not finite."""
        sums = (self.before, self.after, self.difference)
        if not all(map(math.isfinite, (*sums, self.inner))):
            return None
        # Rounding may leave less than nothing where there is nothing.
        before, after, difference = (math.sqrt(max(0.0, number)) for number in sums)
        return Distance(before, after, difference, self.inner)


def _compare_plain(name: str, before: Tensor | None, after: Tensor | None) -> _Found:
    if before is None or after is None:
        one = before or after
        distance, is_wild = _alone(one, is_before=after is None) if one else (None, False)
        state: ModuleState = "removed" if after is None else "added"
        return _Found(ModuleDiff(name, state, distance), is_wild=is_wild)
    if before.shape != after.shape:
        return _Found(ModuleDiff(name, "changed", None))
    if before.dtype != after.dtype and not (before.has_values and after.has_values):
        return _Found(ModuleDiff(name, "changed", None))
    sums, is_equal = _add_up(before, after)
    distance = sums.distance() if before.has_values else None
    module = ModuleDiff(name, "equal" if is_equal else "changed", distance)
    is_wild = before.has_values and distance is None
    # Names may differ where one side has `x` and the other `x.weight`.
    equal = (before.name,) if is_equal and before.name == after.name else ()
    return _Found(module, equal, is_wild)


def _alone(tensor: Tensor, *, is_before: bool) -> tuple[Distance | None, bool]:
    """Returns the norm of what one side has, and whether it is not finite."""
    if not tensor.has_values:
        return None, False
    total = 0.0
    with np.errstate(all="ignore"):
        for block in tensor.blocks():
            values = tensor.decode(block)
            total += float(values @ values)
    sums = _Sums(difference=total)
    if is_before:
        sums.before = total
    else:
        sums.after = total
    distance = sums.distance()
    return distance, distance is None


def _add_up(before: Tensor, after: Tensor) -> tuple[_Sums, bool]:
    """Returns sums over two tensors of one shape, and whether their bytes are the same."""
    sums, is_equal = _Sums(), before.dtype == after.dtype
    with np.errstate(all="ignore"):
        for left, right in zip(before.blocks(), after.blocks(), strict=True):
            if before.dtype == after.dtype and np.array_equal(left, right):
                if before.has_values:
                    _add_equal(sums, before.decode(left))
            else:
                is_equal = False
                if before.has_values:
                    _add(sums, before.decode(left), after.decode(right))
    return sums, is_equal


def _add_equal(sums: _Sums, values: NDArray[np.float64]) -> None:
    square = float(values @ values)
    sums.before += square
    sums.after += square
    sums.inner += square


def _add(sums: _Sums, left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
    for start in range(0, len(left), _SLICE):
        one, other = left[start : start + _SLICE], right[start : start + _SLICE]
        change = one - other
        sums.before += float(one @ one)
        sums.after += float(other @ other)
        sums.inner += float(one @ other)
        sums.difference += float(change @ change)


def _compare_pairs(name: str, before: Pair | None, after: Pair | None) -> _Found:
    ranks = (before.rank if before else 0, after.rank if after else 0)
    scales = (before.scale if before else 0.0, after.scale if after else 0.0)
    equal: tuple[str, ...] = ()
    with np.errstate(all="ignore"):
        if before is None or after is None:
            one = before or after
            square = _square(one) if one else 0.0
            sides = (square, 0.0) if after is None else (0.0, square)
            sums = _Sums(*sides, difference=square)
            state: ModuleState = "removed" if after is None else "added"
        elif before.outer != after.outer:
            return _Found(ModuleDiff(name, "changed", None, True, ranks, scales))
        else:
            sums, equal = _product_sums(before, after)
            is_equal = len(equal) == 2 and before.scale == after.scale
            state = "equal" if is_equal else "changed"
    distance = sums.distance()
    module = ModuleDiff(name, state, distance, True, ranks, scales)
    return _Found(module, equal, is_wild=distance is None)


def _square(pair: Pair) -> float:
    b, a = pair.factors()
    return float(((b.T @ b) * (a @ a.T)).sum())


def _product_sums(before: Pair, after: Pair) -> tuple[_Sums, tuple[str, ...]]:
    """Returns the sums over s·B·A of both sides, and which factors have the same bytes."""
    equal = tuple(
        old.name
        for old, new in zip(before.tensors, after.tensors, strict=True)
        if (old.name, old.dtype, old.shape) == (new.name, new.dtype, new.shape)
        and all(map(np.array_equal, old.blocks(), new.blocks()))
    )
    if len(equal) == 2 and before.scale == after.scale:
        square = _square(before)
        return _Sums(square, square, square), equal
    (b1, a1), (b2, a2) = before.factors(), after.factors()
    left = b1.T @ b1, b1.T @ b2, b2.T @ b2
    right = a1 @ a1.T, a1 @ a2.T, a2 @ a2.T
    squares = [float((x * y).sum()) for x, y in zip(left, right, strict=True)]
    sums = _Sums(squares[0], squares[2], squares[1])
    if b1.shape == b2.shape:
        b1 -= b2
        a1 -= a2
        sums.difference = _difference(left, right, b1.T @ b1, a1 @ a1.T)
    else:
        sums.difference = sums.before + sums.after - 2 * sums.inner
    return sums, equal


def _difference(
    left: Sequence[NDArray[np.float64]],
    right: Sequence[NDArray[np.float64]],
    change_left: NDArray[np.float64],
    change_right: NDArray[np.float64],
) -> float:
    """Returns ``|B1·A1 - B2·A2|²`` for factors of one rank.

    With means and changes of the factors it is ``|dB·mA + mB·dA|²``: three terms that are small
    where the change is. The difference of the squares would lose a change of a part in 10⁸.

    Args:
        left: ``B1ᵀB1``, ``B1ᵀB2`` and ``B2ᵀB2``.
        right: ``A1A1ᵀ``, ``A1A2ᵀ`` and ``A2A2ᵀ``.
        change_left: ``dBᵀdB``.
        change_right: ``dAdAᵀ``.
    """
    (b11, b12, b22), (a11, a12, a22) = left, right
    mean_left, mean_right = ((x + y + y.T + z) / 4 for x, y, z in (left, right))
    cross_left = (b11 + b12 - b12.T - b22) / 2  # dBᵀmB
    cross_right = (a11 - a12 + a12.T - a22) / 2  # mAdAᵀ
    terms = change_left * mean_right + 2 * cross_left * cross_right + mean_left * change_right
    return float(terms.sum())


def _overall(modules: Iterable[ModuleDiff]) -> Distance | None:
    found = [module.distance for module in modules if module.distance is not None]
    if not found:
        return None
    return Distance(
        before=math.hypot(*(one.before for one in found)),
        after=math.hypot(*(one.after for one in found)),
        difference=math.hypot(*(one.difference for one in found)),
        inner=math.fsum(one.inner for one in found),
    )


def _same_base(old: Adapter | None, new: Adapter | None) -> bool | None:
    if old is None or new is None or not old.base or not new.base:
        return None
    return (old.base, old.revision) == (new.base, new.revision)


def _notes(old: Adapter | None, new: Adapter | None, same_base: bool | None) -> Iterable[str]:
    if same_base is False:
        yield "the bases differ: equal products then make different models"
    texts = [adapter.notes if adapter else () for adapter in (old, new)]
    for text in dict.fromkeys((*texts[0], *texts[1])):
        where = "both" if text in texts[0] and text in texts[1] else (
            "before" if text in texts[0] else "after"
        )  # fmt: skip
        yield f"{text} ({where})"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _side(weights: Weights, adapter: Adapter | None) -> Side:
    return Side(len(weights.tensors), weights.parameters, weights.size, adapter)
