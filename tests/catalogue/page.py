"""Writes the catalogue and the promises as tables of docs/reliability.md."""

from collections.abc import Iterable, Mapping, Sequence

from tests.catalogue.promises import Promise
from tests.catalogue.rows import Row

_SHOWN = 6
"""Cases of a row that are named; of more their number is told."""


def promises_table(promises: Iterable[Promise]) -> str:
    """Returns the promises, each with the tests that hold it."""
    lines = ["| | promise | held by |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.words} | {_tests(one.tests)} |" for one in promises]
    return "\n".join(lines) + "\n"


def catalogue_tables(parts: Mapping[str, Sequence[Row]]) -> str:
    """Returns a table for each part of the catalogue."""
    return "\n".join(_part(title, rows) for title, rows in parts.items())


def _part(title: str, rows: Iterable[Row]) -> str:
    lines = [f"### {title}", "", "| | what is tried | what happens | exit | held by |",
             "|---|---|---|---|---|"]  # fmt: skip
    lines += [_row(row) for row in rows]
    return "\n".join(lines) + "\n"


def _row(row: Row) -> str:
    codes = ", ".join(map(str, row.codes))
    own = ", ".join(f"`{case.name}`" for case in row.cases)
    if len(row.cases) > _SHOWN:
        own = f"{len(row.cases)} cases"
    held = ", ".join(filter(None, (own, _tests(row.tests))))
    return (
        f"| {row.number} | {row.fault} | {row.outcome} | {codes} | "
        f"{held or f'nothing yet: {row.lacks}'} |"
    )


def _tests(tests: Iterable[str]) -> str:
    """Returns tests by file and name, without what is bracketed."""
    shown = []
    for test in tests:
        file, _, name = test.partition("[")[0].partition("::")
        module = file.rpartition("/")[2].removesuffix(".py")
        shown.append(f"`{module}::{name}`" if name else f"`{module}`")
    return ", ".join(dict.fromkeys(shown))
