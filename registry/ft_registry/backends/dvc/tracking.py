"""The one door to DVC's code: add and push, in process, with its known weaknesses fenced in.

- DVC takes a cache object of mode 0444 for whole without looking, and `dvc add` then puts its bytes
  in the place of the good file. So a second hard link keeps the file until the result is proved.
- DVC takes a file of known size and time for unchanged, and an interrupted push for complete. So
  what it remembers of files and remotes is forgotten each time.
- A listing in a remote counts for it as the proof that all files of the folder are there. So after
  a push the remote is asked for every object, and gets the missing ones.
- A relative remote is resolved against the wrong folder in some commands. So it is refused.
"""

import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from ft_registry.backends.dvc.content import HashedData, directory_listing, hash_data
from ft_registry.backends.dvc.library import guarded, load_repo
from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.dvc.rescue import claimed, put_back
from ft_registry.backends.dvc.trackable import (
    check_capacity,
    check_room,
    refuse_hidden,
    refuse_left_behind,
)
from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError, Refused
from ft_registry.faultpoints import faultpoint
from ft_registry.readers.files import hash_file, in_parallel, walk

_UNREACHED = "does the remote answer, with these credentials? then run this again: it goes on"


def add(place: Path, *, project: DvcProject, scratch: Path) -> HashedData:
    """Tracks a file or folder with DVC and proves the result.

    Every byte is read once, through second links, while DVC's code is loaded: MD5 and SHA-256 on
    two cores. DVC is told the hashes.

    Raises:
        Refused: It holds what is no file or what DVC would leave out, the cache has other data of
            one MD5 with it, or DVC says no.
        IntegrityError: The cache has damaged bytes under one of the hashes, or DVC tracked others.
        BackendUnavailable: DVC failed, or the cache has no room.

    Whatever is raised, data, pointer and .gitignore are as they were.
    """
    names = walk(place) if place.is_dir() else [""]
    refuse_left_behind(place, names)
    sizes = {name: _at(place, name).stat().st_size for name in names}
    check_capacity(place, sizes, project)
    with _rescue(place, names, project) as kept, ThreadPoolExecutor(1) as pool:
        hashing = pool.submit(hash_data, place, names=kept)
        with _opened(project, scratch) as repo:
            try:
                found = hashing.result()
            except FtRegistryError as error:
                raise _renamed(error, place, kept) from error
            present = _check_present(place, found, project)
            check_room(place, _without(sizes, present), project)
            refuse_hidden(repo, place, names)
            guarded(
                lambda: _remember(repo, place, found), what=f"telling DVC the hashes of {place}"
            )
            relink = _links(project)
            stages = guarded(
                lambda: repo.add([str(place)], relink=relink),
                what=f"dvc add {place}",
                failure=Refused,
            )
        faultpoint("dvc.prove")
        _prove(found, kept, tracked=stages[0].outs[0].hash_info.value, project=project)
    return found


def _links(project: DvcProject) -> bool:
    """Returns whether the data is to become links into the cache.

    Otherwise DVC would put a copy from the cache in the place of the data: of the same bytes, at
    the cost of writing them all.
    """
    kinds = project.settings.get("cache", {}).get("type", "")
    return "hardlink" in kinds or "symlink" in kinds


