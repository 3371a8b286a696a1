"""Tables of scored items as Parquet files: what is kept beside the weights.

Columns: ``id``; ``task`` and ``cluster`` where there are some; ``score.METRIC``, NaN where an item
was not scored; ``slice.NAME``, ``text.NAME``, ``number.NAME``.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ft_registry.errors import IntegrityError
from ft_registry.evaluations.items import Items

_GROUPS = ("score", "slice", "text", "number")


def item_table(items: Items) -> bytes:
    """Returns the bytes of the file."""
    import pyarrow as pa
    from pyarrow import parquet

    columns: dict[str, Any] = {"id": _words(items.ids)}
    if items.tasks is not None:
        columns["task"] = _words(items.tasks)
    if items.clusters is not None:
        columns["cluster"] = _words(items.clusters)
    for group, found, form in (
        ("score", items.scores, _numbers),
        ("slice", items.slices, _words),
        ("text", items.texts, _words),
        ("number", items.numbers, _numbers),
    ):
        make: Callable[[Any], Any] = form
        columns |= {f"{group}.{name}": make(values) for name, values in sorted(found.items())}
    sink = BytesIO()
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_item_table(file: Path) -> Items:
    """Reads what `item_table` wrote.

    Raises:
        IntegrityError: The file is none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Not `read_table`, which takes the file for a dataset and imports what reads those.
        table = parquet.ParquetFile(file).read()
        found: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
        for name in table.column_names:
            group, dot, rest = name.partition(".")
            if dot and group in found:
                column = table.column(name)
                is_number = group in ("score", "number")
                found[group][rest] = _floats(column) if is_number else column.to_pylist()
        return Items(
            ids=table.column("id").to_pylist(),
            tasks=_column(table, "task"),
            clusters=_column(table, "cluster"),
            scores=found["score"],
            slices=found["slice"],
            texts=found["text"],
            numbers=found["number"],
        )
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise IntegrityError(
            f"expected a table of scored items at {file}, found: {error}",
            hints=["ft-registry verify tells whether the store still has what was put there"],
        ) from error


def _column(table: Any, name: str) -> list[str] | None:
    return table.column(name).to_pylist() if name in table.column_names else None


def _floats(column: Any) -> Any:
    import pyarrow as pa

    if column.type != pa.float64() or column.null_count:
        return np.array([np.nan if one is None else one for one in column.to_pylist()], float)
    # Not `to_numpy`: it imports pandas.
    parts = [
        np.frombuffer(chunk.buffers()[1], np.float64)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in column.chunks
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _words(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(list(values), type=pa.string())


def _numbers(values: Any) -> Any:
    import pyarrow as pa

    array = np.ascontiguousarray(values, dtype=np.float64)
    # Not `pa.array`: it imports pandas, to ask whether the column is one of its.
    return pa.Array.from_buffers(pa.float64(), len(array), [None, pa.py_buffer(array)])
