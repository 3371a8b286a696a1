"""The one door to DVC's code: add and push, in process, with its known weaknesses fenced in.

- DVC takes a cache object of mode 0444 for whole without looking, and `dvc add` then puts its bytes
  in the place of the good file. So a second hard link keeps the file until the result is proved.
- An interrupted push can be reported as complete. So its memory of past pushes is a private folder,
  and after a push the remote is asked for every object.
- A relative remote is resolved against the wrong folder in some commands. So it is refused.
"""

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from ft_registry.backends.dvc.content import HashedData, hash_data
from ft_registry.backends.dvc.library import guarded, load_repo
from ft_registry.backends.dvc.project import DvcProject
from ft_registry.errors import BackendUnavailable, IntegrityError, Refused
from ft_registry.readers.files import hash_file, walk


def add(place: Path, *, project: DvcProject, scratch: Path) -> HashedData:
    """Tracks a file or folder with DVC and proves the result.

    DVC hashes in this thread while ours hashes through second links in another, so the proof costs
    little time.

    Raises:
        Refused: It is empty, or holds what is no file.
        IntegrityError: DVC's hash, or its cache object, is not that of the bytes. The file or
            folder is as it was.
        BackendUnavailable: DVC failed.
    """
    names = walk(place) if place.is_dir() else [""]
    if sum((place / name).lstat().st_size for name in names) == 0:
        raise Refused(f"expected data, found nothing in {place}: it has no bytes")
    if place.is_symlink():
        raise Refused(
            f"expected data, found a link at {place}", hints=["put a copy of the file in its place"]
        )
    started = time.time()
    with _rescue(place, names, project) as kept, ThreadPoolExecutor(1) as pool:
        hashing = pool.submit(hash_data, place, names=kept)
        with _opened(project, scratch) as repo:
            stages = guarded(
                lambda: repo.add([str(place)]), what=f"dvc add {place}", failure=Refused
            )
        found = hashing.result()
        tracked = stages[0].outs[0].hash_info.value
        try:
            _prove(found, kept, tracked=tracked, project=project, since=started)
        except IntegrityError:
            _put_back(place, kept)
            raise
    return found


def push(project: DvcProject, targets: list[str], *, scratch: Path) -> None:
    """Uploads what pointers name, then asks the remote for every object.

    Args:
        project: Whose data it is.
        targets: Absolute paths of pointers.
        scratch: For DVC's memory.

    Raises:
        Refused: There is no default remote, or it is a relative path.
        BackendUnavailable: The upload failed or is not complete.
    """
    name = _default_remote(project)
    with _opened(project, scratch) as repo:
        guarded(lambda: repo.push(targets=targets), what=f"dvc push to {name}")
        wanted = _objects(repo, targets)
        remote = repo.cloud.get_remote_odb(name, "push", hash_name="md5")
        there = set(guarded(lambda: list(remote.oids_exist(sorted(wanted))), what="listing"))
    if missing := wanted - there:
        raise BackendUnavailable(
            f"expected the DVC remote {name!r} to hold all {len(wanted)} objects after the push, "
            f"found {len(missing)} missing",
            hints=["push again; if it stays so, delete the .dir object in the remote first"],
        )


def _default_remote(project: DvcProject) -> str:
    name = project.settings.get("core", {}).get("remote")
    if not name:
        raise Refused(
            "expected a default DVC remote to push to, found none",
            hints=["dvc remote add --default NAME URL"],
        )
    url = project.settings.get(f'remote "{name}"', {}).get("url", "")
    if url and not urlsplit(url).scheme and not Path(url).is_absolute():
        raise Refused(
            f"expected the DVC remote {name!r} at an absolute place, found the relative {url!r}, "
            "which DVC resolves differently from command to command",
            hints=[f"dvc remote modify {name} url /absolute/path"],
        )
    return name


def _objects(repo: Any, targets: list[str]) -> set[str]:
    found: set[str] = set()
    for target in targets:
        for stage, _ in repo.stage.collect_granular(target):
            for out in stage.outs:
                if out.use_cache and out.hash_info:
                    found.add(out.hash_info.value)
                if out.use_cache and out.hash_info and out.hash_info.isdir:
                    found.update(oid.value for _, _, oid in out.get_obj())
    return found


@contextmanager
def _opened(project: DvcProject, scratch: Path) -> Iterator[Any]:
    repo_class = load_repo(scratch)
    repo = guarded(lambda: repo_class(str(project.root)), what="opening the DVC project")
    try:
        yield repo
    finally:
        repo.close()


@contextmanager
def _rescue(place: Path, names: list[str], project: DvcProject) -> Iterator[dict[str, Path]]:
    """Yields where a second link to each file lies; copies where links cannot be made."""
    folder = project.root / ".dvc" / "tmp" / f"ft-registry-{token_hex(4)}"
    kept = {name: folder / f"{number}" for number, name in enumerate(names)}
    folder.mkdir(parents=True)
    try:
        for name, link in kept.items():
            source = place / name if name else place
            try:
                link.hardlink_to(source)
            except OSError:
                shutil.copy2(source, link)  # another file system, or one without links
        yield kept
    finally:
        shutil.rmtree(folder)


def _prove(
    found: HashedData,
    kept: dict[str, Path],
    *,
    tracked: str,
    project: DvcProject,
    since: float,
) -> None:
    """Checks that the cache holds the bytes: in full where DVC found an object that was there."""
    if tracked != found.dvc.md5:
        raise IntegrityError(
            f"expected DVC to track the data at md5 {found.dvc.md5}, found {tracked}",
            hints=["does .dvcignore hide files of the folder? they would not be versioned"],
        )
    for name, md5 in found.files.items():
        cached = project.object(md5)
        try:
            status = cached.stat()
        except OSError as error:
            raise IntegrityError(f"expected DVC to keep {md5}, found no object {cached}") from error
        original = kept[name].stat()
        if (status.st_dev, status.st_ino) == (original.st_dev, original.st_ino):
            continue
        old = status.st_ctime < since
        if status.st_size != original.st_size or (old and hash_file(cached, "md5")[0] != md5):
            raise IntegrityError(
                f"expected the cache object {cached} to hold what its name says, found other "
                "bytes: it was damaged before, and DVC did not look",
                hints=[f"rm -f {cached}, then run the command again: your file is unchanged"],
            )
    if found.dvc.md5.endswith(".dir"):
        listing = json.loads(project.object(found.dvc.md5).read_bytes())
        if {entry["relpath"]: entry["md5"] for entry in listing} != found.files:
            raise IntegrityError("expected DVC's listing to name every file, found another one")


def _put_back(place: Path, kept: dict[str, Path]) -> None:
    for name, link in kept.items():
        target = place / name if name else place
        if not target.exists() or not target.samefile(link):
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.ft-registry")
            shutil.copy2(link, aside)
            aside.replace(target)
