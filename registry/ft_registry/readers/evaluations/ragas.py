"""Ragas: its result as a table, `result.to_pandas()` saved as CSV, JSON, JSONL or Parquet.

The columns are those of 0.4.3's source (`SingleTurnSample`, `MultiTurnSample`) and of 0.1
(`question`, `contexts`, `answer`, `ground_truth`); it was not run. What is no known column and
holds numbers is a metric; an empty cell is an item that Ragas could not score.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ft_registry.errors import Refused
from ft_registry.evaluations.items import item_id
from ft_registry.evaluations.measurement import Measurement
from ft_registry.readers.evaluations.documents import named, shown, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.rows import columns_of, is_missing, number_in, rows_of
from ft_registry.readers.evaluations.table import ItemTable, mean_scores

HARNESS = "ragas"

_ASKED = ("user_input", "question")
_RIGHT = ("reference", "ground_truth", "ground_truths")
_CAME = ("response", "answer")
_BESIDE = {
    "retrieved_contexts", "reference_contexts", "retrieved_context_ids", "reference_context_ids",
    "multi_responses", "rubrics", "rubric", "persona_name", "query_style", "query_length",
    "reference_tool_calls", "reference_topics", "contexts", "synthesizer_name", "episode_done",
}  # fmt: skip
_SLICES = ("persona_name", "query_style", "query_length", "synthesizer_name")


def claims(file: EvaluatorFile) -> bool:
    """Whether the file is a table of Ragas."""
    if file.kind not in {"csv", "json", "lines", "parquet"}:
        return False
    names = columns_of(file)
    beside = {*_RIGHT, *_CAME, "retrieved_contexts"}
    return ("user_input" in names and bool(names & beside)) or (
        {"question", "answer"} <= names and bool(names & {"contexts", "ground_truth"})
    )


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one table.

    Raises:
        Refused: There are several, or a column of scores holds texts.
    """
    if len(files) > 1:
        raise Refused(f"expected one table of Ragas, found {len(files)}")
    file = files[0]
    rows = list(rows_of(file))
    known = {*_ASKED, *_RIGHT, *_CAME, *_BESIDE, ""}
    metrics = [
        name for name in (rows[0] if rows else ()) if name not in known and _scores(name, rows)
    ]
    table = ItemTable(file.path)
    for index, cells in enumerate(rows, start=1):
        asked, right = _first(cells, _ASKED), _first(cells, _RIGHT)
        row = table.add(item_id(asked, right))
        table.text(row, "prompt", asked)
        table.text(row, "target", right)
        table.text(row, "answer", _first(cells, _CAME))
        for name in _SLICES:
            if value := text_of(cells.get(name)):
                table.slice(row, name, value)
        for name in metrics:
            metric = named(name, what=f"a metric in {file.path}")
            table.score(
                row, metric, _score(cells.get(name), f"{name} in row {index} of {file.path}")
            )
    items = table.finish()
    return Measurement(
        suite=suite_of([file.path.stem]),
        harness=HARNESS,
        scores=mean_scores(items),
        items=items,
        prompt_digest=table.prompts,
    )


def _scores(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        isinstance(cell, bool) or number_in(cell, what=name) is not None
        for row in rows
        if not is_missing(cell := row.get(name))
    )


def _score(cell: Any, what: str) -> float:
    if is_missing(cell):
        return math.nan
    number = float(cell) if isinstance(cell, bool) else number_in(cell, what=what)
    if number is None:
        raise Refused(f"expected a number as {what}, found {shown(cell)}")
    return number


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((text_of(cells[name]) for name in names if not is_missing(cells.get(name))), "")
