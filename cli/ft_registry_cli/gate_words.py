"""How a verdict is told on a terminal: in 80 columns, whatever the names."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ft_registry.formats.verdict_axis import axis_of
from ft_registry.formats.verdict_words import (
    comparison_words,
    cut,
    group_words,
    headline,
    number,
    outcome_words,
    override_words,
    plain,
    score_words,
    slices_of,
    use_words,
    word,
)
from ft_registry.model.verdict import CheckFinding, GroupFinding
from ft_registry_cli.columns import COLUMNS, fitted, folded

if TYPE_CHECKING:
    from ft_registry.gates.report import Report, WorstItem
    from ft_registry.model.verdict import ComparisonFinding

_LABEL = 8
"""Columns of what a line of a check is about."""
_WIDE = 12
"""Columns of what a line about the whole is about."""
_PLOT = 48
_DEEP = 6
"""Groups in groups are set in so far, and not further."""
_SLICES = 8
_ITEM_NAME = 30


def report_text(report: "Report") -> str:
    """Returns a report for a terminal."""
    verdict = report.verdict
    lines = [f"{word(verdict)}  {headline(verdict)}"]
    if verdict.overrides:
        lines.append(f"!!! OVERRIDE  {override_words(verdict)}")
    for finding in verdict.result.findings:
        lines += ["", *_finding(finding, report, 0)]
    lines.append("")
    for label, text in (*use_words(verdict), *(("note", plain(note)) for note in report.notes)):
        lines += _lines("", label, text, wide=_WIDE)
    return "\n".join(folded(lines))


def _finding(finding: CheckFinding | GroupFinding, report: "Report", depth: int) -> Iterator[str]:
    indent = "  " * min(depth, _DEEP)
    if isinstance(finding, CheckFinding):
        yield from _check(finding, report, indent)
        return
    yield f"{indent}{finding.outcome.upper()}  {group_words(finding)}"
    for part in finding.findings:
        yield from _finding(part, report, depth + 1)


def _check(check: CheckFinding, report: "Report", indent: str) -> Iterator[str]:
    kind = "" if check.name == check.kind else f"  ({plain(check.kind)})"
    yield f"{indent}{outcome_words(check)}  {plain(check.name)}{kind}"
    inner = f"{indent}  "
    yield from _lines(inner, "asked", plain(check.asked))
    yield from _lines(inner, "found", plain(check.found))
    if check.score is not None:
        yield from _lines(inner, "score", score_words(check.score))
    if check.comparison is not None:
        yield from _comparison(check.comparison, inner)
    for item in report.worst.get(check.name, ()):
        yield from _item(item, inner)


def _comparison(found: "ComparisonFinding", indent: str) -> Iterator[str]:
    for label, text in comparison_words(found):
        yield from _lines(indent, label, text)
    yield from _plot(found, indent)
    for one in slices_of(found)[:_SLICES]:
        yield from _lines(
            indent, "slice",
            f"{plain(one.slice)} (n={one.n:,}): {number(one.before)} -> {number(one.after)}, "
            f"p of worse {one.p_worse:.2g}",
        )  # fmt: skip
    if len(found.slices) > _SLICES:
        yield from _lines(
            indent, "", f"and {len(found.slices) - _SLICES} more slices, see --format json"
        )


def _plot(found: "ComparisonFinding", indent: str) -> Iterator[str]:
    """Yields the interval as a line, and below it where 0 and the bound are."""
    axis = axis_of(found)

    def column(place: float) -> int:
        return round(place * (_PLOT - 1))

    low, high = column(axis.low), column(axis.high)
    line = ["·"] * _PLOT
    line[low : high + 1] = "─" * (high - low + 1)
    line[low] = "◂" if axis.opens_left else "├"
    line[high] = "▸" if axis.opens_right else "┤"
    line[column(axis.value)] = "●"
    marks = [" "] * _PLOT
    marks[column(axis.zero)] = "0"
    # Where the bound is 0 the mark of the bound says more.
    marks[column(axis.null)] = "^"
    yield from _lines(indent, "plot", "".join(line))
    yield from _lines(indent, "", f"{''.join(marks)}  ^ bound")


def _item(item: "WorstItem", indent: str) -> Iterator[str]:
    """Yields an item: what was asked, then what was hoped for and what came, a line each."""
    slices = "".join(f"  {plain(key)}={plain(value)}" for key, value in item.slices.items())
    scores = f"{number(item.before)} -> {number(item.after)}"
    room = COLUMNS - len(indent) - _LABEL
    head = f"{fitted(plain(item.id), _ITEM_NAME)}  {scores}{slices}"
    yield from _lines(indent, "worse", fitted(head, room))
    for name in ("prompt", "target", "before", "after"):
        if name in item.texts:
            yield from _lines(f"{indent}  ", name, fitted(cut(item.texts[name]), room - 2))


def _lines(indent: str, label: str, text: str, *, wide: int = _LABEL) -> Iterator[str]:
    """Yields what is said of something, with the rest of a long text below its beginning."""
    first, *rest = folded([text], COLUMNS - len(indent) - wide)
    yield f"{indent}{label:{wide}}{first}".rstrip()
    for part in rest:
        yield f"{indent}{'':{wide}}{part.strip()}"
