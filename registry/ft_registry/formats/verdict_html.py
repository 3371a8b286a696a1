"""A report as a page: one file, nothing is loaded from elsewhere, nothing runs."""

from collections.abc import Iterable

from ft_registry.formats.page import facts, page, table, text
from ft_registry.formats.verdict_plot import STYLE as PLOT_STYLE
from ft_registry.formats.verdict_plot import interval_plot
from ft_registry.formats.verdict_words import (
    comparison_words,
    cut,
    group_words,
    headline,
    number,
    outcome_words,
    override_words,
    score_words,
    slices_of,
    use_words,
    word,
)
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model.verdict import CheckFinding, ComparisonFinding, GroupFinding

_STYLE = """
h1.pass, h1.fail, h1.inconclusive { border-left: 6px solid; padding-left: 0.7rem;
margin-bottom: 1rem; font-size: 1.3rem; }
section { background: var(--box); border-left: 4px solid; border-radius: 0 6px 6px 0;
padding: 0.7rem 1rem; margin: 0.9rem 0; }
section section { background: var(--page); } section h2 { margin: 0 0 0.3rem; font-size: 1.05rem; }
.pass { border-color: var(--pass); } .fail { border-color: var(--fail); }
.inconclusive { border-color: var(--inconclusive); }
.pass > * > b { color: var(--pass); } .fail > * > b { color: var(--fail); }
.inconclusive > * > b { color: var(--inconclusive); }
.override { border: 3px solid var(--fail); padding: 0.6rem 1rem; font-weight: bold; }
"""
_TEXTS = ("prompt", "target", "before", "after")


def verdict_html(report: Report) -> str:
    """Returns the page."""
    verdict = report.verdict
    title = text(headline(verdict))
    override = ""
    if verdict.overrides:
        override = f'<p class="override">OVERRIDE: {text(override_words(verdict))}</p>\n'
    body = "\n".join(_finding(finding, report) for finding in verdict.result.findings)
    notes = "".join(f"<li>{text(note)}</li>" for note in report.notes)
    head = f'<h1 class="{verdict.outcome}"><span><b>{word(verdict)}</b></span> {title}</h1>\n'
    evidence = f"<h2>Evidence</h2>\n{_list(use_words(verdict))}\n"
    notes = f"<h2>Notes</h2>\n<ul>{notes}</ul>" if notes else ""
    return page(
        headline(verdict), f"{head}{override}{body}\n{evidence}{notes}", style=_STYLE + PLOT_STYLE
    )


def _finding(finding: CheckFinding | GroupFinding, report: Report) -> str:
    if isinstance(finding, CheckFinding):
        return _check(finding, report)
    inner = "\n".join(_finding(part, report) for part in finding.findings)
    return (
        f'<section class="{finding.outcome}"><h2><b>{finding.outcome.upper()}</b> '
        f"{group_words(finding)}</h2>\n{inner}</section>"
    )


def _check(check: CheckFinding, report: Report) -> str:
    kind = "" if check.name == check.kind else f" ({text(check.kind)})"
    said = [("asked", check.asked), ("found", check.found)]
    if check.score is not None:
        said.append(("score", score_words(check.score)))
    compared = "" if check.comparison is None else _comparison(check.comparison)
    override = '<p class="override">set aside by a person</p>' if check.overridden else ""
    return (
        f'<section class="{check.outcome}"><h2><b>{outcome_words(check)}</b> '
        f"{text(check.name)}{kind}</h2>{override}\n{_list(said)}{compared}"
        f"{_worst(report.worst.get(check.name, ()))}</section>"
    )


def _comparison(found: ComparisonFinding) -> str:
    slices = ""
    if found.slices:
        rows = [
            (text(one.slice), f"{one.n:,}", number(one.before), number(one.after),
             f"{one.p_worse:.2g}")
            for one in slices_of(found)
        ]  # fmt: skip
        slices = table(("slice", "items", "before", "after", "p of worse"), rows)
    return f"{_list(comparison_words(found))}{interval_plot(found)}{slices}"


def _worst(items: tuple[WorstItem, ...]) -> str:
    if not items:
        return ""
    rows = [
        (
            "<br>".join(
                [text(item.id), *(text(f"{key}={value}") for key, value in item.slices.items())]
            ),
            f"{number(item.before)} → {number(item.after)}",
            *(text(cut(item.texts.get(name, ""))) for name in _TEXTS),
        )
        for item in items
    ]
    header = ("worst items", "scores", "prompt", "target", "before", "after")
    return table(header, rows)


def _list(said: Iterable[tuple[str, str]]) -> str:
    return facts((label, text(value)) for label, value in said)
