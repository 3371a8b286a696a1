"""A report as Markdown, for a pull request or the summary of a job."""

import html
from collections.abc import Iterator, Sequence

from ft_registry.formats.description import escape
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

_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️"}


def verdict_markdown(report: Report) -> str:
    """Returns the Markdown."""
    verdict = report.verdict
    lines = [f"### {word(verdict)}: {_text(headline(verdict))}", ""]
    if verdict.overrides:
        lines += [f"> **OVERRIDE** {_text(override_words(verdict))}", ""]
    rows = [row for finding in verdict.result.findings for row in _rows(finding, 0)]
    lines += [*_table(("", "check", "asked", "found"), rows), ""]
    for check in verdict.result.checks():
        lines += _details(check, report)
    lines += ["<details><summary>Evidence</summary>", ""]
    lines += _table(("", ""), [(label, _text(text)) for label, text in use_words(verdict)])
    lines += ["", "</details>", ""]
    lines += [f"- {_text(note)}" for note in report.notes]
    return "\n".join(lines).rstrip() + "\n"


def _rows(finding: CheckFinding | GroupFinding, depth: int) -> Iterator[tuple[str, ...]]:
    sign, inner = _SIGNS[finding.outcome], "&emsp;" * depth
    if isinstance(finding, GroupFinding):
        yield f"{sign} {finding.outcome}", f"{inner}*{group_words(finding)}*", "", ""
        for part in finding.findings:
            yield from _rows(part, depth + 1)
        return
    said = outcome_words(finding).lower()
    if finding.overridden:
        said = f"**{said.upper()}**"
    found = _text(finding.found)
    if finding.score is not None:
        found += f"<br>{_text(score_words(finding.score))}"
    yield f"{sign} {said}", f"{inner}{_text(finding.name)}", _text(finding.asked), found


def _details(check: CheckFinding, report: Report) -> Iterator[str]:
    found, worst = check.comparison, report.worst.get(check.name, ())
    if found is None and not worst:
        return
    # Open where there is something to see.
    opened = "" if check.outcome == "pass" else " open"
    yield f"<details{opened}><summary>{_in_html(check.name)}</summary>"
    yield ""
    if found is not None:
        yield from _comparison(found)
    if worst:
        yield "Items that got worse, the worst first:"
        yield ""
        header = ("item", "scores", "prompt", "target", "before", "after")
        yield from _table(header, [_item(item) for item in worst])
        yield ""
    yield "</details>"
    yield ""


def _comparison(found: ComparisonFinding) -> Iterator[str]:
    yield from _table(("", ""), [(label, _text(text)) for label, text in comparison_words(found)])
    yield ""
    if found.slices:
        rows = [
            (_text(one.slice), f"{one.n:,}", number(one.before), number(one.after),
             f"{one.p_worse:.2g}")
            for one in slices_of(found)
        ]  # fmt: skip
        yield from _table(("slice", "items", "before", "after", "p of worse"), rows)
        yield ""


def _item(item: WorstItem) -> tuple[str, ...]:
    slices = "".join(f"<br>{_text(f'{key}={value}')}" for key, value in item.slices.items())
    scores = f"{number(item.before)} → {number(item.after)}"
    texts = [_text(cut(item.texts.get(name, ""))) for name in _TEXTS]
    return _text(item.id) + slices, scores, *texts


_TEXTS = ("prompt", "target", "before", "after")


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for row in (header, ("---",) * len(header), *rows):
        yield f"| {' | '.join(row)} |"


def _text(text: str) -> str:
    """Returns text that is shown as it is: no markup, no cell of its own, nobody called by name."""
    return _calling_nobody(escape(plain(text)))


def _in_html(text: str) -> str:
    """Returns the same inside of a tag, where Markdown is not read."""
    return _calling_nobody(html.escape(plain(text)))


def _calling_nobody(text: str) -> str:
    # `@champion` would call a person of that name to a pull request.
    return text.replace("@", "@<!-- -->")
