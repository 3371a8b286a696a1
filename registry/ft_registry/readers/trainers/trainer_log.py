"""Reads what transformers' trainers log: ``trainer_state.json`` and ``all_results.json``."""

import re
from math import isfinite
from operator import itemgetter
from typing import Any

from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import Gathered, Points
from ft_registry.readers.trainers.values import (
    count_of,
    mapping_of,
    number_of,
    text_of,
)

STATE = "trainer_state.json"
RESULTS = "all_results.json"
_CHECKPOINT = re.compile(r"checkpoint-([0-9]{1,12})/trainer_state\.json")
_NO_CURVES = {"epoch", "step", "total_flos"}
_RESULTS = 1000
"""Numbers of a summary that a record keeps: evaluations of many sets may each have some."""
_SUMMARY = "train_runtime"
"""A line of the log that has it sums the training up."""


def read_log(folder: TrainerFolder, into: Gathered) -> None:
    """Adds steps, epochs, curves, results, time and tokens."""
    state = mapping_of(folder.json(_state(folder) or STATE))
    lines = state.get("log_history")
    history = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    into.steps = count_of(state.get("global_step"))
    into.epochs = number_of(state.get("epoch"))
    into.points, odd = curves_of(history)
    for name, steps in sorted(odd.items()):
        first = f"first of {len(steps)} times " if len(steps) > 1 else ""
        folder.note(f"{name}: no finite number, {first}at step {steps[0]}")
    results = _results(folder, history)
    numbers = {
        name: number
        for name, value in sorted(results.items())
        if (number := number_of(value)) is not None and name != "epoch"
    }
    into.results = dict(list(numbers.items())[:_RESULTS])
    if len(numbers) > _RESULTS:
        folder.note(f"{RESULTS}: {len(numbers)} numbers, of which the first {_RESULTS} are kept")
    into.seconds = number_of(results.get(_SUMMARY))
    into.tokens = _tokens(state, into.points)


def _state(folder: TrainerFolder) -> str:
    """Returns the state beside the weights, else that of the last checkpoint: not all save both."""
    if STATE in folder.names:
        return STATE
    found = [match for name in folder.names if (match := _CHECKPOINT.fullmatch(name))]
    return max(found, key=lambda match: int(match[1]))[0] if found else ""


def curves_of(history: list[dict[str, Any]]) -> tuple[Points, dict[str, list[int]]]:
    """Returns the curves of a log, and at which steps each had no finite number."""
    curves = _Curves()
    odd: dict[str, list[int]] = {}
    for line in history:
        step = count_of(line.get("step"))
        if step is None or _SUMMARY in line:
            continue
        for key, value in line.items():
            curve = curves[key]
            if curve is None:
                continue
            # Nearly all are such numbers, and a long log has hundreds of thousands.
            if type(value) is float and isfinite(value):
                curve.append((step, value))
            elif (number := number_of(value)) is not None:
                curve.append((step, number))
            elif isinstance(value, int | float) and not isinstance(value, bool):
                odd.setdefault(text_of(key), []).append(step)
    for points in curves.named.values():
        points.sort(key=itemgetter(0))  # a training that was taken up again repeats steps
    return {name: points for name, points in sorted(curves.named.items()) if points}, odd


class _Curves(dict[str, list[tuple[float, float]] | None]):
    """The curves by the words of the log, of which several may be one name; None: no curve."""

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[str, list[tuple[float, float]]] = {}

    def __missing__(self, key: str) -> list[tuple[float, float]] | None:
        name = text_of(key)
        is_curve = bool(name) and name not in _NO_CURVES
        self[key] = found = self.named.setdefault(name, []) if is_curve else None
        return found


def _results(folder: TrainerFolder, history: list[dict[str, Any]]) -> dict[str, Any]:
    last = [line for line in history if _SUMMARY in line][-1:]
    logged = {key: value for line in last for key, value in line.items() if key != "step"}
    saved = mapping_of(folder.json(RESULTS))
    return {text_of(key): value for key, value in {**logged, **saved}.items()}


def _tokens(state: dict[str, Any], points: Points) -> int | None:
    """Returns the tokens trained on: TRL counts them as it goes, transformers when asked to."""
    counted = count_of(state.get("num_input_tokens_seen"))
    if points.get("num_tokens"):
        return int(max(value for _, value in points["num_tokens"]))
    return counted or None
