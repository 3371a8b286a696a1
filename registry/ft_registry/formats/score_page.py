"""The scores of a model over its versions: plots and tables, alone or as a part of a page."""

from collections.abc import Iterator

from ft_registry.formats.page import page, table, text
from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 220, 56, 40, 28
STYLE = """
.plot { width: 100%; height: auto; min-width: 30rem; max-width: 46rem; }
.plot .alias { fill: var(--accent); }
.plot .axis { stroke: var(--line); } .plot .interval { stroke: var(--accent); stroke-width: 2;
opacity: 0.45; } .plot .score { fill: var(--accent); }
.plot .run { fill: none; stroke: var(--accent); }
.plot .path { fill: none; stroke: var(--accent); opacity: 0.4; }
"""


def score_page(history: ScoreHistory) -> str:
    """Returns the page."""
    title = f"Scores of {history.model}"
    body = score_sections(history) or "<p>Nothing was measured yet.</p>"
    return page(title, f"<h1>{text(title)}</h1>\n{body}", style=STYLE)


def score_sections(history: ScoreHistory) -> str:
    """Returns the plots and tables as a part of a page; empty: nothing was measured."""
    if not history.series:
        return ""
    parts = [part for series in history.series for part in (_plot(series), _table(series))]
    return (
        '<p class="soft">Each point is the newest evaluation of a version, with its interval of '
        "95 %; rings are earlier runs of the same suite.</p>\n" + "\n".join(parts)
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
    name = text(f"{series.suite} {series.metric}")
    return (
        f"<h3>{name}{_direction(series)}</h3>\n"
        f'<div class="scroll"><svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{name} by version">'
        f'{"".join(ticks)}<polyline class="path" points="{line}"/>{"".join(marks)}</svg></div>'
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
    yield f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{text(point.name)}</text>'
    if point.aliases:
        names = text(" ".join(f"@{alias}" for alias in point.aliases))
        yield f'<text class="alias" x="{x:.1f}" y="{base + 32}" text-anchor="middle">{names}</text>'


def _direction(series: ScoreSeries) -> str:
    said = series.points[-1].score.higher_is_better
    return "" if said is None else f" ({'higher' if said else 'lower'} is better)"


def _table(series: ScoreSeries) -> str:
    rows = [
        (
            text(point.name) + "".join(f" {text(f'@{alias}')}" for alias in point.aliases),
            f"{point.score.value:.4f}",
            _span(point),
            str(point.score.n or "-"),
            text(f"{point.evaluation.harness.name} {point.evaluation.harness.version}"),
            f"{point.evaluation.recorded_at[:16]}Z",
            text(point.evaluation.caveat),
        )
        for point in series.points
    ]
    return table(("Version", "Score", "95 %", "Items", "Evaluator", "Recorded", "Note"), rows)


def _span(point: ScorePoint) -> str:
    return f"{point.interval[0]:.3f} to {point.interval[1]:.3f}" if point.interval else "-"
