"""Shows results as text for a terminal, or as Markdown for a page."""

from collections.abc import Sequence
from statistics import median

from measure import Outcome, Result


def as_text(result: Result) -> str:
    """Returns a result for people at a terminal."""
    rows = [_header(result), *_rows(result)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"== {result.question}: {_rounds(result)}"]
    lines += [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines += [f"note: {note}" for note in result.notes]
    lines += [f"target: {_verdict(outcome)}" for outcome in result.outcomes]
    return "\n".join(lines) + "\n"


def as_markdown(result: Result) -> str:
    """Returns a result as a section of a page."""
    header, *rows = [_header(result), *_rows(result)]
    lines = [
        f"### {result.question}",
        "",
        _line(header),
        _line(["---", *["---:"] * (len(header) - 1)]),
    ]
    lines += [_line(row) for row in rows]
    sentences = [_rounds(result), *result.notes]
    lines += ["", " ".join(f"{text}." for text in sentences)]
    lines += ["", *[f"- Target: {_verdict(outcome)}" for outcome in result.outcomes]]
    return "\n".join(lines).rstrip() + "\n"


def _header(result: Result) -> list[str]:
    return ["", "median", "min - max", "processor", f"x {result.unit}"]


def _rows(result: Result) -> list[list[str]]:
    unit = result.of(result.unit)
    return [
        [
            times.name,
            _seconds(times.median),
            f"{_seconds(min(times.seconds))} - {_seconds(max(times.seconds))}",
            _seconds(median(times.cpu)),
            f"{times.against(unit):.2f}",
        ]
        for times in result.times
    ]


def _rounds(result: Result) -> str:
    count = len(result.times[0].seconds)
    return f"{count} round{'s' if count > 1 else ''} after a warm-up, load {result.load:.1f}"


def _verdict(outcome: Outcome) -> str:
    target = outcome.target
    word = "met" if outcome.met else "MISSED"
    if target.to:
        return f"{target.of} <= {target.most:g} x {target.to}: found {outcome.found:.2f} x, {word}"
    return f"{target.of} <= {_seconds(target.most)}: found {_seconds(outcome.found)}, {word}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
