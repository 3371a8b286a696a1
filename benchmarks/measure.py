"""Measures contenders in turn, and says what came out.

Absolute times of a shared machine move by a factor of two within an hour. So contenders that are
compared run in the same rounds, one after the other (A B A B), after a warm-up that does not count,
and what is compared is the median of the ratios. The processor time stands beside the time on
the clock: it tells how much of the latter was waiting, for a disk or for other people's work.
"""

import gc
import os
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Contender:
    """One way to do a thing."""

    name: str
    work: Callable[[], object]
    """What is timed."""
    prepare: Callable[[], object] = _nothing
    """Comes before, each round; not timed."""


@dataclass(frozen=True)
class Times:
    """What one contender took, round by round."""

    name: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    """Processor seconds of this process and those it started and waited for."""

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return median(self.seconds)

    def against(self, other: "Times") -> float:
        """Returns the median of the rounds' ratios to another contender."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return median(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True)
class Target:
    """What was promised of a contender: a time, or a ratio to another contender."""

    of: str
    most: float
    """Seconds; a ratio when `to` is named."""
    to: str = ""


@dataclass(frozen=True)
class Outcome:
    """Whether a target is met."""

    target: Target
    found: float

    @property
    def met(self) -> bool:
        """Whether what was found is not more than the target."""
        return self.found <= self.target.most


@dataclass(frozen=True)
class Result:
    """The answer to one question."""

    question: str
    times: tuple[Times, ...]
    unit: str
    """The contender that the ratios count from."""
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    load: float
    """What else the machine did meanwhile, ours included: the load of the last minute."""

    def of(self, name: str) -> Times:
        """Returns the times of one contender."""
        return next(times for times in self.times if times.name == name)

    @property
    def outcomes(self) -> list[Outcome]:
        """The targets with what was found."""
        return [
            Outcome(t, self.of(t.of).against(self.of(t.to)) if t.to else self.of(t.of).median)
            for t in self.targets
        ]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    small: bool
    """Small files and short ledgers, to try the benchmarks themselves."""


@dataclass(frozen=True)
class Question:
    """Contenders that are to be compared, and what is expected of them."""

    text: str
    contenders: Sequence[Contender]
    unit: str
    """The name of the contender that ratios count from."""
    targets: Sequence[Target] = ()
    notes: Sequence[str] = field(default=())

    def answer(self, rounds: int) -> Result:
        """Runs a warm-up and the rounds.

        Args:
            rounds: How often each contender runs, the warm-up apart.
        """
        taken: dict[str, list[tuple[float, float]]] = {c.name: [] for c in self.contenders}
        for number in range(rounds + 1):
            for contender in self.contenders:
                contender.prepare()
                found = _timed(contender.work)
                if number:
                    taken[contender.name].append(found)
        times = [
            Times(name, seconds=tuple(wall for wall, _ in both), cpu=tuple(cpu for _, cpu in both))
            for name, both in taken.items()
        ]
        load = os.getloadavg()[0]
        return Result(
            self.text, tuple(times), self.unit, tuple(self.targets), tuple(self.notes), load
        )


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Returns seconds on the clock and of the processors."""
    gc.collect()
    cpu, started = _cpu(), time.perf_counter()
    work()
    return time.perf_counter() - started, _cpu() - cpu


def _cpu() -> float:
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
