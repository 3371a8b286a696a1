"""Finds the files of a dataset that hold examples, and cuts them into parts of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from ft_registry.errors import NotFound
from ft_registry.readers.files import walk

SourceKind: TypeAlias = Literal["jsonl", "json", "csv", "tsv", "parquet"]
KINDS: dict[str, SourceKind] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
}  # fmt: skip
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
PART_BYTES = 16 << 20
"""Of a file that can be cut: small enough that all cores end at the same time."""


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


def find_sources(path: Path, *, name: str = "") -> list[Source]:
    """Returns the files that hold examples, by name; what has another ending is left out.

    Args:
        path: A file or a folder.
        name: What a file is called, when `path` is an object of a cache, which has no ending.

    Raises:
        NotFound, Refused: See `ft_registry.readers.files.walk`.
    """
    if not path.exists():
        raise NotFound(f"expected data, found nothing at {path}")
    if not path.is_dir():
        source = _source(path, name or path.name)
        return [Source(path, "", source.kind, source.compression, source.size)] if source else []
    found = (_source(path / inner, inner) for inner in walk(path, follow_links=True))
    return [source for source in found if source is not None]


def _source(path: Path, name: str) -> Source | None:
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    if compression:
        suffixes.pop()
    kind = KINDS.get(suffixes[-1]) if suffixes else None
    if (
        kind is None
        or PurePosixPath(name).name.startswith(".")
        or (compression and kind == "parquet")
    ):
        return None
    return Source(path, name, kind, compression, path.stat().st_size)


def split(sources: Sequence[Source], *, part_bytes: int = PART_BYTES) -> list[Task]:
    """Returns the parts of the sources, in order."""
    tasks = []
    for source in sources:
        cuttable = source.kind == "jsonl" and not source.compression
        if not cuttable or source.size <= part_bytes:
            tasks.append(Task(source))
            continue
        count = -(-source.size // part_bytes)
        edges = [source.size * number // count for number in range(count)]
        tasks += [Task(source, a, b) for a, b in zip(edges, [*edges[1:], None], strict=True)]
    return tasks
