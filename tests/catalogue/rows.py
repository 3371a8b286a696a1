"""A row of the catalogue of bad inputs and faults: what is tried, what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.cli.project import Project

Prepare = Callable[[Project], Sequence[str]]
"""Makes what is bad in a registry of its own, and returns the command that meets it."""


@dataclass(frozen=True)
class Case:
    """One command that meets something bad.

    Attributes:
        prepare: Makes it; its name is that of the case.
        code: How the command must end.
        words: What its message must hold, in whatever order.
        changes: Whether it may write: where it may not, everything is compared.
        environment: Variables beside those of the session.
        only_if: Whether this machine and user can make it.
        after: What must be so when it has ended.
    """

    prepare: Prepare
    code: int
    words: tuple[str, ...] = ()
    changes: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    only_if: Callable[[], bool] = lambda: True
    after: Callable[[Project], None] = lambda project: None

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.prepare.__name__


@dataclass(frozen=True)
class Row:
    """A row of the catalogue.

    Attributes:
        number: Its number, which stays.
        fault: What is tried.
        outcome: What happens, in a sentence.
        cases: Commands that are run for it here.
        tests: Tests elsewhere that hold it, by their node ids below `tests/`.
        ends: Exit codes that those tests hold, beside those of the cases.
        lacks: Why nothing holds it yet.
    """

    number: int
    fault: str
    outcome: str
    cases: tuple[Case, ...] = ()
    tests: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    lacks: str = ""

    @property
    def codes(self) -> list[int]:
        """How its commands end, each code once."""
        return sorted({*self.ends, *(case.code for case in self.cases)})


def case(code: int, *words: str, **options: object) -> Callable[[Prepare], Case]:
    """Makes a case of the function that prepares it."""

    def make(prepare: Prepare) -> Case:
        return Case(prepare, code, words, **options)  # type: ignore[arg-type]

    return make
