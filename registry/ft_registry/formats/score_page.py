"""A page with the scores of a model over its versions: one file, nothing is loaded from elsewhere.

MLflow shows it among the artifacts, in a frame that runs no scripts and reaches no network.
"""

from collections.abc import Iterator
from html import escape

from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 220, 56, 40, 28
_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 720px; color: #1b2733; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0.3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #dde3e9; }
td.number { font-variant-numeric: tabular-nums; } svg { width: 100%; height: auto; }
text { font: 12px system-ui, sans-serif; fill: #51606e; } .alias { fill: #0b5cad; }
.axis { stroke: #b8c2cc; } .interval { stroke: #0b5cad; stroke-width: 2; opacity: 0.45; }
.score { fill: #0b5cad; } .run { fill: none; stroke: #0b5cad; }
.path { fill: none; stroke: #9bb8d6; }
"""


def score_page(history: ScoreHistory) -> str:
    """Returns the page."""
    title = f"Scores of {escape(history.model)}"
    parts = [part for series in history.series for part in (_plot(series), _table(series))]
    body = "\n".join(parts) or "<p>Nothing was measured yet.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        "<p>Each point is the newest evaluation of a version, with its interval of 95 %; rings are "
        f"earlier runs of the same suite.</p>\n{body}\n</body></html>\n"
    )


def _plot(series: ScoreSeries) -> str:
    low, high = series.span
    room = (high - low) * 0.08 or 0.05
    low, high = low - room, high + room
    step = (_WIDTH - _LEFT - 24) / max(len(series.points), 1)

    def across(place: int) -> float:
        return _LEFT + step * (place + 0.5)

    def up(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    line = " ".join(
        f"{across(n):.1f},{up(point.score.value):.1f}" for n, point in enumerate(series.points)
    )
    marks = [
        mark
        for n, point in enumerate(series.points)
        for mark in _marks(point, across(n), [up(value) for value in _values(point)], step)
    ]
    ticks = [
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{up(value) + 4:.1f}" text-anchor="end">{value:.3f}</text>'
        for value in (low + room, (low + high) / 2, high - room)
    ]
    name = escape(f"{series.suite} {series.metric}")
    return (
        f"<h2>{name}{_direction(series)}</h2>\n"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name} by version">'
        f'{"".join(ticks)}<polyline class="path" points="{line}"/>{"".join(marks)}</svg>'
    )


def _values(point: ScorePoint) -> list[float]:
    """Returns what is drawn of a point: the score, the ends of its interval, earlier runs."""
    ends = point.interval or (point.score.value, point.score.value)
    return [point.score.value, *ends, *point.runs[:-1]]


def _marks(point: ScorePoint, x: float, heights: list[float], step: float) -> Iterator[str]:
    score, low, high, *runs = heights
    yield f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
    for run in runs:
        yield f'<circle class="run" cx="{x:.1f}" cy="{run:.1f}" r="3"/>'
    yield f'<circle class="score" cx="{x:.1f}" cy="{score:.1f}" r="4"/>'
    if step < 14 and (point.version or 0) % 10:
        return  # there is no room for every number
    base = _HEIGHT - _BOTTOM
    yield f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{escape(point.name)}</text>'
    if point.aliases:
        names = escape(" ".join(f"@{alias}" for alias in point.aliases))
        yield f'<text class="alias" x="{x:.1f}" y="{base + 32}" text-anchor="middle">{names}</text>'


def _direction(series: ScoreSeries) -> str:
    said = series.points[-1].score.higher_is_better
    return "" if said is None else f" ({'higher' if said else 'lower'} is better)"


def _table(series: ScoreSeries) -> str:
    rows = [
        "<tr>"
        f"<td>{escape(point.name)}{escape(''.join(f' @{alias}' for alias in point.aliases))}</td>"
        f'<td class="number">{point.score.value:.4f}</td>'
        f'<td class="number">{_span(point)}</td><td class="number">{point.score.n or "-"}</td>'
        f"<td>{escape(f'{point.evaluation.harness.name} {point.evaluation.harness.version}')}</td>"
        f"<td>{point.evaluation.recorded_at[:16]}Z</td>"
        f"<td>{escape(point.evaluation.caveat)}</td></tr>"
        for point in series.points
    ]
    return (
        "<table><tr><th>Version</th><th>Score</th><th>95 %</th><th>Items</th><th>Evaluator</th>"
        f"<th>Recorded</th><th>Note</th></tr>{''.join(rows)}</table>"
    )


def _span(point: ScorePoint) -> str:
    return f"{point.interval[0]:.3f} to {point.interval[1]:.3f}" if point.interval else "-"
