"""The samples of Inspect's logs: answers of some epochs to each item, one row an item."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items, item_id
from ft_registry.readers.evaluations.documents import finite, finite_or_none, named, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.table import ItemTable

_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ATTACHMENT = "attachment://"
_SLICE_LENGTH = 64


class _SampleScore(msgspec.Struct):
    value: Any = None
    answer: Any = None


class _Usage(msgspec.Struct):
    output_tokens: int | None = None


class _Message(msgspec.Struct):
    content: Any = None


class _Choice(msgspec.Struct):
    message: _Message | None = None


class _Output(msgspec.Struct):
    completion: str | None = None
    choices: list[_Choice] = []
    usage: _Usage | None = None


class Sample(msgspec.Struct):
    """One answer to one question; an item has as many as there are epochs."""

    id: int | str
    input: Any
    target: Any = None
    epoch: int = 1
    choices: list[str] | None = None
    scores: dict[str, _SampleScore] | None = None
    output: _Output | None = None
    metadata: dict[str, Any] | None = None
    attachments: dict[str, str] | None = None
    total_time: float | None = None


class GatheredSamples:
    """Samples as they come, one item a row whatever the epochs.

    Args:
        file: Where they are from.
    """

    def __init__(self, file: EvaluatorFile) -> None:
        self._file = file
        self.table = ItemTable(file.path)
        self.notes: list[str] = []
        self._rows: dict[str, int] = {}
        self._epochs: set[tuple[str, int]] = set()
        self._sums: dict[str, dict[int, list[float]]] = {}
        self._labels: set[str] = set()
        self._numbers: dict[str, dict[int, list[float]]] = {"tokens": {}, "latency": {}}

    @property
    def count(self) -> int:
        """Items."""
        return len(self._rows)

    def add(self, sample: Sample) -> None:
        """Takes one answer.

        Raises:
            Refused: It was taken before, or its score is not finite.
        """
        key = f"{type(sample.id).__name__} {sample.id}"
        if (key, sample.epoch) in self._epochs:
            raise Refused(
                f"expected each sample once, found {sample.id} of epoch {sample.epoch} again in "
                f"{self._file.path}"
            )
        self._epochs.add((key, sample.epoch))
        if key not in self._rows:
            self._rows[key] = self._item(sample)
        row = self._rows[key]
        for name, value in _values(sample):
            number = _number(value)
            if number is None:
                self._labels.add(name)
            else:
                self._sums.setdefault(name, {}).setdefault(row, []).append(
                    finite(number, what=f"{name} of sample {sample.id} in {self._file.path}")
                )
        usage = sample.output.usage if sample.output else None
        for name, number in (
            ("tokens", usage.output_tokens if usage else None),
            ("latency", sample.total_time),
        ):
            if (taken := finite_or_none(number)) is not None:
                self._numbers[name].setdefault(row, []).append(taken)

    def _item(self, sample: Sample) -> int:
        attached = sample.attachments or {}
        asked = _said(sample.input, attached)
        row = self.table.add(item_id(asked, _plain(sample.target), sample.choices))
        question = asked if isinstance(asked, str) else "\n\n".join(text_of(c) for _, c in asked)
        self.table.text(row, "prompt", question)
        target = sample.target
        self.table.text(
            row,
            "target",
            ", ".join(map(text_of, target)) if isinstance(target, list) else text_of(target),
        )
        self.table.text(row, "answer", _answer(sample))
        for name, value in (sample.metadata or {}).items():
            if (
                isinstance(value, str)
                and 0 < len(value) <= _SLICE_LENGTH
                and name.isprintable()
                and name
            ):
                self.table.slice(row, name[:_SLICE_LENGTH], value)
        return row

    def finish(self) -> Items | None:
        """Returns the items; None: the log was written without samples."""
        if not self._rows:
            return None
        for name, rows in sorted(self._sums.items()):
            if name in self._labels:
                continue
            for row, values in rows.items():
                self.table.score(
                    row, named(name, what="the name of a scorer"), math.fsum(values) / len(values)
                )
        for name, found in self._numbers.items():
            for row, values in found.items():
                self.table.number(row, name, math.fsum(values) / len(values))
        self.notes += [
            f"{name} gives labels, not numbers: they are left out" for name in sorted(self._labels)
        ]
        return self.table.finish()


def _values(sample: Sample) -> Iterator[tuple[str, Any]]:
    for scorer, score in (sample.scores or {}).items():
        if isinstance(score.value, dict):
            yield from score.value.items()
        elif score.value is not None:
            yield scorer, score.value


def _number(value: Any) -> float | None:
    """Returns the number that Inspect takes a value for; None: it is a label."""
    if isinstance(value, str):
        if value in _LETTERS:
            return _LETTERS[value]
        word = value.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        return float(word) if _NUMBER.fullmatch(word) else None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf  # refused as such
    return None


def _said(value: Any, attached: Mapping[str, str]) -> Any:
    """Returns what was asked, without the ids that messages are given anew in each run."""
    if isinstance(value, str):
        return (
            attached.get(value.removeprefix(_ATTACHMENT), value)
            if value.startswith(_ATTACHMENT)
            else value
        )
    if isinstance(value, list):
        return [
            [text_of(message.get("role")), _resolved(message.get("content"), attached)]
            for message in value
            if isinstance(message, dict)
        ]
    return text_of(value)


def _resolved(content: Any, attached: Mapping[str, str]) -> str:
    if isinstance(content, str):
        return text_of(_said(content, attached))
    if isinstance(content, list):
        return "\n".join(
            text_of(_said(part.get("text") or part.get("image") or "", attached))
            for part in content
            if isinstance(part, dict)
        )
    return text_of(content)


def _plain(target: Any) -> Any:
    return [text_of(one) for one in target] if isinstance(target, list) else text_of(target)


def _answer(sample: Sample) -> str:
    output = sample.output
    if output is None:
        return ""
    if output.completion:
        return output.completion
    message = output.choices[0].message if output.choices else None
    return _resolved(message.content, sample.attachments or {}) if message else ""
