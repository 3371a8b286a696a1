"""Hashes data in every way that names it: DVC's MD5, our SHA-256, and its rows."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ft_registry.backends.rows import LINE_SUFFIXES, LineCounter, count_rows
from ft_registry.errors import IntegrityError, NotFound
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.snapshot import DvcHash
from ft_registry.readers.files import hash_file, in_parallel, walk


@dataclass(frozen=True)
class HashedData:
    """What the bytes of a file or folder are."""

    dvc: DvcHash
    sha256: str
    """``sha256:<hex>`` of the file, or of the folder's manifest."""
    rows: int | Unknown
    files: dict[str, str]
    """MD5 by relative path; of a single file, by the empty path."""
    sha256s: dict[str, str]
    """SHA-256 in hexadecimal, by the same paths."""


def hash_data(path: Path, *, names: dict[str, Path] | None = None) -> HashedData:
    """Hashes a file or a folder in full.

    Args:
        path: What to hash; its name decides how rows are counted.
        names: Where the bytes of each relative path really lie, when not below `path` (objects of
            a cache, or second links to the same files).

    Raises:
        NotFound: There is nothing at the path.
        Refused: It holds what is no file, or cannot be read.
        IntegrityError: It changed meanwhile.
    """
    if names is None:
        if not path.exists():
            raise NotFound(f"expected data, found nothing at {path}")
        names = {name: path / name for name in walk(path)} if path.is_dir() else {"": path}
    is_file = set(names) == {""}
    before = [_state(place) for place in names.values()]
    jobs: list[Callable[[], tuple[str, int, int | Unknown]]] = []
    for name, place in names.items():
        suffix = Path(name or path.name).suffix.lower()
        jobs.append(partial(_md5, place))  # the slower one first
        jobs.append(partial(_sha256_and_rows, place, suffix))
    done = in_parallel(jobs)
    # Each reading watches over itself, and all of them must have read the same bytes.
    for place, state in zip(names.values(), before, strict=True):
        if _state(place) != state:
            raise IntegrityError(
                f"expected {place} to stay as it is while it is hashed, found that it changed",
                hints=["wait for the program that writes it, then run the command again"],
            )
    entries = []
    md5s = {}
    rows: list[int | Unknown] = []
    for name, (md5, _, _), (sha256, size, counted) in zip(
        names, done[::2], done[1::2], strict=True
    ):
        entries.append(FileEntry.model_construct(path=name, size=size, sha256=sha256))
        md5s[name] = md5
        rows.append(counted)
    return HashedData(
        dvc=DvcHash(
            md5=md5s[""] if is_file else directory_md5(md5s),
            size=sum(entry.size for entry in entries),
            nfiles=len(entries),
        ),
        sha256="sha256:" + entries[0].sha256 if is_file else manifest_digest(entries),
        rows=_sum(rows),
        files=md5s,
        sha256s={entry.path: entry.sha256 for entry in entries},
    )


def directory_md5(files: dict[str, str]) -> str:
    """Returns DVC's hash of a folder: the MD5 of its listing as JSON, followed by ``.dir``."""
    return hashlib.md5(directory_listing(files), usedforsecurity=False).hexdigest() + ".dir"


def directory_listing(files: dict[str, str]) -> bytes:
    """Returns the bytes of DVC's listing of a folder (dvc-data, `Tree.as_bytes`)."""
    listing = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return json.dumps(listing, sort_keys=True).encode()


def _state(place: Path) -> tuple[int, int, int]:
    try:
        status = place.stat()
    except OSError as error:
        raise NotFound(f"expected a file at {place}, found: {error.strerror}") from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def _md5(path: Path) -> tuple[str, int, int | Unknown]:
    return *hash_file(path, "md5"), 0


def _sha256_and_rows(path: Path, suffix: str) -> tuple[str, int, int | Unknown]:
    if suffix in LINE_SUFFIXES:
        counter = LineCounter()
        return *hash_file(path, "sha256", watch=counter), counter.rows
    return *hash_file(path, "sha256"), count_rows(path, suffix)


def _sum(rows: list[int | Unknown]) -> int | Unknown:
    total = 0
    for counted in rows:
        if isinstance(counted, Unknown):
            return counted
        total += counted
    return total
