"""Reads the tables of a hosted training: a line a step, a column a quantity."""

import csv
import io
import math
from collections.abc import Iterable
from pathlib import PurePosixPath

from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.values import count_of, text_of

_BYTES = 32 << 20
_COLUMNS = 200
_STEPS = ("step", "step_number")
_EPOCHS = ("epoch", "epoch_number")


def read_tables(folder: TrainerFolder, into: Gathered) -> None:
    """Adds the curves of every table that lies with a job, and how many steps they tell of."""
    for name in folder.names:
        if name.lower().endswith(".csv"):
            _read_table(folder, name, into)


def _read_table(folder: TrainerFolder, name: str, into: Gathered) -> None:
    content = folder.text(name, _BYTES)
    if content is None:
        return
    lines = csv.reader(io.StringIO(content, newline=""))
    try:
        header = [text_of(cell.strip()) for cell in next(lines, [])]
        at = next((header.index(step) for step in _STEPS if step in header), None)
        if at is None or len(header) > _COLUMNS:
            folder.leave_out(name, "it has no column step or step_number" if at is None else
                             f"{len(header)} columns ({_COLUMNS} at most)")  # fmt: skip
            return
        found, odd = _columns(lines, header, at)
    except csv.Error as error:
        folder.leave_out(name, f"it is no table ({error})")
        return
    for column, step in sorted(odd.items()):
        folder.note(f"{name}: {column} has cells that are no finite numbers, first at step {step}")
    for column, points in found.items():
        if column in _EPOCHS:
            into.epochs = into.epochs or max(value for _, value in points)
            continue
        # The tables of training and validation have columns of one name.
        key = column if column not in into.points else f"{PurePosixPath(name).stem}/{column}"
        into.points[key] = sorted(points, key=lambda point: point[0])
        into.steps = max(into.steps or 0, int(into.points[key][-1][0]))


def _columns(
    lines: Iterable[list[str]], header: list[str], at: int
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, int]]:
    """Returns the points of each column, and where one has the first cell that is no number."""
    found: dict[str, list[tuple[float, float]]] = {}
    odd: dict[str, int] = {}
    for line in lines:
        step = count_of(_number(line[at])) if at < len(line) else None
        if step is None:
            continue
        for place, cell in enumerate(line[: len(header)]):
            column = header[place]
            if place == at or not column or not cell.strip():
                continue  # validation has a cell at some steps only
            value = _number(cell)
            if value is None or not math.isfinite(value):
                odd.setdefault(column, step)
            else:
                found.setdefault(column, []).append((step, value))
    return found, odd


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
