"""``eval show``: the scores of a version, or of a model over its versions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, command, table

if TYPE_CHECKING:
    from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries

_WIDTH = 40
"""Columns of a plot."""


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
    return "\n\n".join(parts)


def _plot(series: "ScoreSeries") -> str:
    low, high = series.span
    rows = [
        [
            point.evaluation.subject + "".join(f" @{alias}" for alias in point.aliases),
            f"{point.score.value:.4f}",
            f"{point.interval[0]:.3f} to {point.interval[1]:.3f}" if point.interval else "-",
            str(point.score.n or "-"),
            _line(point, low, high),
        ]
        for point in series.points
    ]
    title = f"{series.suite}  {series.metric}{_direction(series)}"
    return f"{title}\n" + table(["VERSION", "SCORE", "95 %", "N", ""], rows)


def _direction(series: "ScoreSeries") -> str:
    said = series.points[-1].score.higher_is_better
    return "" if said is None else (" (higher is better)" if said else " (lower is better)")


def _line(point: "ScorePoint", low: float, high: float) -> str:
    """Returns the score as a point between the ends of its interval."""

    def place(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(min(max(share, 0.0), 1.0) * (_WIDTH - 1))

    cells = [" "] * _WIDTH
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
            ", ".join(
                filter(
                    None,
                    (
                        "corrected since" if found.is_corrected(one) else "",
                        f"in part: {one.partial}" if one.partial else "",
                        f"trusted: {one.trusted}" if one.trusted else "",
                    ),
                )
            )
            or "-",
        ]
        for one in found.evaluations
    ]
    return table(["SUITE", "EVALUATOR", "ITEMS", "RECORDED", "NOTE"], rows)
