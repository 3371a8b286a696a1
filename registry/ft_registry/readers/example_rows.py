"""Rows of CSV, JSON arrays and Parquet, each as the line of JSONL that says the same.

What a row says wrongly is left in its line for the kernel to find: a column given twice becomes a
key given twice, a number that is none stays NaN, bytes that are no UTF-8 stay what they are.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

import msgspec

from ft_registry.examples.faults import shown
from ft_registry.examples.formats import SYNONYMS, UNKNOWN, format_of
from ft_registry.examples.kernel import BOM
from ft_registry.examples.work import Source
from ft_registry.readers.example_streams import Unreadable, blocks

ARRAY_BYTES = 2 << 30
"""The largest JSON array that is read: all of it at once."""
_ROWS = 1024
"""Of Parquet at a time; fewer where they are large."""
_BATCH_BYTES = 4 << 20
_SPACE = re.compile(r"[ \t\n\r]*")

_encode = msgspec.json.Encoder(enc_hook=str).encode


def csv_lines(stream: IO[bytes], *, tabs: bool, limit: int) -> Iterator[tuple[int, bytes]]:
    """Yields each row with the number of its first line.

    A cell is text, an empty one is absent. A row with more cells than the header becomes a list:
    it is no example, and the kernel says so.

    Args:
        stream: UTF-8, with or without a byte order mark.
        tabs: Cells end in a tab, not in a comma.
        limit: The longest line and cell, in characters.

    Raises:
        Unreadable: Quotation marks are not in pairs, a cell is too long, or there is a NUL.
    """
    # For the whole process, so never less than somebody else set.
    csv.field_size_limit(max(csv.field_size_limit(), limit))
    with io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="") as text:
        dialect = "excel-tab" if tabs else "excel"
        reader = csv.reader(_text_lines(text, limit), dialect, strict=True)
        heads: list[tuple[bytes, bool]] = []
        number = 1
        try:
            for cells in reader:
                if not cells:
                    pass  # a blank line
                elif not heads:
                    truth = _truth(cells)
                    heads = [(_encode_cell(name) + b":", name == truth) for name in cells]
                elif any(cells[len(heads) :]):
                    yield number, b"[%b]" % b",".join(map(_encode_cell, cells))
                else:
                    pairs = [
                        head + (_encode_truth(cell) if is_truth else _encode_cell(cell))
                        for (head, is_truth), cell in zip(heads, cells, strict=False)
                        if cell
                    ]
                    yield number, b"{%b}" % b",".join(pairs)
                number = reader.line_num + 1
        except csv.Error as error:
            raise Unreadable(f"expected a row of cells, found: {error}", line=number) from error


def _text_lines(text: io.TextIOWrapper, limit: int) -> Iterator[str]:
    number = 0
    most = limit + 2
    while line := text.readline(most):
        number += 1
        if "\0" in line:
            raise Unreadable("expected text, found NUL", line=number)
        if len(line) == most and not line.endswith(("\n", "\r")):
            raise Unreadable(
                f"expected lines of at most {limit:,} characters, found more", line=number
            )
        yield line


def _truth(header: Sequence[str]) -> str | None:
    """Returns the column that is true or false: the label of a prompt and its completion."""
    asked, answered, labels = (SYNONYMS[key] for key in ("prompt", "completion", "label"))
    if set(asked).isdisjoint(header) or set(answered).isdisjoint(header):
        return None
    return next((key for key in labels if key in header), None)


def _encode_cell(cell: str) -> bytes:
    try:
        return _encode(cell)
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return json.dumps(cell, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _encode_truth(cell: str) -> bytes:
    word = cell.lower()  # pandas writes True
    return word.encode() if word in {"true", "false"} else _encode_cell(cell)


def json_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yields each element of an array, or one example that stands for itself.

    A byte order mark stays before the first.

    Raises:
        Unreadable: It is neither, or too large for memory.
    """
    data = bytearray()
    for block in blocks(stream):
        data += block
        if len(data) > ARRAY_BYTES:
            raise Unreadable(
                f"expected a JSON array of at most {ARRAY_BYTES:,} bytes, found more; lines of "
                "JSON (.jsonl) may be of any size"
            )
    mark = BOM if data.startswith(BOM) else b""
    del data[: len(mark)]
    start = _SPACE.match(data[:1024].decode("latin-1"))
    place = start.end() if start else 0
    if not data[place:].strip():
        return  # as empty as a file of no bytes
    if data[place : place + 1] != b"[":
        if is_example(data):
            yield mark + _on_a_line(bytes(data))
            return
        found = shown(data[place : place + 20].decode("utf-8", "replace"))
        raise Unreadable(
            f"expected a JSON array of examples, or one of a known format, found {found}; files "
            "with one example a line end in .jsonl"
        )
    try:
        elements: Iterator[bytes] = map(bytes, msgspec.json.decode(data, type=list[msgspec.Raw]))
    except (msgspec.MsgspecError, RecursionError):
        elements = _tolerated(data.decode("utf-8", "surrogateescape"))
    for element in elements:
        yield mark + _on_a_line(element)
        mark = b""


