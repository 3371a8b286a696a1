"""Work: a file of examples, and the part of one that is read at a time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

SourceKind: TypeAlias = Literal["jsonl", "json", "csv", "tsv", "parquet"]
INDEX_SUFFIX = ".examples.arrow"
"""Of an index of examples, which lies beside them."""


@dataclass(frozen=True)
class Source:
    """One file of examples."""

    path: Path
    """Where its bytes lie."""
    name: str
    """Its path in the dataset; empty: it is the dataset."""
    kind: SourceKind
    compression: str
    """``gzip``, ``zstd`` or empty."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Task:
    """A part of a file: travels to other processes."""

    source: Source
    start: int = 0
    """The first byte, of JSONL as it lies; the first row group, of Parquet."""
    stop: int | None = None
    """The first byte or row group that is no more of the part; None: to the end."""
