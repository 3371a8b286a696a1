"""Finds the evaluations that two versions have in common, and compares each."""

from ft_registry.actions.compare_evaluations import Side, SuiteComparison, compare_sides
from ft_registry.actions.homes import home_of
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.resolve import read_evaluations, read_record, resolve
from ft_registry.errors import NotFound
from ft_registry.model.evaluation import Evaluation, in_force
from ft_registry.model.reference import Reference, VersionReference
from ft_registry.ports.ledger import Ledger


def compare_suites(
    ledger: Ledger,
    old: Reference,
    new: Reference,
    tables: ItemTables,
    *,
    suite: str = "",
    shown: int = 5,
) -> list[SuiteComparison]:
    """Compares the newest evaluations of every suite that two versions share.

    Args:
        ledger: Has the evaluations.
        old: The version to compare with.
        new: The version in question.
        tables: Finds scored items.
        suite: Only this one; empty: all that both have.
        shown: How many items that turned are kept, of each kind and metric.

    Raises:
        NotFound: They share no suite, or one has no items.
        IntegrityError, BackendUnavailable: See `ItemTables.find`.
    """
    before, after = resolve(ledger, old), resolve(ledger, new)
    sides = [newest(ledger, version) for version in (before, after)]
    shared = [name for name in sides[1] if name in sides[0] and suite in ("", name)]
    if not shared:
        wanted = f"evaluations of {suite!r}" if suite else "a suite"
        raise NotFound(
            f"expected {wanted} that {before} and {after} share, found "
            f"{', '.join(sides[0]) or 'none'} and {', '.join(sides[1]) or 'none'}",
            hints=["ft-registry eval add REF FILE puts an evaluation on record"],
        )
    return [
        compare_sides(
            _side(ledger, before, sides[0][name], tables),
            _side(ledger, after, sides[1][name], tables),
            shown=shown,
        )
        for name in shared
    ]


def newest(ledger: Ledger, version: VersionReference) -> dict[str, Evaluation]:
    """Returns the evaluation that counts, by suite."""
    return {one.suite: one for one in in_force(read_evaluations(ledger, version))}


def _side(
    ledger: Ledger, version: VersionReference, evaluation: Evaluation, tables: ItemTables
) -> Side:
    home = home_of(ledger, read_record(ledger, version))
    return Side(str(version), evaluation, tables.find(evaluation, home))
