"""Finds folders of weights below a folder, and tells which of them a command wrote.

Before and after are compared by what the file system says of each file (time, size, number), not by
a clock: that of a network's file system is another machine's.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ft_registry.model.manifest import FileEntry
from ft_registry.readers.files import hash_file, in_parallel
from ft_registry.readers.weights import is_weights

MOST_ENTRIES = 250_000
"""Looked at below one folder: about a second's work."""
_CHECKPOINT = re.compile(r"checkpoint-\d+")
_NOT_OURS = {"mlruns", "mlartifacts", "node_modules", "site-packages", "__pycache__"}
"""Folders that others fill. Those that begin with a dot are no results either: .git, .dvc, .venv,
.cache."""
_ENVIRONMENT = "pyvenv.cfg"


@dataclass(frozen=True)
class WeightsBelow:
    """The files of weights below a folder."""

    folders: Mapping[str, Mapping[str, tuple[int, int, int]]]
    """By folder, then by name, what tells that a file was written anew."""
    is_cut: bool
    """There were more entries than are looked at."""


def look_for_weights(top: Path, *, most: int = MOST_ENTRIES) -> WeightsBelow:
    """Returns where weights lie below a folder, those nearest to it first.

    Links are not followed, and what may not be read holds none.

    Args:
        top: The folder.
        most: Entries to look at.
    """
    found: dict[str, dict[str, tuple[int, int, int]]] = {}
    pending = [top]
    for folder in pending:
        entries = _scan(folder, most)
        most -= len(entries)
        if any(entry.name == _ENVIRONMENT for entry in entries):
            continue
        files = dict(_weights(entries))
        if files:
            found[folder.relative_to(top).as_posix()] = files
        for entry in entries:
            # What lies beside the final weights are states on the way to them.
            is_state = bool(files) and _CHECKPOINT.fullmatch(entry.name)
            if entry.is_dir(follow_symlinks=False) and not is_state and _may_hold(entry.name):
                pending.append(Path(entry.path))
        if most <= 0:
            return WeightsBelow(found, is_cut=True)
    return WeightsBelow(found, is_cut=False)


def written_since(before: WeightsBelow, after: WeightsBelow) -> list[str]:
    """Returns the folders in which a file of weights is new or another, sorted."""
    return sorted(
        folder
        for folder, files in after.folders.items()
        if any(before.folders.get(folder, {}).get(name) != mark for name, mark in files.items())
    )


def hash_weights(folder: Path, names: Mapping[str, object]) -> list[FileEntry]:
    """Returns the manifest of the files of weights in a folder, every byte read.

    Raises:
        NotFound, Refused, IntegrityError: See `hash_file`.
    """
    hashed = in_parallel([partial(hash_file, folder / name, "sha256") for name in names])
    return [
        FileEntry(path=name, size=size, sha256=sha256)
        for name, (sha256, size) in zip(names, hashed, strict=True)
    ]


def _scan(folder: Path, most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry, _ in zip(entries, range(most), strict=False)]
    except OSError:
        return []  # gone, or not ours to read: nothing that the command wrote for us


def _weights(entries: list[os.DirEntry[str]]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for entry in entries:
        if is_weights(entry.name) and entry.is_file(follow_symlinks=False):
            try:
                known = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone since the folder was listed
            yield entry.name, (known.st_mtime_ns, known.st_size, known.st_ino)


def _may_hold(name: str) -> bool:
    return not name.startswith(".") and name not in _NOT_OURS