def _on_a_line(element: bytes) -> bytes:
    # Between tokens a tab is as good as a line feed, and in a text it is as wrong.
    return element.replace(b"\n", b"\t").replace(b"\r", b"\t")


def is_example(data: bytes | bytearray) -> bool:
    """Returns whether a JSON text is one object that is an example by its keys."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and format_of(row).name != UNKNOWN


def _tolerated(text: str) -> Iterator[bytes]:
    """Yields the elements of an array in which NaN and the like may stand."""
    read = json.JSONDecoder(strict=False).raw_decode
    place = _skip(text, _skip(text, 0) + 1)
    separator = ","
    while separator == ",":
        try:
            _, end = read(text, place)
        except (ValueError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            raise Unreadable(
                f"expected a JSON array, found: {'deep' if deep else error}"
            ) from error
        yield text[place:end].encode("utf-8", "surrogateescape")
        place = _skip(text, end)
        separator = text[place : place + 1]
        if separator not in {",", "]"}:
            found = shown(separator) if separator else "the end"
            raise Unreadable(f"expected , or ] at character {place + 1}, found {found}")
        place = _skip(text, place + 1)
    if place < len(text):
        raise Unreadable(f"expected nothing behind the array, found more at character {place + 1}")


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def parquet_lines(source: Source, start: int, stop: int | None) -> Iterator[bytes]:
    """Yields each row of some row groups; what is null is absent.

    Args:
        source: The file.
        start: The first row group.
        stop: The first that is not read any more; None: to the end.

    Raises:
        Unreadable: It is no Parquet file, or a damaged one.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(source.path) as file:
            names = file.schema_arrow.names
            if len(set(names)) < len(names):
                raise Unreadable(f"expected columns without duplicates, found {', '.join(names)}")
            groups = list(range(start, file.num_row_groups if stop is None else stop))
            metas = [file.metadata.row_group(group) for group in groups]
            size = sum(meta.total_byte_size for meta in metas)
            rows = min(max(_BATCH_BYTES * sum(m.num_rows for m in metas) // max(size, 1), 1), _ROWS)
            for batch in file.iter_batches(rows, row_groups=groups, use_threads=False):
                for row in batch.to_pylist():
                    yield _encode(_present(row))
    # What the library and the values of its columns raise has no one class.
    except (OSError, ValueError, TypeError, NotImplementedError, pyarrow.ArrowException) as error:
        raise Unreadable(f"expected a readable Parquet file, found: {error}") from error


def _present(value: Any) -> Any:
    """Leaves out what Parquet has as null because another row has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: _present(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_present(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return msgspec.Raw(json.dumps(value).encode())  # NaN or Infinity, which are faults
    return value
