"""Lets every MLflow run that starts in a DVC repository carry the hashes of its data.

MLflow loads this in each process that imports it, and asks it at each run that is started. So it
imports nothing but the standard library, looks at few files, and whatever goes wrong gives no tags.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

LOCK_TAG = "ftr.dvc.lock"
EXPERIMENT_TAG = "ftr.dvc.experiment"
_MOST_POINTERS = 50
_MOST_ENTRIES = 2000
"""Files and folders that are looked at for pointers."""
_MOST_BYTES = 10_000_000
_POINTER_BYTES = 64_000
_INDEX = ".examples.arrow.dvc"
"""The pointer of what `ft-registry data snapshot` says of data: it lies beside the data's own."""
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_MD5 = re.compile(rb"^(?:- |  )md5:\s*['\"]?([0-9a-f]{32}(?:\.dir)?)['\"]?\s*$", re.MULTILINE)


class DvcRunContext:
    """What MLflow calls a run context provider."""

    def in_context(self) -> bool:
        """Returns whether the current folder is in a DVC repository."""
        try:
            return _root() is not None
        except Exception:  # noqa: BLE001 - a run is worth more than its tags
            return False

    def tags(self) -> dict[str, str]:
        """Returns the tags of a run that starts now."""
        found: dict[str, str] = {}
        try:
            root = _root()
            if root is not None:
                found.update(_tags(root))
        except Exception:  # noqa: BLE001 - a run is worth more than its tags
            return found
        return found


def _root() -> Path | None:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), None)


def _tags(root: Path) -> Iterator[tuple[str, str]]:
    """Yields the tags, the certain ones first: who asks keeps those that came before a failure."""
    lock = root / "dvc.lock"
    if lock.is_file() and lock.stat().st_size <= _MOST_BYTES:
        yield LOCK_TAG, "sha256:" + hashlib.sha256(lock.read_bytes()).hexdigest()
    if os.environ.get("DVC_EXP_NAME"):
        yield EXPERIMENT_TAG, os.environ["DVC_EXP_NAME"]
    seen: dict[str, int] = {}
    for pointer in _pointers(root):
        # One output has one hash at this depth; a listing of files has others, further in.
        md5s = _MD5.findall(pointer.read_bytes())
        if len(md5s) == 1:
            name = _NO_NAME.sub("-", pointer.name.split(".")[0])[:90].strip("-_.") or "data"
            seen[name] = seen.get(name, 0) + 1
            name = f"{name}-{seen[name]}" if seen[name] > 1 else name
            # Nobody says what it serves for: it lies in the repository.
            yield f"ftr.data.repo.{name}.dvc", md5s[0].decode()


def _pointers(root: Path) -> Iterator[Path]:
    """Yields the `.dvc` files below a folder, the nearest first."""
    pending, looked, given = [root], 0, 0
    while pending and given < _MOST_POINTERS:
        folder = pending.pop(0)
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            looked += 1
            if looked > _MOST_ENTRIES or given >= _MOST_POINTERS:
                return
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith((".", "mlruns", "mlartifacts", "node_modules")):
                    pending.append(Path(entry.path))
            elif (
                entry.name.endswith(".dvc")
                and not entry.name.endswith(_INDEX)
                and entry.is_file(follow_symlinks=False)
                and entry.stat().st_size <= _POINTER_BYTES
            ):
                given += 1
                yield Path(entry.path)
