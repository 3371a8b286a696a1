"""What must not be given to `dvc add`, told before it writes: each is lost or half done there."""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any

from ft_registry.backends.dvc.project import DvcProject
from ft_registry.errors import BackendUnavailable, Refused

_LEFT = re.compile(r"\.[A-Za-z0-9_-]{22}\.tmp")
"""How DVC calls a file while it writes it (dvc-objects, `tmp_fname`)."""
_SHOWN = 5


def refuse_left_behind(place: Path, names: Iterable[str]) -> None:
    """Raises Refused where a folder holds what a killed `dvc checkout` was writing."""
    left = [name for name in names if _LEFT.fullmatch(PurePosixPath(name).name)]
    if left:
        raise Refused(
            f"expected data, found what an interrupted DVC command left in {place}: {_some(left)}",
            hints=[f"rm -f {place / left[0]}", "is the rest complete? dvc checkout --force"],
        )


def refuse_hidden(repo: Any, place: Path, names: Iterable[str]) -> None:
    """Raises Refused where DVC would leave out files that a training can read."""
    hidden = [name for name in names if name and repo.dvcignore.is_ignored_file(str(place / name))]
    if hidden:
        raise Refused(
            f"expected DVC to track all of {place}, found that .dvcignore hides {_some(hidden)}",
            hints=["what .dvcignore hides is not versioned, but a training can read it: move it"],
        )


def check_capacity(place: Path, sizes: Mapping[str, int], project: DvcProject) -> None:
    """Raises BackendUnavailable where no disk of the cache's size could hold data: unread."""
    there = _existing(project.cache)
    size = sum(sizes.values())
    if size > shutil.disk_usage(there).total and not _clones(place, sizes, there):
        raise _no_room(place, size, there)


def check_room(place: Path, sizes: Mapping[str, int], project: DvcProject) -> None:
    """Raises BackendUnavailable where the cache has no room for files that it has not yet.

    Args:
        place: The data.
        sizes: Bytes of what is missing in the cache, by relative path.
        project: Whose cache it is.
    """
    there = _existing(project.cache)
    size = sum(sizes.values())
    if size > shutil.disk_usage(there).free and not _clones(place, sizes, there):
        raise _no_room(place, size, there)


def _clones(place: Path, names: Iterable[str], folder: Path) -> bool:
    """Returns whether files become objects of the cache there without a second copy."""
    from dvc_objects.fs.system import reflink

    tried = folder / f".ft-registry-{token_hex(4)}"
    first = next(iter(names))
    try:
        reflink(str(place / first if first else place), str(tried))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    else:
        return True
    finally:
        tried.unlink(missing_ok=True)


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _no_room(place: Path, size: int, there: Path) -> BackendUnavailable:
    return BackendUnavailable(
        f"expected {size:,} bytes free for {place} at {there}, found "
        f"{shutil.disk_usage(there).free:,}: DVC's cache keeps a copy",
        hints=["make room, or put the cache on a larger disk: dvc cache dir --local /path"],
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + " ..." * (len(names) > _SHOWN)
