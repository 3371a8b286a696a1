"""Hashes files and folders: the one place that turns bytes on disk into manifests.

Every byte is read (never trusted by time or mode), on all cores: hashlib lets go of the interpreter
while it works, so threads suffice. What cannot be kept for ever (links, pipes, devices, names that
do not survive a round trip) is refused by name.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.manifest import FileEntry

T = TypeVar("T")

_CHUNKS = {"sha256": 1 << 18, "md5": 1 << 20}
"""Larger reads leave the processor's cache and are slower (256 KiB is hashlib's own choice).

MD5 is too slow to notice. Between two reads a thread asks for the interpreter and may have to wait,
so it asks less often.
"""
_WORKERS = os.cpu_count() or 1


def walk(root: Path, *, follow_links: bool = False) -> list[str]:
    """Returns the relative paths of all files below a folder, sorted.

    Args:
        root: The folder.
        follow_links: Take links to files as the files they lead to (a model hub's cache is made of
            them); otherwise links are refused.

    Raises:
        NotFound: There is no such folder.
        Refused: A link, pipe, socket, device or an impossible name lies in it.
    """
    try:
        there = root.is_dir()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise NotFound(f"expected a folder at {root}, found: {error.strerror}") from error
    if not there:
        raise NotFound(f"expected a folder, found none at {root}")
    names: list[str] = []
    pending = [root]
    while pending:
        folder = pending.pop()
        for entry in _scan(folder):
            name = Path(entry.path).relative_to(root).as_posix()
            mode = _mode(entry, follow_links=follow_links)
            if stat.S_ISDIR(mode):
                pending.append(Path(entry.path))
            elif stat.S_ISREG(mode):
                names.append(_check_name(name, root))
            else:
                kind = "a link" if stat.S_ISLNK(mode) else "a pipe, socket or device"
                raise Refused(
                    f"expected files and folders only, found {kind}: {root / name}",
                    hints=["put a copy of the file in its place"],
                )
    return sorted(names)


def empty_folders(root: Path) -> list[str]:
    """Returns the relative paths of folders below a folder in which no file lies, sorted.

    Of such that lie in each other the outermost is named.
    """
    filled = {root}
    folders = []
    for name, _, files in os.walk(root):
        folder = Path(name)
        folders.append(folder)
        if files:
            filled.update((folder, *folder.parents))
    empty = [folder for folder in folders if folder not in filled and folder.parent in filled]
    return sorted(folder.relative_to(root).as_posix() for folder in empty)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise Refused(f"expected to read {folder}, found: {error.strerror}") from error


def _mode(entry: os.DirEntry[str], *, follow_links: bool) -> int:
    try:
        return entry.stat(follow_symlinks=follow_links and entry.is_file()).st_mode
    except OSError as error:  # a link to itself, or gone since the folder was listed
        raise Refused(f"expected to read {entry.path}, found: {error.strerror}") from error


def _check_name(name: str, root: Path) -> str:
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in name):
        raise Refused(
            f"expected file names in UTF-8 without control characters, found {name!r} in {root}",
            hints=["rename the file"],
        )
    return name


def hash_folder(root: Path, *, follow_links: bool = False) -> tuple[FileEntry, ...]:
    """Returns the manifest of a folder.

    Raises:
        NotFound, Refused: See `walk`.
        IntegrityError: A file changed while it was read.
    """
    return hash_files(root, walk(root, follow_links=follow_links))


def hash_files(root: Path, names: Sequence[str]) -> tuple[FileEntry, ...]:
    """Returns the manifest of some files of a folder.

    Raises:
        NotFound, Refused, IntegrityError: See `hash_file`.
    """
    digests = in_parallel([_job(root / name) for name in names])
    return tuple(
        FileEntry(path=name, size=size, sha256=sha256)
        for name, (sha256, size) in zip(names, digests, strict=True)
    )


def hash_path(path: Path) -> tuple[FileEntry, ...]:
    """Returns the manifest of a folder, or of one file by its own name.

    Raises:
        NotFound, Refused, IntegrityError: See `hash_folder` and `hash_file`.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib's raises at what can be no path
        return hash_folder(path)
    if path.is_symlink():
        raise Refused(
            f"expected a file or a folder, found a link: {path}",
            hints=["put a copy of the file in its place"],
        )
    name = _check_name(path.name, path.parent)
    sha256, size = hash_file(path, "sha256")
    return (FileEntry(path=name, size=size, sha256=sha256),)


def _job(path: Path) -> Callable[[], tuple[str, int]]:
    return lambda: hash_file(path, "sha256")


def hash_file(
    path: Path, algorithm: str, *, watch: Callable[[bytes], None] | None = None
) -> tuple[str, int]:
    """Returns the hexadecimal hash of a file and its size in bytes.

    Args:
        path: The file.
        algorithm: ``sha256``, or ``md5`` to speak with DVC.
        watch: Is shown each chunk that is read.

    Raises:
        NotFound: There is no such file.
        Refused: It may not be read, or is a folder, pipe, socket or device.
        IntegrityError: It changed while it was read.
    """
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for a writer
            raise Refused(f"expected a file, found none at {path} but a folder, pipe or device")
        with path.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            buffer = bytearray(_CHUNKS[algorithm])
            view = memoryview(buffer)
            while count := file.readinto(buffer):
                hasher.update(view[:count])
                if watch is not None:
                    watch(bytes(view[:count]))
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise NotFound(f"expected a file, found none at {path}") from error
    except OSError as error:
        raise Refused(f"expected to read {path}, found: {error.strerror}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise IntegrityError(
            f"expected {path} to stay as it is while it is hashed, found that it changed",
            hints=["wait for the program that writes it, then run the command again"],
        )
    return hasher.hexdigest(), after.st_size


def chunks_of(file: Path) -> Iterator[bytes]:
    """Yields the bytes of a file.

    Raises:
        NotFound: There is no such file.
        Refused: It may not be read, or the disk failed.
    """
    try:
        with file.open("rb", buffering=0) as opened:
            while chunk := opened.read(_CHUNKS["md5"]):
                yield chunk
    except FileNotFoundError as error:
        raise NotFound(f"expected a file, found none at {file}") from error
    except OSError as error:
        raise Refused(f"expected to read {file}, found: {error.strerror}") from error


def in_parallel(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Runs jobs on all cores and returns their results in order; the first error is raised."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        return list(pool.map(lambda job: job(), jobs))
