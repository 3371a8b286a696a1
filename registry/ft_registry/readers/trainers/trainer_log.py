"""Reads what transformers' trainers log: ``trainer_state.json`` and ``all_results.json``."""

import re
from functools import cache
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
    history = [mapping_of(line) for line in lines] if isinstance(lines, list) else []
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
    points: Points = {}
    odd: dict[str, list[int]] = {}
    name_of = cache(text_of)  # the same few, in every line
    for line in history:
        step = count_of(line.get("step"))
        if step is None or _SUMMARY in line:
            continue
        for key, value in line.items():
            name = name_of(key)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not name or name in _NO_CURVES or not is_number:
                continue
            number = number_of(value)
            if number is None:
                odd.setdefault(name, []).append(step)
            else:
                points.setdefault(name, []).append((step, number))
    for curve in points.values():
        curve.sort(key=lambda point: point[0])  # a training that was taken up again repeats steps
    return dict(sorted(points.items())), odd


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
