"""Small pictures: curves over steps, and bars."""

from collections.abc import Iterable, Mapping, Sequence

from ft_registry.formats.page import text
from ft_registry.model.training import Curve

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 420, 190, 64, 12, 12, 26
_COLOURS = ("accent", "config", "evaluation", "baseline")
_BARS = 8
STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
gap: 1.2rem; }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; margin-bottom: 0.2rem; }
.chart { width: 100%; height: auto; } .chart .rule { stroke: var(--line); }
.chart polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.key { font-weight: 400; font-size: 0.85rem; margin-left: 0.7rem; }
.bars { display: grid; grid-template-columns: minmax(4rem, 11rem) minmax(0, 1fr) 5rem;
gap: 0.15rem 0.7rem; align-items: center; margin: 0.4rem 0; font-size: 0.92rem; }
.bars i { display: block; height: 0.6rem; border-radius: 3px; background: var(--accent);
min-width: 2px; } .bars b { font-weight: 400; text-align: right; color: var(--soft);
font-variant-numeric: tabular-nums; }
"""


def curves(found: Sequence[Curve]) -> str:
    """Returns a picture for each quantity; those of training and evaluation share one."""
    groups: dict[str, list[Curve]] = {}
    for curve in found:
        if curve.points:
            groups.setdefault(_quantity(curve.name), []).append(curve)
    pictures = "".join(_picture(name, group) for name, group in groups.items())
    return f'<div class="charts">{pictures}</div>' if pictures else ""


def bars(counts: Mapping[str, int]) -> str:
    """Returns a bar for each of the largest counts."""
    if not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    largest = max(ordered[0][1], 1)
    rows = "".join(
        f'<span>{text(name) or "-"}</span><i style="width:{100 * count / largest:.1f}%"></i>'
        f"<b>{count:,}</b>"
        for name, count in ordered[:_BARS]
    )
    left = ordered[_BARS:]
    more = f'<p class="soft">and {len(left):,} more</p>' if left else ""
    return f'<div class="bars">{rows}</div>{more}'


def _quantity(name: str) -> str:
    return name.removeprefix("eval_").removeprefix("train_")


def _picture(name: str, group: Sequence[Curve]) -> str:
    steps = [step for curve in group for step, _ in curve.points]
    values = [value for curve in group for _, value in curve.points]
    left, right, low, high = min(steps), max(steps), min(values), max(values)

    def across(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _share(step, left, right)

    def up(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - _share(value, low, high))

    lines = "".join(
        _line([(across(step), up(value)) for step, value in curve.points], colour)
        for curve, colour in zip(group, _colours(), strict=False)
    )
    marks = sorted({low, low / 2 + high / 2, high})
    rules = "".join(
        f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{word}</text>'
        for word, y in zip(ticks(marks), map(up, marks), strict=True)
    )
    base = _HEIGHT - 6
    steps_named = (
        f'<text x="{_LEFT}" y="{base}">step {left:g}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{base}" text-anchor="end">{right:g}</text>'
    )
    key = "".join(
        f'<span class="key" style="color:var(--{colour})">{text(curve.name)}</span>'
        for curve, colour in zip(group, _colours(), strict=False)
        if len(group) > 1
    )
    return (
        f"<figure><figcaption>{text(name)}{key}</figcaption>"
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{text(name)} over steps, from {group[0].points[0][1]:.4g} to '
        f'{group[0].points[-1][1]:.4g}">{rules}{lines}{steps_named}</svg></figure>'
    )


def ticks(values: Sequence[float]) -> list[str]:
    """Returns different numbers as short words that differ as well, as far as six digits tell."""
    for digits in range(3, 7):
        words = [f"{value:.{digits}g}" for value in values]
        if len(set(words)) == len(set(values)):
            break
    return words


def _share(value: float, low: float, high: float) -> float:
    """Returns how far a value is from the one end to the other; of no distance: in the middle."""
    # Halves: the distance of two numbers may be beyond what a number holds.
    distance = high / 2 - low / 2
    return (value / 2 - low / 2) / distance if distance > 0 else 0.5


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    if len(points) == 1:
        ((x, y),) = points
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" style="fill:var(--{colour})"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" style="stroke:var(--{colour})"/>'


def _colours() -> Iterable[str]:
    while True:
        yield from _COLOURS
