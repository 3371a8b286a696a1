"""Where things lie on the plot of a comparison: the difference, its interval, 0, the bound."""

from dataclasses import dataclass

from ft_registry.model.verdict import ComparisonFinding

_ROOM = 0.08
"""Of the width, left free at either end."""


@dataclass(frozen=True)
class Axis:
    """The places of a comparison between 0, the left end, and 1, the right one."""

    zero: float
    null: float
    """What the difference has to be above."""
    value: float
    low: float
    """Of the interval; the left end where nothing bounds it."""
    high: float
    opens_left: bool
    opens_right: bool


def axis_of(found: ComparisonFinding) -> Axis:
    """Returns the places of a comparison."""
    delta = found.delta
    known = [0.0, found.null, delta.value]
    known += [end for end in (delta.low, delta.high) if end is not None]
    # Halves: the distance of two numbers may be beyond what a number holds.
    left, right = min(known) / 2, max(known) / 2
    width = right - left

    def place(value: float) -> float:
        inner = (value / 2 - left) / width if width else 0.5
        return _ROOM + (1 - 2 * _ROOM) * inner

    return Axis(
        zero=place(0.0),
        null=place(found.null),
        value=place(delta.value),
        low=0.0 if delta.low is None else place(delta.low),
        high=1.0 if delta.high is None else place(delta.high),
        opens_left=delta.low is None,
        opens_right=delta.high is None,
    )
