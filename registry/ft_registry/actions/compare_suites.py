"""Finds the evaluations that two contenders have in common, and compares each."""

from collections.abc import Mapping
from dataclasses import dataclass

from ft_registry.actions.compare_evaluations import Side, SuiteComparison, compare_sides
from ft_registry.actions.contenders import MeasuredContender
from ft_registry.actions.item_tables import ItemTables
from ft_registry.errors import FtRegistryError, NotFound


@dataclass(frozen=True)
class ComparedSuites:
    """What two contenders scored, suite by suite."""

    suites: tuple[SuiteComparison, ...]
    """At least one."""
    left: Mapping[str, FtRegistryError]
    """The suites that both have and that could not be compared, and why."""

    @property
    def failure(self) -> FtRegistryError | None:
        """What the caller must raise, after telling the rest: a table is damaged, or out of reach.

        A suite that has nothing to be paired by is no failure: it will have none tomorrow.
        """
        return _failure(self.left)


def compare_suites(
    before: MeasuredContender,
    after: MeasuredContender,
    tables: ItemTables,
    *,
    suite: str = "",
    shown: int = 5,
) -> ComparedSuites:
    """Compares the newest evaluations of every suite that two contenders share.

    One that cannot be compared does not keep the others from it.

    Args:
        before: What to compare with.
        after: What is in question.
        tables: Finds scored items.
        suite: Only this one; empty: all that both have.
        shown: How many items that turned are kept, of each kind and metric.

    Raises:
        NotFound: They share no suite, or none that has items to be paired by.
        IntegrityError, BackendUnavailable: None could be compared; see `ItemTables.find`.
    """
    shared = [name for name in after.newest if name in before.newest and suite in ("", name)]
    if not shared:
        wanted = f"evaluations of {suite!r}" if suite else "a suite"
        raise NotFound(
            f"expected {wanted} that {before.reference} and {after.reference} share, found "
            f"{', '.join(before.newest) or 'none'} and {', '.join(after.newest) or 'none'}",
            hints=["ft-registry eval add REF FILE puts an evaluation on record"],
        )
    found: list[SuiteComparison] = []
    left: dict[str, FtRegistryError] = {}
    for name in shared:
        try:
            sides = _side(before, name, tables), _side(after, name, tables)
            found.append(compare_sides(*sides, shown=shown))
        except FtRegistryError as error:
            left[name] = error
    if not found:
        raise _none(before, after, left)
    return ComparedSuites(tuple(found), left)


def _side(contender: MeasuredContender, suite: str, tables: ItemTables) -> Side:
    evaluation = contender.newest[suite]
    return Side(contender.reference, evaluation, tables.find(evaluation, contender.home))


def _failure(left: Mapping[str, FtRegistryError]) -> FtRegistryError | None:
    return next((error for error in left.values() if not isinstance(error, NotFound)), None)


def _none(
    before: MeasuredContender, after: MeasuredContender, left: Mapping[str, FtRegistryError]
) -> FtRegistryError:
    """Returns the error of two contenders of which no suite could be compared."""
    if failure := _failure(left):
        return failure
    if len(left) == 1:
        return next(iter(left.values()))
    reasons = "; ".join(f"{name}: {error.message}" for name, error in left.items())
    hints = dict.fromkeys(hint for error in left.values() for hint in error.hints)
    return NotFound(
        f"expected a suite that {before.reference} and {after.reference} can be compared by, found "
        f"none: {reasons}",
        hints=list(hints),
    )
