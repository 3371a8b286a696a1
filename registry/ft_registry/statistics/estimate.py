"""What a method finds: an estimate with its interval, and a p-value where something was tested."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

LEVEL = 0.95
"""The share of such intervals that hold the true value."""

Alternative = Literal["two-sided", "greater", "less"]
"""What a test looks for. ``greater`` has an interval that is bounded below alone, ``less`` one that
is bounded above alone, so that interval and p-value of one call say the same."""


@dataclass(frozen=True)
class Estimate:
    """An estimate, and how far chance alone moves it."""

    estimate: float
    low: float
    high: float
    """The interval is closed; an end that nothing bounds is infinite, or the end of the range."""
    n: int
    """Items."""
    method: str
    """How it was found, in words."""
    level: float = LEVEL
    p: float | None = None
    """None: nothing was tested."""
    standard_error: float | None = None
    """None: the method has none."""
    clusters: int | None = None
    """Groups of items that belong together; None: each item stands alone."""

    @property
    def is_bounded(self) -> bool:
        """Whether the interval is bounded on both sides."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def span(self) -> str:
        """The interval in words."""
        return f"{self.low:.4f} to {self.high:.4f}"

    def holds(self, value: float) -> bool:
        """Returns whether a value lies inside, give or take the last bits of a sum."""
        slack = 1e-12 * max(abs(self.low), abs(self.high), 1.0) if self.is_bounded else 0.0
        return self.low - slack <= value <= self.high + slack


def tail_of(level: float, alternative: Alternative) -> float:
    """Returns the probability beyond each end that an interval has, in (0, 1)."""
    return (1 - level) / 2 if alternative == "two-sided" else 1 - level


def normal_quantile(tail: float) -> float:
    """Returns the z that a standard normal exceeds with a probability in (0, 1)."""
    # From the small side: 1 - tail would round to 1.
    return -NormalDist().inv_cdf(tail)
