"""Second links to data while DVC works on it, and what a killed process left of them.

The links lie in `.dvc/tmp/ft-registry-<token>`. Beside them a text says where the data lies, and a
lock, which ends with its process, that somebody is at work.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from secrets import token_hex

from filelock import FileLock, Timeout

from ft_registry.backends.dvc.project import DvcProject
from ft_registry.faultpoints import faultpoint

_PREFIX = "ft-registry-"
_PLACE = ".place"
_LOCK = ".lock"


@contextmanager
def claimed(place: Path, project: DvcProject) -> Iterator[Path]:
    """Yields a folder for second links to a dataset's files; the caller makes and drops it."""
    folder = project.root / ".dvc" / "tmp" / f"{_PREFIX}{token_hex(4)}"
    noted = folder.with_suffix(_PLACE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(_LOCK)):
        try:
            name = place.relative_to(project.root).as_posix()
            noted.write_text(f"{name}/" if place.is_dir() else name, encoding="utf-8")
            yield folder
        finally:
            if not folder.exists():
                _forget(folder)


def take_up(project: DvcProject) -> None:
    """Puts back the files that a killed process had taken from a dataset, and drops its links.

    DVC unlinks a file before it puts a link into its cache in the place, where it is told to use
    links. A file that is there again is as DVC or its owner left it.
    """
    for noted in sorted((project.root / ".dvc" / "tmp").glob(f"{_PREFIX}*{_PLACE}")):
        folder = noted.with_suffix("")
        try:
            with FileLock(folder.with_suffix(_LOCK), timeout=0):
                if not noted.exists():  # another process was quicker
                    continue
                _put_back(project.root, noted.read_text(encoding="utf-8"), folder)
                if folder.exists():
                    shutil.rmtree(folder)
                _forget(folder)
        except Timeout:
            continue  # its process is at work


def put_back(target: Path, link: Path, mode: int) -> None:
    """Gives a file its bytes and its mode back, in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.ft-registry")
    shutil.copy2(link, aside)
    aside.chmod(mode)
    faultpoint("file.place")
    aside.replace(target)


def _put_back(root: Path, name: str, folder: Path) -> None:
    place = root / name
    for link in sorted(path for path in folder.rglob("*") if path.is_file()):
        target = place / link.relative_to(folder) if name.endswith("/") else place
        # Killed before the name was written whole: nothing had been taken yet.
        if name and not lexists(target):
            put_back(target, link, link.stat().st_mode & 0o777)


def _forget(folder: Path) -> None:
    for name in (_PLACE, _LOCK):
        folder.with_suffix(name).unlink(missing_ok=True)
