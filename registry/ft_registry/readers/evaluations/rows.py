"""Tables of scored items as rows: CSV, Parquet, lines of JSON, and JSON as pandas writes it."""

import csv
import io
import math
import re
from collections.abc import Iterator
from typing import Any

from ft_registry.errors import Refused
from ft_registry.readers.evaluations.documents import finite, parse_leniently, shown
from ft_registry.readers.evaluations.files import EvaluatorFile

TABLE_BYTES = 4 << 30
"""The largest Parquet file, as it is when it is unpacked."""
_CELL = 16 << 20
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def rows_of(file: EvaluatorFile) -> Iterator[dict[str, Any]]:
    """Yields the rows of a table; cells of CSV are text.

    Raises:
        Refused: The file is damaged, or no table.
    """
    if file.kind == "csv":
        yield from _csv_rows(file)
    elif file.kind == "parquet":
        yield from _parquet_rows(file)
    elif file.kind == "lines":
        for number, line in enumerate(file.lines(), start=1):
            if line.strip():
                where = f"line {number} of {file.path}"
                yield _object(parse_leniently(line, what=where), where)
    else:
        yield from _json_rows(file)


def columns_of(file: EvaluatorFile) -> frozenset[str]:
    """Returns the columns of a table as far as its beginning tells; empty: it is none.

    Raises:
        Refused: The file is damaged.
    """
    if file.kind == "csv":
        try:
            return frozenset(next(csv.reader(io.StringIO(file.first_line.decode("utf-8-sig")))))
        except (ValueError, csv.Error, StopIteration):
            return frozenset()
    if file.kind == "json" and not file.is_array and file.keys >= {"columns", "data"}:
        names = parse_leniently(file.data, what=file.what).get("columns")
        if not isinstance(names, list):
            return frozenset()
        return frozenset(name for name in names if isinstance(name, str))
    return file.keys


def _csv_rows(file: EvaluatorFile) -> Iterator[dict[str, Any]]:
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(
            f"expected UTF-8 text in {file.path}, found other bytes at {error.start}",
            hints=["write the file as UTF-8"],
        ) from error
    if "\0" in text:
        raise Refused(f"expected text in {file.path}, found NUL")
    csv.field_size_limit(max(csv.field_size_limit(), _CELL))
    tabs = "\t" in text.split("\n", 1)[0] and "," not in text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), "excel-tab" if tabs else "excel", strict=True
    )
    header: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not header:
                header = cells
                if len(set(header)) < len(header):
                    raise Refused(f"expected each column once, found one twice in {file.path}")
            elif len(cells) != len(header):
                raise Refused(
                    f"expected {len(header)} cells in the row that ends on line {reader.line_num} "
                    f"of {file.path}, found {len(cells)}",
                    hints=["the file breaks off, or a text with a comma is not in quotation marks"],
                )
            else:
                yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise Refused(
            f"expected CSV in {file.path}, found on line {reader.line_num}: {error}"
        ) from error


def _parquet_rows(file: EvaluatorFile) -> Iterator[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file.path) as table:
            groups = range(table.num_row_groups)
            size = sum(table.metadata.row_group(group).total_byte_size for group in groups)
            if size > TABLE_BYTES:
                raise Refused(
                    f"expected at most {TABLE_BYTES:,} bytes in {file.path} when it is unpacked, "
                    f"found {size:,}"
                )
            for batch in table.iter_batches(1024, use_threads=False):
                yield from batch.to_pylist()
    # What the library and the values of its columns raise has no one class.
    except (
        OSError,
        ValueError,
        TypeError,
        NotImplementedError,
        OverflowError,
        pyarrow.ArrowException,
    ) as error:
        raise Refused(f"expected a readable Parquet file, found {file.path}: {error}") from error


def _json_rows(file: EvaluatorFile) -> Iterator[dict[str, Any]]:
    found = parse_leniently(file.data, what=file.what)
    if isinstance(found, list):
        for number, row in enumerate(found, start=1):
            yield _object(row, f"item {number} of {file.path}")
        return
    names, data = found.get("columns"), found.get("data")
    if isinstance(names, list) and isinstance(data, list):  # pandas' "split"
        if not all(isinstance(name, str) for name in names):
            raise Refused(f"expected names of columns in {file.path}, found others")
        for number, cells in enumerate(data, start=1):
            if not isinstance(cells, list) or len(cells) != len(names):
                raise Refused(f"expected {len(names)} cells in row {number} of {file.path}")
            yield dict(zip(names, cells, strict=True))
        return
    # pandas' default: each column an object by the row's number.
    columns = {name: column for name, column in found.items() if isinstance(column, dict)}
    labels = list(next(iter(columns.values()), {}))
    if len(columns) < len(found) or any(list(column) != labels for column in columns.values()):
        raise Refused(
            f"expected a table in {file.path}, found an object of another shape",
            hints=["write it with to_json(orient='records') or to_csv(index=False)"],
        )
    for label in labels:
        yield {name: column[label] for name, column in columns.items()}


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"expected an object in {where}, found {shown(value)}")
    return value


def number_in(cell: object, *, what: str) -> float | None:
    """Returns the number in a cell; None: the cell is empty, or holds no number.

    Raises:
        Refused: It is a number that is not finite.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if _NUMBER.fullmatch(text):
            return finite(float(text), what=what)
        if _NOT_FINITE.fullmatch(text):
            raise Refused(
                f"expected a finite number as {what}, found {text}",
                hints=["leave a cell empty for an item that was not scored"],
            )
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return finite(cell, what=what)


def is_missing(cell: object) -> bool:
    """Whether pandas means that there is no value: null, NaN, an empty cell."""
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))
