"""Finds the evaluations that two contenders have in common, and compares each."""

from ft_registry.actions.compare_evaluations import Side, SuiteComparison, compare_sides
from ft_registry.actions.contenders import MeasuredContender
from ft_registry.actions.item_tables import ItemTables
from ft_registry.errors import NotFound


def compare_suites(
    before: MeasuredContender,
    after: MeasuredContender,
    tables: ItemTables,
    *,
    suite: str = "",
    shown: int = 5,
) -> list[SuiteComparison]:
    """Compares the newest evaluations of every suite that two contenders share.

    Args:
        before: What to compare with.
        after: What is in question.
        tables: Finds scored items.
        suite: Only this one; empty: all that both have.
        shown: How many items that turned are kept, of each kind and metric.

    Raises:
        NotFound: They share no suite, or one has no items.
        IntegrityError, BackendUnavailable: See `ItemTables.find`.
    """
    shared = [name for name in after.newest if name in before.newest and suite in ("", name)]
    if not shared:
        wanted = f"evaluations of {suite!r}" if suite else "a suite"
        raise NotFound(
            f"expected {wanted} that {before.reference} and {after.reference} share, found "
            f"{', '.join(before.newest) or 'none'} and {', '.join(after.newest) or 'none'}",
            hints=["ft-registry eval add REF FILE puts an evaluation on record"],
        )
    return [
        compare_sides(_side(before, name, tables), _side(after, name, tables), shown=shown)
        for name in shared
    ]


def _side(contender: MeasuredContender, suite: str, tables: ItemTables) -> Side:
    evaluation = contender.newest[suite]
    return Side(contender.reference, evaluation, tables.find(evaluation, contender.home))
