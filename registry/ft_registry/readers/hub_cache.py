"""Reads the cache of Hugging Face's hub: which commits of a model it holds, and where.

A model lies in ``models--<org>--<name>``: ``refs/<branch>`` names the commit that a branch was at
when something was last downloaded, ``snapshots/<commit>`` holds links to its files in ``blobs``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ft_registry.model.manifest import relative_path

COMMIT = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MODEL = re.compile(r"models--([\w.-]+?)(?:--([\w.-]+))?")
_PLACE = re.compile(r"(?:.*/)?(models--[^/]+)/snapshots/([0-9a-f]{40}|[0-9a-f]{64})/?")
_REF_BYTES = 100
"""What a ref holds is shorter: a commit."""


@dataclass(frozen=True)
class Snapshot:
    """A model at a commit, as the cache holds it."""

    id: str
    commit: str
    folder: Path
    moved_ns: int | None = None
    """When the branch by which it was found came to this commit, in nanoseconds; None: it was
    found by its commit."""

    @property
    def home(self) -> Path:
        """The folder of the model in the cache: links of a snapshot lead into it."""
        return self.folder.parents[1]


def find_snapshot(cache: Path, id_: str, revision: str) -> Snapshot | None:
    """Returns a model at a revision; None where the cache does not hold it.

    Args:
        cache: The folder of the cache.
        id_: ``org/name``.
        revision: A commit, also one cut short, or a branch.
    """
    home = cache / f"models--{id_.replace('/', '--')}"
    found = _read_ref(home, revision)
    if found is not None:
        commit, moved = found
        return _snapshot(home, id_, commit, moved)
    if COMMIT.fullmatch(revision) is None:
        return None
    names = [name for name in _names(home / "snapshots") if name.startswith(revision)]
    return _snapshot(home, id_, names[0], None) if len(names) == 1 else None


def named_snapshot(place: str) -> tuple[str, str] | None:
    """Returns the model and the commit that the path of a snapshot in a cache names."""
    found = _PLACE.fullmatch(place)
    model = _MODEL.fullmatch(found[1]) if found else None
    if found is None or model is None:
        return None
    return "/".join(part for part in model.groups() if part), found[2]


def snapshot_at(folder: Path) -> Snapshot | None:
    """Returns the snapshot that a folder of a cache is; None where it is none."""
    named = named_snapshot(folder.as_posix())
    return Snapshot(*named, folder) if named else None


def _snapshot(home: Path, id_: str, commit: str, moved_ns: int | None) -> Snapshot | None:
    folder = home / "snapshots" / commit
    is_there = _WHOLE.fullmatch(commit) is not None and folder.is_dir()
    return Snapshot(id_, commit, folder.resolve(), moved_ns) if is_there else None


def _read_ref(home: Path, branch: str) -> tuple[str, int] | None:
    """Returns the commit of a branch and since when it has been there."""
    try:
        # The branch may come from a file of the adapter: it stays below `refs`.
        place = home / "refs" / relative_path(branch)
        status = place.stat()
        text = place.read_text("utf-8") if status.st_size <= _REF_BYTES else ""
    except (OSError, ValueError):
        return None  # no such branch, or a name that can be none
    return text.strip(), status.st_mtime_ns


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []  # nothing of the model lies here
