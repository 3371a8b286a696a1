"""The samples files of lm-evaluation-harness: one line an item and filter, read as columns.

They are the largest files that evaluators write (2 KB an item and more), hence typed structs: what
is not in them (`resps`, `doc`, all prompts but the first) is skipped by the parser and never
becomes an object.
"""

import hashlib
import math
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Floats
from ft_registry.readers.evaluations.documents import (
    UNREADABLE,
    convert,
    named,
    parse_leniently,
    shown,
    text_of,
)
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.table import kept_text

T = TypeVar("T")

_NAME = re.compile(r"samples_(.+?)(?:_(\d{4}-\d\d-\d\dT[\d.-]+))?\.jsonl")
_DATE = re.compile(r"_(\d{4}-\d\d-\d\dT[\d.-]+?)\.jsonl?")
_MOST_METRICS = 200


class _Request(msgspec.Struct, gc=False):
    """One call of the model."""

    arg_0: Any = None


class _Arguments(msgspec.Struct, gc=False):
    """The calls; the first shows what was asked."""

    gen_args_0: _Request | None = None


class _Names(msgspec.Struct):
    """What a line says of its metrics."""

    metrics: list[str]


class _Sample(msgspec.Struct, gc=False):
    """A line; the struct that reads it has a field ``m0``, ``m1``, ... more for each metric."""

    doc_id: int
    doc_hash: str
    prompt_hash: str
    target_hash: str
    metrics: list[str]
    target: Any = None
    filter: str = "none"
    filtered_resps: Any = None
    arguments: _Arguments | None = None


@dataclass
class TaskSamples:
    """What a samples file holds, by row where it is a list."""

    name: str
    """The task, from the name of the file: nothing in it says."""
    file: EvaluatorFile
    task_hash: str = ""
    """As the evaluator computes it for its results."""
    contents: list[str] = field(default_factory=list)
    """What names the item: the hashes of document and target."""
    prompts: list[str] = field(default_factory=list)
    """The hash of the prompt."""
    texts: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[str, Floats] = field(default_factory=dict)
    """By ``metric`` or ``metric,filter``."""
    pooled: set[str] = field(default_factory=set)
    """Columns that are computed from all items at once: an item has no number of its own."""


def date_in_name(file: EvaluatorFile) -> str:
    """Returns the date that all files of one run have in their names; empty: they have none."""
    found = _DATE.search(file.path.name)
    return found[1] if found else ""


def read_samples(file: EvaluatorFile) -> TaskSamples:
    """Reads the samples of one task.

    Raises:
        Refused: A line is no sample, or an item is missing or there twice.
    """
    match = _NAME.fullmatch(file.path.name)
    gathered = TaskSamples(match[1] if match else file.path.stem, file)
    metrics, struct = _shape(file)
    values_of = _values(len(metrics))
    rows: dict[int, int] = {}
    lanes: dict[str, _Lane] = {}
    hasher = hashlib.sha256()
    texts: dict[str, list[str]] = {"prompt": [], "target": [], "answer": []}
    for sample in _samples(file, struct):
        if sample.metrics != metrics:
            raise Refused(
                f"expected the same metrics in every sample of {file.path}, found "
                f"{', '.join(map(shown, sample.metrics[:5]))} beside {', '.join(metrics[:5])}"
            )
        hashes = sample.doc_hash + sample.prompt_hash + sample.target_hash
        hasher.update(hashes.encode("utf-8", "surrogatepass"))
        content = sample.doc_hash + sample.target_hash
        row = rows.setdefault(sample.doc_id, len(rows))
        if row == len(gathered.contents):
            gathered.contents.append(content)
            gathered.prompts.append(sample.prompt_hash)
            request = sample.arguments.gen_args_0 if sample.arguments else None
            texts["prompt"].append(
                kept_text(text_of(request.arg_0 if request else None), tail=True)
            )
            texts["target"].append(kept_text(text_of(sample.target)))
            texts["answer"].append(kept_text(_answer(sample.filtered_resps)))
        elif gathered.contents[row] != content:
            raise Refused(
                f"expected one document of the number {sample.doc_id}, found two in {file.path}",
                hints=["samples of two tasks or runs are in one file: take those of one"],
            )
        lane = lanes.get(sample.filter)
        if lane is None:
            lane = lanes[sample.filter] = _Lane(sample.filter, metrics, file)
        lane.add(row, sample.doc_id, values_of(sample))
    gathered.task_hash = hasher.hexdigest()
    gathered.texts = {name: found for name, found in texts.items() if any(found)}
    for lane in lanes.values():
        lane.check_whole(len(rows))
        gathered.columns |= lane.finished()
        gathered.pooled |= lane.pooled
    return gathered


