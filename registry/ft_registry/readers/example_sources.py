"""Finds the files of a dataset that hold examples, and cuts them into parts of work."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from ft_registry.errors import NotFound, Refused
from ft_registry.examples.kernel import BOM
from ft_registry.examples.work import INDEX_SUFFIX, Source, SourceKind, Task
from ft_registry.readers.example_rows import is_example
from ft_registry.readers.example_streams import CHUNK_BYTES, Unreadable, unpacked
from ft_registry.readers.files import walk

KINDS: dict[str, SourceKind] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet",
}  # fmt: skip
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_OTHER_COMPRESSIONS = frozenset({
    *COMPRESSIONS, ".7z", ".br", ".bz2", ".lz", ".lz4", ".lzma", ".lzo", ".snappy", ".tgz", ".xz",
    ".z", ".zip",
})  # fmt: skip
_BESIDE = frozenset({
    # What the library `datasets` writes about examples.
    "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json",
    # What people write about them; whatever ending it has.
    "authors", "changelog", "citation", "contributing", "copying", "licence", "license", "notice",
    "readme", "md5sums", "sha256sums",
})  # fmt: skip
"""Files that are no data by their name, or by their name up to its ending."""
_BESIDE_SUFFIXES = (INDEX_SUFFIX, ".dvc", ".md", ".rst", ".crc", ".md5", ".sha256", ".sig", ".asc")
"""Endings of files that are no data: they are about others."""
_OBJECT_BYTES = 16 << 20
"""The largest JSON object that may be an example: that of the longest line."""
PART_BYTES = 16 << 20
"""Of a file that can be cut: small enough that all cores end at the same time."""


@dataclass(frozen=True)
class Sources:
    """The files of a dataset."""

    files: tuple[Source, ...]
    """Those that hold examples."""
    left_out: tuple[str, ...] = ()
    """Those of which nobody knows what they hold: they are not read."""
    packed: tuple[str, ...] = ()
    """Those that hold examples by their name, compressed so that they cannot be read."""


def find_sources(path: Path) -> list[Source]:
    """Returns the files that hold examples, by name.

    Raises:
        NotFound, Refused: See `survey`.
    """
    return list(survey(path).files)


def survey(path: Path) -> Sources:
    """Returns the files of a dataset, and which of them are not read; hidden ones are no data.

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
            return Sources(())
        return Sources((_formed(replace(source, name=""), _form(source)),))
    files, left_out, packed = [], [], []
    for inner in walk(path, follow_links=True):
        source = _source(path / inner, inner)
        form = _form(source) if source is not None else ""
        # An object in a folder may be settings beside the examples.
        if source is not None and (form != "object" or _is_one_example(source)):
            files.append(_formed(source, form))
        elif _is_beside(inner) or not (path / inner).stat().st_size:
            continue
        elif source is None and _is_packed(inner):
            packed.append(inner)
        else:
            left_out.append(inner)
    return Sources(tuple(files), tuple(left_out), tuple(packed))


def _formed(source: Source, form: str) -> Source:
    return replace(source, kind="jsonl") if form == "lines" else source


def _is_one_example(source: Source) -> bool:
    is_one = False
    with suppress(Unreadable), unpacked(source) as stream:
        data = stream.read(_OBJECT_BYTES + 1)
        is_one = len(data) <= _OBJECT_BYTES and is_example(data.removeprefix(BOM))
    return is_one


def _form(source: Source) -> Literal["", "object", "lines"]:
    """Returns what a .json file is that is no array: one object, or an object a line."""
    form: Literal["", "object", "lines"] = ""
    if source.kind == "json":
        # Whoever reads it says what is wrong with it.
        with suppress(Unreadable), unpacked(source) as stream:
            form = _form_of(stream)
    return form


def _form_of(stream: IO[bytes]) -> Literal["", "object", "lines"]:
    head = stream.read(CHUNK_BYTES).removeprefix(BOM).lstrip()
    if not head.startswith(b"{"):
        return ""
    while b"\n" not in head and len(head) <= _OBJECT_BYTES:
        block = stream.read(CHUNK_BYTES)
        if not block:
            break
        head += block
    first, _, rest = head.partition(b"\n")
    rest = (rest + stream.read(CHUNK_BYTES)).lstrip()
    if not rest:
        return "object"
    if rest.startswith(b"{"):  # even if the first of them is broken
        return "lines"
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return "object"
    return "lines"


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


def _is_beside(name: str) -> bool:
    """Returns whether a file of a folder is no data: hidden, or about the others by its name."""
    parts = PurePosixPath(name.lower()).parts
    return (
        any(part.startswith(".") for part in parts)
        or not _BESIDE.isdisjoint((parts[-1], parts[-1].partition(".")[0]))
        or parts[-1].endswith(_BESIDE_SUFFIXES)
    )


def _is_packed(name: str) -> bool:
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-2:]]
    return len(suffixes) > 1 and suffixes[0] in KINDS and suffixes[1] in _OTHER_COMPRESSIONS


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
