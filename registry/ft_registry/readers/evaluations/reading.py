"""Reads the output of an evaluator, whichever it is, into the normal form.

A measurement that is partial, contradicts itself or cannot be told from another is refused: what is
on record is compared with other runs for years, by people who did not see this one.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ft_registry.errors import NotFound, Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.model.names import dataset_name
from ft_registry.model.time import moment
from ft_registry.readers.evaluations import (
    deepeval,
    hf_evaluate,
    hub,
    inspect_ai,
    lighteval,
    lm_eval,
    mlflow_artifacts,
    openai_evals,
    plain,
    promptfoo,
    ragas,
)
from ft_registry.readers.evaluations.documents import finite, named
from ft_registry.readers.evaluations.files import EvaluatorFile, Reader, gather
from ft_registry.readers.evaluations.names import LONGEST
from ft_registry.readers.evaluations.table import unscored_notes

READERS: tuple[Reader, ...] = (
    lm_eval,
    inspect_ai,
    lighteval,
    promptfoo,
    deepeval,
    hf_evaluate,
    openai_evals,
    ragas,
    mlflow_artifacts,
    hub,
    plain,
)
"""In the order in which they are asked. The last takes what no evaluator claims."""

_AHEAD = timedelta(days=1)
_SHOWN = 40
"""Characters of a name that is too long."""


def read_evaluation(
    paths: Sequence[Path],
    *,
    suite: str = "",
    allow_partial: bool = False,
    now: datetime | None = None,
) -> Measurement:
    """Reads what one run of an evaluator wrote.

    Args:
        paths: Its files, or a folder with them. Which evaluator it was is told from their content.
        suite: The name of what was measured, in place of the evaluator's.
        allow_partial: Take a run of a part of the suite; `Measurement.partial` says which.
        now: The present: a time that lies more than a day ahead is not believed. None: any is.

    Raises:
        InvalidInput: No path was given, or the suite is no name.
        NotFound: There is nothing at a path, or nothing of an evaluator in a folder.
        Refused: The files are not an evaluator's, are of several evaluators or runs, are damaged,
            partial, or hold scores that are no finite numbers.
    """
    if suite:
        dataset_name(suite)
    reader, files = _reader_of(*gather(paths), paths)
    measurement = reader.read(files)
    if measurement.partial and not allow_partial:
        raise Refused(
            f"expected a run of the whole suite, found a partial one: {measurement.partial}",
            hints=["evaluate without a limit", "--allow-partial records it as partial"],
        )
    if suite:
        measurement = replace(measurement, suite=suite)
    if len(measurement.suite) > LONGEST:
        raise Refused(
            f"expected a name of a suite of at most {LONGEST} characters, found one of "
            f"{len(measurement.suite)}: {measurement.suite[:_SHOWN]}...",
            hints=["--suite of eval add gives it a shorter one"],
        )
    return _checked(measurement, now)


def _reader_of(
    given: Sequence[EvaluatorFile], inside: Sequence[EvaluatorFile], paths: Sequence[Path]
) -> tuple[Reader, list[EvaluatorFile]]:
    claimed: dict[str, tuple[Reader, list[EvaluatorFile]]] = {}
    for file in given:
        reader = next((one for one in READERS if one.claims(file)), None)
        if reader is None:
            raise Refused(
                f"expected the output of an evaluator, found {file.kind} of another shape: "
                f"{file.path}",
                hints=[
                    'plain items are lines such as {"id": "q1", "exact_match": 1}',
                    "docs/evaluations.md lists what is read",
                ],
            )
        claimed.setdefault(reader.HARNESS, (reader, []))[1].append(file)
    found: dict[str, tuple[Reader, list[EvaluatorFile]]] = {}
    for file in inside:
        if reader := next((one for one in READERS if one.claims(file)), None):
            found.setdefault(reader.HARNESS, (reader, []))[1].append(file)
    last = READERS[-1].HARNESS
    if len(found) + len(claimed) > 1:
        found.pop(last, None)  # settings and tables that lie beside an evaluator's output
    for name, (reader, files) in found.items():
        claimed.setdefault(name, (reader, []))[1].extend(files)
    if not claimed:
        raise NotFound(
            f"expected an evaluator's output in {', '.join(map(str, paths))}, found none",
            hints=["docs/evaluations.md lists what is read"],
        )
    if len(claimed) > 1:
        shown = "; ".join(f"{files[0].path} of {name}" for name, (_, files) in claimed.items())
        raise Refused(
            f"expected the output of one evaluator, found several: {shown}",
            hints=["give the files of one at a time"],
        )
    return next(iter(claimed.values()))


def _checked(measurement: Measurement, now: datetime | None) -> Measurement:
    """Returns the measurement with notes on what is odd in it.

    Raises:
        Refused: It holds what cannot stand in a document.
    """
    if not measurement.scores:
        raise Refused(
            "expected at least one score, found none",
            hints=["docs/evaluations.md says what each evaluator's output must hold"],
        )
    seen: set[tuple[str, str]] = set()
    for score in measurement.scores:
        named(score.metric, what="the name of a metric")
        finite(score.value, what=score.metric)
        if score.filter:
            named(score.filter, what="the name of a filter")
        if score.task:
            named(score.task, what="the name of a task")
        if (score.task, score.column) in seen:
            raise Refused(f"expected each score once, found {score.column} again of {score.task!r}")
        seen.add((score.task, score.column))
    notes = list(measurement.notes)
    if items := measurement.items:
        for name, column in items.scores.items():
            named(name, what="the name of a metric")
            if np.isinf(column).any():
                raise Refused(f"expected finite scores, found an infinity in {name}")
        notes += unscored_notes(items)
    time = measurement.time
    if time and now is not None and moment(time) > now + _AHEAD:
        notes.append(f"the file says that it was measured at {time}, which is in the future")
        time = ""
    return replace(
        measurement,
        time=time,
        notes=tuple(notes),
        seconds=_not_negative(measurement.seconds),
        cost=_not_negative(measurement.cost),
    )


def _not_negative(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) and number >= 0 else None