class _Lane:
    """The scores of one filter.

    Args:
        name: The filter.
        metrics: Their names.
        file: Where they are from.
    """

    def __init__(self, name: str, metrics: Sequence[str], file: EvaluatorFile) -> None:
        self._name = name
        self._file = file
        suffix = "" if name in {"none", ""} else "," + named(name, what="the name of a filter")
        self._names = [metric + suffix for metric in metrics]
        self._columns = [array("d") for _ in metrics]
        self._done: set[int] = set()
        self.pooled: set[str] = set()

    def add(self, row: int, doc: int, values: Sequence[Any]) -> None:
        if row in self._done:
            raise Refused(
                f"expected each item once, found document {doc} again with filter "
                f"{self._name!r} in {self._file.path}",
                hints=["two runs wrote into one file: take the samples of one"],
            )
        self._done.add(row)
        for name, column, value in zip(self._names, self._columns, values, strict=True):
            if len(column) < row:
                column.extend([math.nan] * (row - len(column)))
            # The usual case first: a number less itself is 0, but for NaN and infinities.
            number = (
                value
                if type(value) is float and value - value == 0
                else self._number(value, name, doc)
            )
            if row == len(column):
                column.append(number)
            else:
                column[row] = number

    def _number(self, value: Any, name: str, doc: int) -> float:
        if isinstance(value, list | dict):
            self.pooled.add(name)  # what perplexity or the F1 of a corpus is computed from
            return math.nan
        try:
            # Python's True comes from metrics that compare.
            if isinstance(value, int):
                return float(value)
        except OverflowError:
            pass
        raise Refused(
            f"expected a finite number as {name} of document {doc} in {self._file.path}, found "
            f"{value if isinstance(value, float) else shown(value)}",
            hints=["a score that could not be computed is no score: look at the evaluator's log"],
        )

    def check_whole(self, count: int) -> None:
        if len(self._done) != count:
            raise Refused(
                f"expected all {count} items with filter {self._name!r} in {self._file.path}, "
                f"found {len(self._done)}",
                hints=["the file breaks off, or lines were taken out: evaluate again"],
            )

    def finished(self) -> dict[str, Floats]:
        return {
            name: np.frombuffer(column, dtype=np.float64)
            for name, column in zip(self._names, self._columns, strict=True)
            if name not in self.pooled
        }


def _shape(file: EvaluatorFile) -> tuple[list[str], Any]:
    """Returns the metrics of the first line, and a struct that reads them."""
    metrics = _line(file.first_line, _Names, file, 1).metrics
    if not 0 < len(metrics) <= _MOST_METRICS or len(set(metrics)) < len(metrics):
        raise Refused(
            f"expected 1 to {_MOST_METRICS} metrics, each once, in {file.path}, found "
            f"{len(metrics)}"
        )
    if twice := set(metrics) & set(_Sample.__struct_fields__):
        raise Refused(f"expected the name of a metric in {file.path}, found {min(twice)!r}")
    for metric in metrics:
        named(metric, what=f"a metric in {file.path}")
    struct = msgspec.defstruct(
        "Sample",
        [(f"m{number}", Any) for number in range(len(metrics))],
        bases=(_Sample,),
        kw_only=True,
        gc=False,
        rename={f"m{number}": metric for number, metric in enumerate(metrics)},
    )
    return metrics, struct


def _values(count: int) -> Callable[[Any], Sequence[Any]]:
    get = attrgetter(*(f"m{number}" for number in range(count)))
    return get if count > 1 else lambda sample: (get(sample),)


def _samples(file: EvaluatorFile, struct: type[_Sample]) -> Iterator[_Sample]:
    decoder = msgspec.json.Decoder(struct)
    number = 1
    for block in file.blocks():
        try:
            yield from decoder.decode_lines(block)
        except UNREADABLE:
            # One by one, so that the error names the line; and NaN may stand in the document.
            for offset, line in enumerate(block.split(b"\n")):
                if line.strip():
                    yield _line(line, struct, file, number + offset)
        number += block.count(b"\n")


def _line(line: bytes, struct: type[T], file: EvaluatorFile, number: int) -> T:
    where = f"line {number} of {file.path}"
    try:
        return msgspec.json.decode(line, type=struct)
    except UNREADABLE:
        return convert(parse_leniently(line, what=where), struct, what=where)


def _answer(responses: Any) -> str:
    """Returns what came: the text, or the number of the choice that is likeliest."""
    if not isinstance(responses, list) or not responses:
        return text_of(responses)
    first = responses[0]
    if len(responses) > 1 and isinstance(first, list):
        try:
            likelihoods = [float(choice[0]) for choice in responses]
        except (TypeError, ValueError, IndexError, KeyError):
            return text_of(first)
        return str(likelihoods.index(max(likelihoods)))
    while isinstance(first, list) and first:
        first = first[0]
    return text_of(first)