def _without(sizes: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    left = set(sizes).difference(names)
    return {name: size for name, size in sizes.items() if name in left}


def _check_present(place: Path, found: HashedData, project: DvcProject) -> list[str]:
    """Hashes the objects that the cache has already: DVC would take them as they are.

    Returns:
        The files that it has.
    """
    present = [
        (name, cached)
        for name, md5 in found.files.items()
        if (cached := project.object(md5)).is_file()
    ]
    hashes = in_parallel([partial(hash_file, cached, "sha256") for _, cached in present])
    for (name, cached), (sha256, _) in zip(present, hashes, strict=True):
        if sha256 != found.sha256s[name]:
            md5, _ = hash_file(cached, "md5")
            if md5 == found.files[name]:
                raise _twins(_at(place, name), cached)
            raise _damaged(cached)
    return [name for name, _ in present]


def _remember(repo: Any, place: Path, found: HashedData) -> None:
    """Tells DVC the hashes, so that it does not read every byte a second time.

    It believes them as long as a file has the time, size and inode that it has now.
    """
    from dvc.fs import localfs
    from dvc_data.hashfile.hash_info import HashInfo

    known = [
        (str(_at(place, name)), HashInfo("md5", md5), None) for name, md5 in found.files.items()
    ]
    repo.state.save_many(known, localfs)


def default_remote(project: DvcProject) -> str:
    """Returns the name of the remote that a push goes to.

    Raises:
        Refused: There is none, it is a relative path, or it keeps versions of files.
    """
    name = project.settings.get("core", {}).get("remote")
    if not name:
        raise Refused(
            "expected a default DVC remote to push to, found none",
            hints=["dvc remote add --default NAME URL"],
        )
    settings = project.settings.get(f'remote "{name}"', {})
    url = settings.get("url", "")
    if any(settings.get(key, "").lower() == "true" for key in ("version_aware", "worktree")):
        # DVC writes versions into the pointer while it pushes, after the snapshot committed it.
        raise Refused(
            f"expected a DVC remote that keeps objects by their hash, found {name!r}, which keeps "
            "versions of files",
            hints=["without --push; then dvc push, and commit the pointers that it changes"],
        )
    if url and not urlsplit(url).scheme and not Path(url).is_absolute():
        raise Refused(
            f"expected the DVC remote {name!r} at an absolute place, found the relative {url!r}, "
            "which DVC resolves differently from command to command",
            hints=[f"dvc remote modify {name} url /absolute/path"],
        )
    return name


def push(project: DvcProject, targets: list[str], *, scratch: Path) -> None:
    """Uploads what pointers name, then asks the remote for every object.

    Args:
        project: Whose data it is.
        targets: Absolute paths of pointers.
        scratch: For DVC's memory.

    Raises:
        Refused: There is no default remote, or it is a relative path.
        IntegrityError: An object in the cache is damaged: nothing was uploaded.
        BackendUnavailable: The upload failed or is not complete.
    """
    name = default_remote(project)
    with _opened(project, scratch) as repo:
        wanted = _objects(repo, targets)
        _check_objects(wanted, project)
        guarded(lambda: repo.push(targets=targets), what=f"dvc push to {name}", hints=[_UNREACHED])
        missing = _missing(repo, name, wanted)
        if missing:
            _transfer(repo, name, missing)
            missing = _missing(repo, name, missing)
    if missing:
        raise BackendUnavailable(
            f"expected the DVC remote {name!r} to hold all {len(wanted)} objects after the push, "
            f"found {len(missing)} missing, such as {min(missing)}",
            hints=["is the cache complete? dvc status --cloud tells"],
        )


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


def _check_objects(wanted: set[str], project: DvcProject) -> None:
    cached = {oid: project.object(oid) for oid in sorted(wanted)}
    there = [(oid, place) for oid, place in cached.items() if place.is_file()]
    hashes = in_parallel([partial(hash_file, place, "md5") for _, place in there])
    for (oid, place), (md5, _) in zip(there, hashes, strict=True):
        if md5 != oid.removesuffix(".dir"):
            raise _damaged(place)


def _missing(repo: Any, remote: str, wanted: set[str]) -> set[str]:
    odb = repo.cloud.get_remote_odb(remote, "push", hash_name="md5")
    there = guarded(lambda: list(odb.oids_exist(sorted(wanted))), what=f"listing {remote}")
    return wanted - set(there)


def _transfer(repo: Any, remote: str, oids: set[str]) -> None:
    """Uploads single objects, each looked for by itself."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.transfer import transfer

    odb = repo.cloud.get_remote_odb(remote, "push", hash_name="md5")
    alone = {HashInfo("md5", oid) for oid in oids if not oid.endswith(".dir")}
    guarded(
        lambda: transfer(repo.cache.local, odb, alone),
        what=f"dvc push to {remote}", hints=[_UNREACHED],
    )  # fmt: skip


@contextmanager
def _opened(project: DvcProject, scratch: Path) -> Iterator[Any]:
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="dvc-") as memory:
        repo_class = load_repo(Path(memory))
        repo = guarded(lambda: repo_class(str(project.root)), what="opening the DVC project")
        try:
            yield repo
        finally:
            guarded(repo.close, what="closing the DVC project")


@contextmanager
def _rescue(place: Path, names: list[str], project: DvcProject) -> Iterator[dict[str, Path]]:
    """Yields where a second link to each file lies; copies where links cannot be made.

    Whatever is raised inside, an interruption included, leaves data, pointer and .gitignore as they
    were: DVC writes the pointer before we can prove it, and unlinks a file before it copies it back
    from the cache. The links stay where they are for as long as that is not so.

    Raises:
        FtRegistryError: It could not be put back; the message says where the bytes lie.
    """
    with claimed(place, project) as folder:
        kept = {name: folder / (name or place.name) for name in names}
        modes = {name: stat.S_IMODE(_at(place, name).stat().st_mode) for name in names}
        beside = (place.with_name(f"{place.name}.dvc"), place.with_name(".gitignore"))
        before = {file: file.read_bytes() if file.is_file() else None for file in beside}
        try:
            faultpoint("dvc.keep")
            _keep(place, kept)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # nothing was touched yet
            raise
        try:
            yield kept
        except BaseException as error:
            try:
                for name, link in kept.items():
                    _put_back(_at(place, name), link, modes[name])
                _write_back(before)
            except OSError as failure:
                raise FtRegistryError(
                    f"expected to put {failure.filename or place} back as it was, found: "
                    f"{failure.strerror or failure}",
                    hints=[f"the bytes lie in {folder}: copy them back, then delete that folder"],
                ) from error
            shutil.rmtree(folder)
            raise
        faultpoint("dvc.release")
        shutil.rmtree(folder)


def _keep(place: Path, kept: Mapping[str, Path]) -> None:
    for name, link in kept.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.hardlink_to(_at(place, name))
        except OSError:
            shutil.copy2(_at(place, name), link)  # another file system, or one without links


def _write_back(before: Mapping[Path, bytes | None]) -> None:
    for file, content in before.items():
        if content is None:
            file.unlink(missing_ok=True)
        elif not file.is_file() or file.read_bytes() != content:
            file.write_bytes(content)


def _at(place: Path, name: str) -> Path:
    return place / name if name else place


def _renamed(error: FtRegistryError, place: Path, kept: dict[str, Path]) -> FtRegistryError:
    """Returns the error with the data's own names in place of those of the second links."""
    message = error.message
    for name, link in kept.items():
        message = message.replace(f"{link} ", f"{_at(place, name)} ")
    return type(error)(message, hints=error.hints)


def _put_back(target: Path, link: Path, mode: int) -> None:
    if target.exists() and target.samefile(link) and stat.S_IMODE(target.stat().st_mode) == mode:
        return
    put_back(target, link, mode)


def _prove(found: HashedData, kept: dict[str, Path], *, tracked: str, project: DvcProject) -> None:
    """Checks that the cache has all objects: those that it had were hashed, the others are new."""
    if tracked != found.dvc.md5:
        raise IntegrityError(
            f"expected DVC to track the data at md5 {found.dvc.md5}, found {tracked}",
            hints=["did the data change meanwhile? run the command again"],
        )
    for name, md5 in found.files.items():
        cached = project.object(md5)
        if not cached.is_file():
            raise IntegrityError(f"expected DVC to keep {md5}, found no object {cached}")
        if cached.stat().st_size != kept[name].stat().st_size:
            raise _damaged(cached)
    if tracked.endswith(".dir"):
        listing = project.object(tracked)
        if not listing.is_file() or listing.read_bytes() != directory_listing(found.files):
            raise _damaged(listing)


def _twins(file: Path, cached: Path) -> Refused:
    """Two contents of one MD5: DVC would put the first in the place of the second."""
    return Refused(
        f"expected one content of each MD5, found {file} beside the cache object {cached}, which "
        "has other bytes of the same MD5: DVC cannot tell them apart",
        hints=["both are whole: change a byte of either; such pairs are made on purpose"],
    )


def _damaged(cached: Path) -> IntegrityError:
    return IntegrityError(
        f"expected the cache object {cached} to hold what its name says, found other bytes: it was "
        "damaged before, and DVC did not look",
        hints=[f"rm -f {cached}, then run the command again: your data is unchanged"],
    )
