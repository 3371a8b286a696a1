"""Counts the examples of a data file by its kind."""

import csv
from pathlib import Path

from ft_registry.errors import Refused
from ft_registry.model.document import Unknown

LINE_SUFFIXES = (".jsonl", ".ndjson")

_LONG = 400
"""Lines of so many bytes and more are found one by one in less time than they are cut out."""
_NEWLINE = b"\n"
_LAST_BLANK = ord(" ")
"""No blank character comes after it."""


class LineCounter:
    """Counts lines that hold something, chunk by chunk."""

    def __init__(self) -> None:
        self._rows = 0
        self._open = False
        """The unfinished last line holds something."""

    def __call__(self, chunk: bytes) -> None:
        """Counts a further chunk."""
        start = 0
        # As many lines as it has if they are long: the rest of a chunk of short ones is cut.
        for _ in range(len(chunk) // _LONG):
            end = chunk.find(_NEWLINE, start)
            if end < 0:
                break
            if self._open or chunk[start] > _LAST_BLANK or chunk[start:end].strip():
                self._rows += 1
            self._open = False
            start = end + 1
        self._count_cut(chunk[start:])

    def _count_cut(self, chunk: bytes) -> None:
        lines = chunk.split(_NEWLINE)
        last = lines.pop()
        if lines:
            self._rows += self._open or bool(lines[0].strip())
            self._rows += sum(1 for line in lines[1:] if line and not line.isspace())
            self._open = False
        self._open = self._open or bool(last.strip())

    @property
    def rows(self) -> int:
        """The lines so far, the unfinished one included."""
        return self._rows + self._open


def count_rows(path: Path, suffix: str) -> int | Unknown:
    """Returns the records of a CSV or Parquet file; JSONL is counted while it is hashed.

    Args:
        path: Where the bytes lie.
        suffix: The ending of the data's own name: an object in a cache has none.

    Raises:
        Refused: The file is not of the kind that its name says.
    """
    try:
        if suffix == ".csv":
            # The size of a field is not ours to limit: a conversation can be long.
            csv.field_size_limit(1 << 30)
            with path.open(newline="", encoding="utf-8") as file:
                return max(sum(1 for row in csv.reader(file) if row) - 1, 0)
        if suffix == ".parquet":
            # Costs 0.3 s, so only who has Parquet pays for it.
            import pyarrow.lib
            import pyarrow.parquet

            try:
                return int(pyarrow.parquet.read_metadata(path).num_rows)
            except pyarrow.lib.ArrowException as error:
                raise ValueError(str(error)) from error
    except (ValueError, csv.Error, OSError) as error:
        raise Refused(
            f"expected {path} to be a readable {suffix} file, found: {error}",
            hints=["mend the file, or give it the ending of what it is"],
        ) from error
    return Unknown(unknown=f"rows of {suffix or 'files without an ending'} are not counted")
