"""Finds the files of a dataset that hold examples, and cuts them into parts of work."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

from ft_registry.errors import NotFound, Refused
from ft_registry.examples.work import Source, SourceKind, Task
from ft_registry.readers.files import walk

KINDS: dict[str, SourceKind] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
}  # fmt: skip
_BESIDE = frozenset({"dataset_info.json", "dataset_infos.json", "dataset_dict.json"})
"""What the library `datasets` writes about examples, beside them."""
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_HEAD_BYTES = 1 << 20
PART_BYTES = 16 << 20
"""Of a file that can be cut: small enough that all cores end at the same time."""


def find_sources(path: Path) -> list[Source]:
    """Returns the files that hold examples, by name; what has another ending is left out.

    Raises:
        NotFound, Refused: See `ft_registry.readers.files.walk`.
    """
    if not path.exists():
        raise NotFound(f"expected data, found nothing at {path}")
    if not path.is_dir() and not path.is_file():
        raise Refused(f"expected a file or folder, found a pipe, socket or device at {path}")
    if not path.is_dir():
        source = _source(path, path.name)
        if source is None:
            return []
        kind = "jsonl" if _form(source) == "lines" else source.kind
        return [replace(source, name="", kind=kind)]
    found = []
    for inner in walk(path, follow_links=True):
        source = _source(path / inner, inner)
        form = _form(source) if source is not None else ""
        # An object in a folder is settings beside the examples.
        if source is not None and form != "object":
            found.append(replace(source, kind="jsonl") if form == "lines" else source)
    return found


def _form(source: Source) -> Literal["", "object", "lines"]:
    """Returns what a .json file is that is no array: one object, or an object a line."""
    if source.kind != "json" or source.compression:
        return ""
    with source.path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{"):
        return ""
    first, _, rest = head.partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return "object"
    return "lines" if rest.strip() else "object"


def _source(path: Path, name: str) -> Source | None:
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    compression = COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    if compression:
        suffixes.pop()
    kind = KINDS.get(suffixes[-1]) if suffixes else None
    parts = PurePosixPath(name).parts
    if (
        kind is None
        or any(part.startswith(".") for part in parts)
        or parts[-1] in _BESIDE
        or (compression and kind == "parquet")
    ):
        return None
    return Source(path, name, kind, compression, path.stat().st_size)


def split(sources: Sequence[Source], *, part_bytes: int = PART_BYTES) -> list[Task]:
    """Returns the parts of the sources, in order."""
    tasks = []
    for source in sources:
        if source.size <= part_bytes or source.compression:
            edges = [0]
        elif source.kind == "jsonl":
            count = -(-source.size // part_bytes)
            edges = [source.size * number // count for number in range(count)]
        elif source.kind == "parquet":
            edges = _row_groups(source, part_bytes)
        else:
            edges = [0]
        tasks += [Task(source, a, b) for a, b in zip(edges, [*edges[1:], None], strict=True)]
    return tasks


def _row_groups(source: Source, part_bytes: int) -> list[int]:
    """Returns the row groups with which the parts of a Parquet file begin."""
    # Costs 0.3 s, so only who has Parquet pays for it.
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(source.path) as file:
            metas = [file.metadata.row_group(place) for place in range(file.num_row_groups)]
    except (OSError, ValueError, pyarrow.ArrowException):
        return [0]  # whoever reads it says what is wrong
    edges, held = [0], 0
    for place, meta in enumerate(metas):
        if held and held + meta.total_byte_size > part_bytes:
            edges.append(place)
            held = 0
        held += meta.total_byte_size
    return edges
