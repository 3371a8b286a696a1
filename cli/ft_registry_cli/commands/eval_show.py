"""``eval show``: the scores of a version, or of a model over its versions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.columns import COLUMNS, folded, width
from ft_registry_cli.state import State, command, table

if TYPE_CHECKING:
    from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries

_WIDEST, _NARROWEST = 40, 10
"""Columns of a plot; where there are fewer, there is none."""
_MARK = " *"
"""Behind what a note is on."""


def add_to(group: typer.Typer) -> None:
    """Registers the command."""

    @command(group, "show")
    def show(
        state: State,
        subject: Annotated[
            str,
            typer.Argument(
                metavar="REF|NAME", help="A version, NAME:LABEL, or a model over its versions."
            ),
        ],
        suite: Annotated[str, typer.Option(metavar="S", help="Only this suite.")] = "",
        html: Annotated[
            Path | None,
            typer.Option("--html", metavar="FILE", help="Write a page with the plots as well."),
        ] = None,
    ) -> None:
        """Show what was measured, with intervals of 95 %, and the spread of measuring again."""
        found = state.workspace.scoring.history(subject, suite=suite)
        if html is not None:
            from ft_registry.formats.score_page import score_page

            html.write_text(score_page(found), encoding="utf-8")
        state.emit(_document(found), lambda: _text(found))
        if not found.evaluations:
            state.talk(f"no evaluations: ft-registry eval add {subject} FILE puts one on record")


def _document(found: "ScoreHistory") -> dict[str, Any]:
    return {
        "model": found.model,
        "series": [
            {
                "suite": series.suite,
                "metric": series.metric,
                "points": [
                    {
                        "version": point.version,
                        "baseline": point.evaluation.baseline or None,
                        "aliases": list(point.aliases),
                        "value": point.score.value,
                        "interval": list(point.interval) if point.interval else None,
                        "n": point.score.n,
                        "runs": list(point.runs),
                        "evaluation": point.evaluation.id,
                        "partial": point.evaluation.partial,
                        "trusted": point.evaluation.trusted,
                    }
                    for point in series.points
                ],
            }
            for series in found.series
        ],
        "evaluations": [
            {**one.as_json(), "id": one.id, "corrected": found.is_corrected(one)}
            for one in found.evaluations
        ],
    }


def _text(found: "ScoreHistory") -> str:
    parts = [_plot(series) for series in found.series]
    versions = {one.version for one in found.evaluations}
    if len(versions) == 1:
        parts.append(_evaluations(found))
    return "\n\n".join("\n".join(folded(part.split("\n"))) for part in parts)


def _plot(series: "ScoreSeries") -> str:
    rows = [
        [
            point.evaluation.subject
            + "".join(f" @{alias}" for alias in point.aliases)
            + (_MARK if point.evaluation.caveat else ""),
            f"{point.score.value:.4f}",
            f"{point.interval[0]:.3f} to {point.interval[1]:.3f}" if point.interval else "-",
            str(point.score.n or "-"),
        ]
        for point in series.points
    ]
    title = f"{series.suite}  {series.metric}{_direction(series)}"
    lines = table(["VERSION", "SCORE", "95 %", "N"], rows).split("\n")
    used = max(map(width, lines)) + len("  ")
    if COLUMNS - used >= _NARROWEST:
        drawn = (_line(point, series, min(_WIDEST, COLUMNS - used)) for point in series.points)
        lines[1:] = [
            (line + " " * (used - width(line)) + plot).rstrip()
            for line, plot in zip(lines[1:], drawn, strict=True)
        ]
    notes = [
        f"{_MARK.strip()} {point.evaluation.subject}: {point.evaluation.caveat}"
        for point in series.points
        if point.evaluation.caveat
    ]
    return "\n".join([title, *lines, *notes])


def _direction(series: "ScoreSeries") -> str:
    said = series.points[-1].score.higher_is_better
    return "" if said is None else (" (higher is better)" if said else " (lower is better)")


def _line(point: "ScorePoint", series: "ScoreSeries", columns: int) -> str:
    """Returns the score as a point between the ends of its interval."""
    low, high = series.span

    def place(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(min(max(share, 0.0), 1.0) * (columns - 1))

    cells = [" "] * columns
    if point.interval:
        first, last = map(place, point.interval)
        cells[first : last + 1] = "-" * (last - first + 1)
    for value in point.runs[:-1]:
        cells[place(value)] = "."
    cells[place(point.score.value)] = "o"
    return "".join(cells).rstrip()


def _evaluations(found: "ScoreHistory") -> str:
    rows = [
        [
            one.suite,
            f"{one.harness.name} {one.harness.version}".strip(),
            str(one.rows or "-"),
            f"{one.recorded_at[:16]}Z",
        ]
        for one in found.evaluations
    ]
    lines = table(["SUITE", "EVALUATOR", "ITEMS", "RECORDED"], rows).split("\n")
    shown = [lines[0]]
    for line, one in zip(lines[1:], found.evaluations, strict=True):
        since = "corrected since" if found.is_corrected(one) else ""
        note = ", ".join(filter(None, (since, one.caveat)))
        shown += [line, *([f"  {note}"] if note else [])]
    return "\n".join(shown)
