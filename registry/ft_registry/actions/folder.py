"""Builds a folder aside and lets it appear whole: a failure leaves nothing where it was to be.

What stands there already may be the same: it is held against what was built. A folder that exists
is filled name by name; what a killed process had not filled in yet says so, and comes first then.
"""

import errno
import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from ft_registry.errors import Conflict, FtRegistryError, InvalidInput
from ft_registry.faultpoints import faultpoint
from ft_registry.model.proof import some
from ft_registry.readers.files import hash_file, in_parallel
from ft_registry.readers.links import resolved

_PARTIAL = ".partial-"
_WHOLE = ".whole-"
"""In the name of what was built, once it is complete and a folder that exists is filled from it."""
_BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""Failures that another folder's name would not mend."""


def check_target(into: Path, *, apart_from: Sequence[Path], may_hold: str | None = None) -> Path:
    """Returns the folder that is to be made, its links resolved.

    Args:
        into: It must not exist, or be empty; the folder around it must exist.
        apart_from: It must not lie in one of these: what lands in a work tree would be taken for
            work (and for a part of the next patch).
        may_hold: A file that a folder made before has: one that has it need not be empty.

    Raises:
        InvalidInput: It is not so.
    """
    try:
        target = into.absolute().parent.resolve(strict=True) / into.absolute().name
        target = resolved(target)
        found = _found_at(target)
    except (OSError, RuntimeError) as error:  # the latter of a link above that leads to itself
        why = error.strerror if isinstance(error, OSError) else "a link that leads to itself"
        raise InvalidInput(
            f"expected a folder to be made at {into}, found: {why}",
            hints=["choose a folder that does not exist yet, in one that does"],
        ) from error
    if found and not (may_hold and find_made(target, may_hold)):
        raise InvalidInput(
            f"expected a new or empty folder at {target}, found {found}",
            hints=["choose a folder that does not exist yet; nothing is overwritten"],
        )
    for place in apart_from:
        if target.is_relative_to(place):
            raise InvalidInput(
                f"expected a folder outside of the repository {place}, found {into}",
                hints=[f"for example --into {place.parent / into.name}"],
            )
    return target


def find_made(target: Path, name: str) -> Path | None:
    """Returns a file of a folder that was made before, also where it was not filled in yet."""
    places = [target / name, *(whole / name for whole in _unfilled(target))]
    return next((place for place in places if place.is_file()), None)


def _unfilled(target: Path) -> list[Path]:
    """Returns what killed processes, or one that is at work, had still to fill in."""
    found = target.glob(f"{glob.escape(target.name)}{_WHOLE}*")
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _found_at(target: Path) -> str:
    """Returns what stands where a folder is to be made; empty: nothing does.

    Raises:
        OSError: It cannot be looked at.
    """
    if not target.parent.is_dir():
        return f"that {target.parent} is no folder"
    if target.is_dir():
        ours = (f"{target.name}{_PARTIAL}", f"{target.name}{_WHOLE}")
        names = sorted(e.name for e in target.iterdir() if not e.name.startswith(ours))
        return f"{some(names)} in it" if names else ""
    return "a file" if target.exists() else ""


@contextmanager
def built_aside(target: Path, nonce: str) -> Iterator[Path]:
    """Yields an empty folder whose content becomes the target's, unless the block raises.

    A target that exists stays the same folder (it may be a mount, or somebody's current one).

    Args:
        target: See `check_target`.
        nonce: Tells this build from others.

    Raises:
        InvalidInput: No folder can be made there.
        FtRegistryError: Files cannot be written there: the disk is full, say.
    """
    exists = target.exists()
    for whole in _unfilled(target):  # nothing of it stands there yet, else this were refused
        _drop(whole, _claim_on(_aside_of(target, whole)))
    with _aside(target, target if exists else target.parent, nonce) as aside:
        yield aside
        faultpoint("file.place")
        if not exists:
            aside.rename(target)
            return
        whole = target / f"{target.name}{_WHOLE}{nonce}"
        aside.rename(whole)  # a process that is killed from here on has left it complete
        try:
            _fill(target, whole)
        except BaseException:
            with suppress(OSError):
                whole.rename(aside)  # it goes as one that was not complete
            raise


def _fill(target: Path, whole: Path) -> None:
    """Moves what was built into a folder; a failure leaves nothing of it there.

    Raises:
        InvalidInput: Something has got one of its names; nothing is overwritten.
    """
    placed: list[Path] = []
    try:
        for entry in sorted(whole.iterdir()):
            faultpoint("file.place")
            place = target / entry.name
            _check_free(place)
            entry.rename(place)
            placed.append(place)
        whole.rmdir()
    except BaseException:
        with suppress(OSError):
            for place in placed:
                place.rename(whole / place.name)
        raise


