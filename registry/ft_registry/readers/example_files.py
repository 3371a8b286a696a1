"""Reads files of examples as chunks of JSON lines, whatever they are made of."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from typing import IO, Any, cast

import msgspec

from ft_registry.errors import FtRegistryError
from ft_registry.examples.faults import shown
from ft_registry.readers.example_sources import Source, Task

CHUNK_BYTES = 128 << 10
"""Larger ones leave the processor's cache."""
_ROWS = 512
"""Rows of a chunk that is written from other files."""
_WHOLE_BYTES = 2 << 30
"""The largest JSON array that is read: all of it at once."""
_encode = msgspec.json.Encoder().encode


class Unreadable(FtRegistryError):
    """A file is not of the kind that its name says."""

    kind = "unreadable"


@dataclass(frozen=True)
class Chunk:
    """Whole lines of JSON, one example each."""

    data: bytes
    starts_file: bool = False
    ends_file: bool = False
    numbers: Sequence[int] | None = None
    """The lines or rows of the file that they were; None: they count up by one."""


def read_chunks(task: Task) -> Iterator[Chunk]:
    """Yields a part of a file, chunk by chunk.

    Raises:
        Unreadable: It is not of the kind that its name says.
    """
    source = task.source
    try:
        if source.kind == "jsonl":
            yield from _lines(task)
        elif source.kind == "json":
            yield from _array(source)
        elif source.kind == "parquet":
            yield from _parquet(source)
        else:
            yield from _table(source)
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"expected a readable {source.kind} file, found: {error}") from error


def sample_rows(sources: Sequence[Source], *, rows: int = 1000) -> list[dict[str, Any]]:
    """Returns the first examples of each source that can be read, to tell their format by."""
    found: list[dict[str, Any]] = []
    for source in sources[:_ROWS]:
        wanted = max(1, rows // min(len(sources), _ROWS))
        try:
            found += islice(_objects(Task(source)), wanted)
        except Unreadable:
            continue  # it is a fault, and told when the file is examined
    return found


def _objects(task: Task) -> Iterator[dict[str, Any]]:
    for chunk in read_chunks(task):
        for line in chunk.data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row


def _open(source: Source) -> IO[bytes]:
    if source.compression == "gzip":
        return cast("IO[bytes]", gzip.open(source.path))
    if source.compression == "zstd":
        import pyarrow

        stream: IO[bytes] = pyarrow.input_stream(str(source.path), compression="zstd")
        return stream
    return source.path.open("rb")


def _lines(task: Task) -> Iterator[Chunk]:
    """Yields the lines that start inside of a part."""
    with _open(task.source) as file:
        left = None
        if task.start or task.stop is not None:
            file.seek(max(0, task.start - 1))
            # A line that began before belongs to the part before.
            skipped = len(file.readline()) if task.start else 0
            begin = max(0, task.start - 1) + skipped
            left = None if task.stop is None else task.stop - begin
        is_first, rest = task.start == 0, b""
        while left is None or left > 0:
            data = file.read(CHUNK_BYTES)
            if not data:
                break
            if left is not None:
                if len(data) >= left:
                    # The line that starts last inside goes on beyond the part's end.
                    end = data.find(b"\n", left - 1) + 1
                    while not end:
                        more = file.read(CHUNK_BYTES)
                        cut = more.find(b"\n") + 1
                        data += more[:cut] if cut else more
                        end = len(data) if cut or not more else 0
                    data = data[:end]
                left -= len(data)
            whole, newline, tail = data.rpartition(b"\n")
            if newline:
                yield Chunk(rest + whole + newline, starts_file=is_first)
                rest, is_first = tail, False
            else:
                rest += tail
        if rest or is_first:
            yield Chunk(rest, starts_file=is_first, ends_file=True)


def _written(rows: Iterator[tuple[int, Any]]) -> Iterator[Chunk]:
    """Yields rows, each with its number, as lines of JSON."""
    while batch := list(islice(rows, _ROWS)):
        lines = [one if isinstance(one, msgspec.Raw) else _dump(one) for _, one in batch]
        data = b"\n".join(b" ".join(bytes(line).split(b"\n")) for line in lines)
        yield Chunk(data + b"\n", numbers=[number for number, _ in batch])


def _dump(row: Mapping[str, Any]) -> bytes:
    try:
        return _encode(row)
    except (TypeError, UnicodeEncodeError, msgspec.MsgspecError):
        return json.dumps(row, default=str).encode()  # what JSON has no word for


def _array(source: Source) -> Iterator[Chunk]:
    if source.size > _WHOLE_BYTES:
        raise Unreadable(
            f"expected a JSON array of at most {_WHOLE_BYTES >> 30} GiB, found "
            f"{source.size >> 30} GiB",
            hints=["write one example a line, as JSONL: it is read piece by piece"],
        )
    with _open(source) as file:
        data = file.read().removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        return
    try:
        rows = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(
            f"expected a JSON array of examples, found {shown(data[:20].decode(errors='replace'))}"
            f": {error}",
            hints=["files with one example a line end in .jsonl"],
        ) from error
    yield from _written(enumerate(rows, 1))


def _table(source: Source) -> Iterator[Chunk]:
    # The size of a field is not ours to limit: a conversation can be long.
    csv.field_size_limit(1 << 30)
    with _open(source) as file, TextIOWrapper(file, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter="\t" if source.kind == "tsv" else ",", strict=True)
        header = next(reader, None)
        if header is None:
            return
        if len(set(header)) < len(header):
            raise Unreadable(f"expected a header without duplicates, found {', '.join(header)}")
        yield from _written(_records(reader, header))


def _records(reader: Any, header: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    before = reader.line_num
    for cells in reader:
        number, before = before + 1, reader.line_num
        if not cells:
            continue
        if len(cells) != len(header):
            raise Unreadable(f"expected {len(header)} cells, found {len(cells)} on line {number}")
        pairs = zip(header, cells, strict=True)
        yield number, {key: _cell(key, cell) for key, cell in pairs if cell != ""}


def _cell(key: str, cell: str) -> str | bool:
    # CSV has no types; a label that is written as a boolean is one.
    if key == "label" and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell


def _parquet(source: Source) -> Iterator[Chunk]:
    # Costs 0.3 s, so only who has Parquet pays for it.
    import pyarrow.lib
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(source.path) as file:
            rows = (
                row for batch in file.iter_batches(batch_size=_ROWS) for row in batch.to_pylist()
            )
            yield from _written((number, _present(row)) for number, row in enumerate(rows, 1))
    except (pyarrow.lib.ArrowException, ValueError) as error:
        raise Unreadable(f"expected a readable Parquet file, found: {error}") from error


def _present(value: Any) -> Any:
    """Leaves out what Parquet has as null because another row has it."""
    if isinstance(value, dict):
        return {key: _present(one) for key, one in value.items() if one is not None}
    return [_present(one) for one in value] if isinstance(value, list) else value
