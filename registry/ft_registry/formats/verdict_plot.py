"""The plot of a comparison as SVG: the difference and its interval, beside 0 and the bound."""

from html import escape

from ft_registry.formats.verdict_axis import axis_of
from ft_registry.formats.verdict_words import bound, signed
from ft_registry.model.verdict import ComparisonFinding

_WIDTH, _HEIGHT, _MIDDLE = 640, 64, 28
_NEAR = 90
"""Labels that are closer than this run into each other."""

STYLE = """
section svg { width: 100%; height: auto; margin: 0.3rem 0; color: var(--text); }
.zero { stroke: var(--soft); stroke-dasharray: 3 3; } .bound { stroke: var(--fail); }
.interval { stroke: var(--text); stroke-width: 2; } .delta { fill: var(--text); }
.passing { fill: var(--pass); opacity: 0.12; }
"""


def interval_plot(found: ComparisonFinding) -> str:
    """Returns the SVG; green is where the difference has to lie."""
    axis = axis_of(found)
    zero, null, value, low, high = (
        round(place * _WIDTH, 1)
        for place in (axis.zero, axis.null, axis.value, axis.low, axis.high)
    )
    label = escape(f"{signed(found.delta.value)}, bound {bound(found)}")
    ends = "".join(
        f'<line class="interval" x1="{x}" x2="{x}" y1="{_MIDDLE - 7}" y2="{_MIDDLE + 7}"/>'
        for x, is_open in ((low, axis.opens_left), (high, axis.opens_right))
        if not is_open
    )
    marks = [_mark("bound", null, f"bound {bound(found)}")]
    if zero != null:
        named = "0" if abs(zero - null) > _NEAR else ""
        marks.insert(0, _mark("zero", zero, named))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<rect class="passing" x="{null}" y="4" width="{_WIDTH - null:.1f}" height="44"/>'
        f"{''.join(marks)}"
        f'<line class="interval" x1="{low}" x2="{high}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>{ends}'
        f'<circle class="delta" cx="{value}" cy="{_MIDDLE}" r="5"/></svg>'
    )


def _mark(kind: str, x: float, named: str) -> str:
    # A label in the middle of a mark that is close to an end would leave the picture.
    anchor = "start" if x < _NEAR else "end" if x > _WIDTH - _NEAR else "middle"
    return (
        f'<line class="{kind}" x1="{x}" x2="{x}" y1="4" y2="48"/>'
        f'<text x="{x}" y="61" text-anchor="{anchor}">{named}</text>'
    )
