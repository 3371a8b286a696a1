"""Builds a folder aside and lets it appear whole: a failure leaves nothing where it was to be."""

import errno
import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ft_registry.errors import FtRegistryError, InvalidInput
from ft_registry.faultpoints import faultpoint
from ft_registry.model.proof import some

_PARTIAL = ".partial-"
_BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""Failures that another folder's name would not mend."""


def check_target(into: Path, *, apart_from: Sequence[Path]) -> Path:
    """Returns the folder that is to be made, its links resolved.

    Args:
        into: It must not exist, or be empty; the folder around it must exist.
        apart_from: It must not lie in one of these: what lands in a work tree would be taken for
            work (and for a part of the next patch).

    Raises:
        InvalidInput: It is not so.
    """
    try:
        target = into.absolute().parent.resolve(strict=True) / into.absolute().name
        target = target.resolve()
        found = _found_at(target)
    except (OSError, RuntimeError) as error:  # a link to itself is the latter
        why = error.strerror if isinstance(error, OSError) else "a link that leads to itself"
        raise InvalidInput(
            f"expected a folder to be made at {into}, found: {why}",
            hints=["choose a folder that does not exist yet, in one that does"],
        ) from error
    if found:
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


def _found_at(target: Path) -> str:
    """Returns what stands where a folder is to be made; empty: nothing does.

    Raises:
        OSError: It cannot be looked at.
    """
    if not target.parent.is_dir():
        return f"that {target.parent} is no folder"
    if target.is_dir():
        ours = f"{target.name}{_PARTIAL}"
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
    around = target if exists else target.parent
    aside = around / f"{target.name}{_PARTIAL}{nonce}"
    try:
        _sweep(around, target.name)
        faultpoint("file.write")
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
        faultpoint("file.place")
        if exists:
            for entry in sorted(aside.iterdir()):
                entry.rename(target / entry.name)
            aside.rmdir()
        else:
            aside.rename(target)
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


def _claim_on(aside: Path) -> Path:
    return aside.with_name(f"{aside.name}.lock")


def _sweep(around: Path, name: str) -> None:
    """Drops what killed processes left of the same folder: nobody holds it any more."""
    for left in around.glob(f"{glob.escape(name)}{_PARTIAL}*"):
        if left.suffix == ".lock":
            continue
        with suppress(Timeout), FileLock(_claim_on(left), timeout=0):
            shutil.rmtree(left)
            _claim_on(left).unlink()


def _is_of(error: OSError, folder: Path) -> bool:
    """Returns whether an error tells of a file in a folder, or of a file that was open."""
    return error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(folder)