def _check_free(place: Path) -> None:
    if os.path.lexists(place):
        raise InvalidInput(
            f"expected nothing at {place}, found something that has come since",
            hints=["choose a folder that does not exist yet; nothing is overwritten"],
        )


def finish_filling(target: Path) -> None:
    """Fills in what a killed process had not, and drops what else it left in the folder.

    Args:
        target: The folder, its links resolved; it need not exist.

    Raises:
        Conflict: A process is at work there.
        InvalidInput: Something has got one of the names; nothing is overwritten.
    """
    for whole in _unfilled(target):
        claim = _claim_on(_aside_of(target, whole))
        try:
            with FileLock(claim, timeout=0):
                _fill(target, whole)
                claim.unlink()
        except Timeout as error:
            raise Conflict(
                f"expected no other process at {target}, found one that fills it",
                hints=["run this again when it has ended"],
            ) from error
    for claim in target.glob(f"{glob.escape(target.name)}{_PARTIAL}*.lock"):
        with suppress(Timeout, OSError), FileLock(claim, timeout=0):  # it may be read-only by now
            claim.unlink()


def _aside_of(target: Path, whole: Path) -> Path:
    """Returns where what is complete was built."""
    nonce = whole.name.removeprefix(f"{target.name}{_WHOLE}")
    return target / f"{target.name}{_PARTIAL}{nonce}"


@contextmanager
def held_against(target: Path, nonce: str, *, apart_from: str) -> Iterator[Path]:
    """Yields an empty folder whose content the target must hold already; then it goes.

    Args:
        target: The folder that was made before; nothing in it is changed.
        nonce: Tells this build from others.
        apart_from: A file that may differ.

    Raises:
        Conflict: Another process is at work there.
        InvalidInput: A file or link is another, is missing or is more; no folder can be made
            beside the target.
        FtRegistryError: Files cannot be written there: the disk is full, say.
    """
    finish_filling(target)
    with _aside(target, target.parent, nonce) as aside:
        yield aside
        built, there = _content(aside), _content(target)
        names = sorted(built.keys() | there.keys())
        other = [name for name in names if built.get(name) != there.get(name)]
        if differing := [name for name in other if name != apart_from]:
            raise InvalidInput(
                f"expected a new or empty folder at {target}, or one that holds just this, found "
                f"in it, changed, missing or more: {some(differing)}",
                hints=["choose a folder that does not exist yet; nothing is overwritten"],
            )
        shutil.rmtree(aside)


@contextmanager
def _aside(target: Path, around: Path, nonce: str) -> Iterator[Path]:
    """Yields a new folder in another one; it goes when the block raises."""
    aside = around / f"{target.name}{_PARTIAL}{nonce}"
    try:
        _sweep(around, target.name)
        faultpoint("file.write")
        _claim_on(aside).touch()  # a lock that cannot be made would be tried for ever
        claim = FileLock(_claim_on(aside))  # ends with the process
        claim.acquire()
        aside.mkdir()
    except OSError as error:
        kind = FtRegistryError if error.errno in _BROKEN else InvalidInput
        raise kind(
            f"expected a folder to be made at {target}, found: {error.strerror}",
            hints=["choose a folder where you may write, on a disk that has room"],
        ) from error
    try:
        yield aside
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError) and _is_of(error, aside):
            raise FtRegistryError(
                f"expected to write the files of {target}, found: {error.strerror or error}",
                hints=["nothing of it is left; choose another folder, or make room"],
            ) from error
        raise
    finally:
        _claim_on(aside).unlink(missing_ok=True)
        claim.release()


def _content(folder: Path) -> dict[str, object]:
    """Returns what lies below a folder: digest and size of files, where links lead."""
    found: dict[str, object] = {}
    files = []
    for parent, folders, names in os.walk(folder):
        for place in (Path(parent) / name for name in (*folders, *names)):
            name = place.relative_to(folder).as_posix()
            if place.is_symlink():
                found[name] = str(place.readlink())
            elif place.is_dir():
                found[name] = None
            else:
                files.append((name, place))
    digests = in_parallel([partial(hash_file, place, "sha256") for _, place in files])
    return found | {name: digest for (name, _), digest in zip(files, digests, strict=True)}


def _claim_on(aside: Path) -> Path:
    return aside.with_name(f"{aside.name}.lock")


def _sweep(around: Path, name: str) -> None:
    """Drops what killed processes left of the same folder: nobody holds it any more."""
    for left in around.glob(f"{glob.escape(name)}{_PARTIAL}*"):
        if left.suffix == ".lock":
            continue
        _drop(left, _claim_on(left))


def _drop(left: Path, claim: Path) -> None:
    """Drops a folder, unless the process that made it is at work."""
    with suppress(Timeout), FileLock(claim, timeout=0):
        shutil.rmtree(left)
        claim.unlink()


def _is_of(error: OSError, folder: Path) -> bool:
    """Returns whether an error tells of a file in a folder, or of a file that was open."""
    return error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(folder)
