"""A report as a page: one file, nothing is loaded from elsewhere, nothing runs.

MLflow shows it among the artifacts, in a frame that runs no scripts and reaches no network.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

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
    plain,
    score_words,
    slices_of,
    use_words,
    word,
)
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model.verdict import CheckFinding, ComparisonFinding, GroupFinding

_STYLE = """
:root { color-scheme: light dark; --text: #1b2733; --soft: #51606e; --line: #dde3e9;
--page: #ffffff; --box: #f4f6f8; --pass: #1a7f37; --fail: #c1272d; --inconclusive: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e9ef; --soft: #9fb0c0; --line: #36424e;
--page: #12181f; --box: #1b232c; --pass: #4cc26a; --fail: #ff7b72; --inconclusive: #e3b341; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 860px; padding: 0 1rem;
color: var(--text); background: var(--page); overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; border-left: 6px solid; padding-left: 0.7rem; }
h2 { font-size: 1.05rem; margin: 0 0 0.3rem; }
section { background: var(--box); border-left: 4px solid; padding: 0.7rem 1rem; margin: 0.9rem 0; }
section section { background: var(--page); }
.pass { border-color: var(--pass); } .fail { border-color: var(--fail); }
.inconclusive { border-color: var(--inconclusive); }
.pass > * > b { color: var(--pass); } .fail > * > b { color: var(--fail); }
.inconclusive > * > b { color: var(--inconclusive); }
.override { border: 3px solid var(--fail); padding: 0.6rem 1rem; font-weight: bold; }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: 0.1rem 0.8rem; margin: 0.4rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.7rem 0.2rem 0;
border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
td { min-width: 3.5rem; }
"""
_TEXTS = ("prompt", "target", "before", "after")


def verdict_html(report: Report) -> str:
    """Returns the page."""
    verdict = report.verdict
    title = _text(headline(verdict))
    override = ""
    if verdict.overrides:
        override = f'<p class="override">OVERRIDE: {_text(override_words(verdict))}</p>\n'
    body = "\n".join(_finding(finding, report) for finding in verdict.result.findings)
    notes = "".join(f"<li>{_text(note)}</li>" for note in report.notes)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}{PLOT_STYLE}</style></head>\n"
        f'<body><h1 class="{verdict.outcome}"><span><b>{word(verdict)}</b></span> {title}</h1>\n'
        f"{override}{body}\n<h2>Evidence</h2>\n{_list(use_words(verdict))}\n"
        + (f"<h2>Notes</h2>\n<ul>{notes}</ul>\n" if notes else "")
        + "</body></html>\n"
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
    kind = "" if check.name == check.kind else f" ({_text(check.kind)})"
    said = [("asked", check.asked), ("found", check.found)]
    if check.score is not None:
        said.append(("score", score_words(check.score)))
    compared = "" if check.comparison is None else _comparison(check.comparison)
    override = '<p class="override">set aside by a person</p>' if check.overridden else ""
    return (
        f'<section class="{check.outcome}"><h2><b>{outcome_words(check)}</b> '
        f"{_text(check.name)}{kind}</h2>{override}\n{_list(said)}{compared}"
        f"{_worst(report.worst.get(check.name, ()))}</section>"
    )


def _comparison(found: ComparisonFinding) -> str:
    slices = ""
    if found.slices:
        rows = [
            (_text(one.slice), f"{one.n:,}", number(one.before), number(one.after),
             f"{one.p_worse:.2g}")
            for one in slices_of(found)
        ]  # fmt: skip
        slices = _table(("slice", "items", "before", "after", "p of worse"), rows)
    return f"{_list(comparison_words(found))}{interval_plot(found)}{slices}"


def _worst(items: tuple[WorstItem, ...]) -> str:
    if not items:
        return ""
    rows = [
        (
            "<br>".join(
                [_text(item.id), *(_text(f"{key}={value}") for key, value in item.slices.items())]
            ),
            f"{number(item.before)} → {number(item.after)}",
            *(_text(cut(item.texts.get(name, ""))) for name in _TEXTS),
        )
        for item in items
    ]
    header = ("worst items", "scores", "prompt", "target", "before", "after")
    return _table(header, rows)


def _list(said: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{_text(label)}</dt><dd>{_text(text)}</dd>" for label, text in said)
    return f"<dl>{rows}</dl>"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return f"<table>{''.join(_rows(header, rows))}</table>"


def _rows(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"<tr>{''.join(f'<th>{cell}</th>' for cell in header)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"


def _text(text: str) -> str:
    return escape(plain(text))
