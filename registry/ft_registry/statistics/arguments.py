"""What makes sense as an argument: levels, counts and scores; what does not is refused by name."""

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from ft_registry.statistics.estimate import Alternative

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Values: TypeAlias = "Sequence[float] | NDArray[Any]"
"""Numbers, one an item: a list, a tuple, or an array of one dimension."""


def level_of(level: float, what: str = "a level") -> float:
    """Returns a probability that is neither 0 nor 1.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise ValueError(f"expected {what} between 0 and 1, found {level!r}")
    return float(level)


def alternative_of(alternative: str) -> None:
    """Refuses what names no alternative.

    Raises:
        ValueError: It is none of `Alternative`.
    """
    if alternative not in get_args(Alternative):
        names = ", ".join(get_args(Alternative))
        raise ValueError(f"expected one of {names}, found {alternative!r}")


def count_of(count: Any, what: str, *, least: int = 0) -> int:
    """Returns a whole number that is large enough.

    Raises:
        ValueError: It is no whole number, or below the least.
    """
    expected = f"expected {what}: a whole number from {least} on, found {count!r}"
    try:
        whole = operator.index(count)
    except TypeError:
        raise ValueError(expected) from None
    if isinstance(count, bool) or whole < least:
        raise ValueError(expected)
    return whole


def number_of(value: Any, what: str) -> float:
    """Returns a finite number.

    Raises:
        ValueError: It is no number, NaN or infinite.
    """
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected {what}: a finite number, found {value!r}")
    return number


def scores_of(values: Values, what: str = "scores") -> "NDArray[np.float64]":
    """Returns finite numbers as an array of shape (n,), n at least 1.

    Raises:
        ValueError: There are none, one is no finite number, or they are a table.
    """
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"expected {what}: one number an item, found a ragged list") from None
    if array.ndim != 1:
        raise ValueError(f"expected {what}: one number an item, found shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"expected {what}: at least one, found none")
    # Objects and texts: NumPy would read None as NaN and "1" as 1.
    if array.dtype.kind not in "biuf":
        odd = next((v for v in values if not isinstance(v, int | float)), values[0])
        raise ValueError(f"expected {what}: numbers, found {odd!r}")
    numbers = array.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        place = int(np.argmin(finite))
        raise ValueError(f"expected {what}: finite numbers, found {numbers[place]} at {place}")
    return numbers
