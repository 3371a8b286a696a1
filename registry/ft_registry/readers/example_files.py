"""Reads files of examples as chunks of JSON lines, whatever they are made of."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ft_registry.examples.kernel import BOM
from ft_registry.examples.work import Source, Task
from ft_registry.readers.example_rows import csv_lines, json_lines, parquet_lines
from ft_registry.readers.example_streams import (
    CHUNK_BYTES,
    Unreadable,
    blocks,
    blocks_of_range,
    unpacked,
    whole_lines,
)

LINE_LIMIT = 16 << 20
"""Bytes, as `ft_registry.examples.kernel.Settings` has it."""
_SAMPLED = 512
"""Files that are looked into before all of them are read."""
_END = 1 << 62
"""Beyond every file."""


@dataclass(frozen=True)
class Chunk:
    """Whole lines of JSON, one example each."""

    data: bytes
    starts_file: bool = False
    ends_file: bool = False
    numbers: Sequence[int] | None = None
    """The lines of the file that they were; None: they count up by one."""


def read_chunks(task: Task, *, line_limit: int = LINE_LIMIT) -> Iterator[Chunk]:
    """Yields a part of a file, chunk by chunk.

    Args:
        task: The part.
        line_limit: The longest line in bytes; of a longer one only so much is read as shows it.

    Raises:
        Unreadable: At the end: it is not of the kind that its name says, or damaged. All that could
            be read before the damage was yielded.
    """
    if task.source.kind == "jsonl":
        chunks: Iterator[Chunk] = map(Chunk, _read_lines(task, line_limit))
    else:
        chunks = _gathered(_read_rows(task, line_limit))
    last: Chunk | None = None
    damage: Unreadable | None = None
    starts = task.start == 0
    try:
        for chunk in chunks:
            if last is not None:
                yield last
            last = replace(chunk, starts_file=starts)
            starts = False
    except Unreadable as error:
        damage = error
    if last is not None:
        # A line that breaks off ends the file, in whichever part it begins.
        yield replace(last, ends_file=task.stop is None or not last.data.endswith(b"\n"))
    if damage is not None:
        raise damage


def _read_lines(task: Task, limit: int) -> Iterator[bytes]:
    if task.source.compression:
        with unpacked(task.source) as stream:
            yield from whole_lines(blocks(stream), limit=limit)
    else:
        stop = _END if task.stop is None else task.stop
        yield from whole_lines(blocks_of_range(task.source, task.start, stop), limit=limit)


def _read_rows(task: Task, limit: int) -> Iterator[tuple[int | None, bytes]]:
    source = task.source
    if source.kind == "parquet":
        yield from ((None, line) for line in parquet_lines(source, task.start, task.stop))
        return
    with unpacked(source) as stream:
        if source.kind == "json":
            yield from ((None, line) for line in json_lines(stream))
        else:
            yield from csv_lines(stream, tabs=source.kind == "tsv", limit=limit)


def _gathered(rows: Iterable[tuple[int | None, bytes]]) -> Iterator[Chunk]:
    lines: list[bytes] = []
    numbers: list[int] = []
    size = 0
    damage: Unreadable | None = None
    try:
        for number, line in rows:
            lines.append(line)
            size += len(line)
            if number is not None:
                numbers.append(number)
            if size >= CHUNK_BYTES:
                yield Chunk(b"\n".join((*lines, b"")), numbers=numbers or None)
                lines, numbers, size = [], [], 0
    except Unreadable as error:
        damage = error
    if lines:
        yield Chunk(b"\n".join((*lines, b"")), numbers=numbers or None)
    if damage is not None:
        raise damage


def sample_rows(sources: Sequence[Source], *, rows: int = 1000) -> list[dict[str, Any]]:
    """Returns the first examples of each source, to tell their format by."""
    found: list[dict[str, Any]] = []
    for source in sources[:_SAMPLED]:
        wanted = max(1, rows // min(len(sources), _SAMPLED))
        with suppress(Unreadable):  # it is a fault, and told when the file is examined
            # What was found before the damage stays.
            found.extend(islice(_objects(Task(source)), wanted))
    return found


def _objects(task: Task) -> Iterator[dict[str, Any]]:
    for chunk in read_chunks(task):
        for line in chunk.data.removeprefix(BOM).split(b"\n"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row
