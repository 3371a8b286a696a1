"""Writes files whole: under a name there are the old bytes or the new ones, never a part.

New bytes go to another name on the same disk, reach it, and are read back before they get theirs.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from filelock import FileLock, Timeout

from ft_registry.errors import BackendUnavailable, IntegrityError, Refused
from ft_registry.faultpoints import faultpoint
from ft_registry.readers.files import hash_file
from ft_registry.readers.links import resolved

_OURS, _UNFINISHED = ".ft-registry-", ".tmp"


def put_whole(
    target: Path, chunks: Iterable[bytes], *, algorithm: str, digest: str, aside: Path
) -> None:
    """Puts bytes under a name, whatever file is there.

    A file that is there gives its mode to the new one.

    Args:
        target: The name; folders above it are made.
        chunks: The bytes.
        algorithm: ``sha256`` or ``md5``.
        digest: What they must be, in hexadecimal.
        aside: A folder on the same disk, for the bytes while they are not all there.

    Raises:
        Refused: There is a folder of that name.
        IntegrityError: The bytes are others; the target is as it was.
        BackendUnavailable: The disk failed; the target is as it was.
    """
    if target.is_dir() and not target.is_symlink():
        raise Refused(
            f"expected a file or nothing at {target}, found a folder",
            hints=["move it away, then run it again"],
        )
    new = aside / f"{_OURS}{token_hex(8)}{_UNFINISHED}"
    claim = FileLock(_claim_on(new))  # ends with the process
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(parents=True, exist_ok=True)
        _sweep(aside)
        _claim_on(new).touch()  # a lock that cannot be made would be tried for ever
        claim.acquire()
        write_new(new, chunks)
        found, _ = hash_file(new, algorithm)
        if found != digest:
            raise IntegrityError(
                f"expected {algorithm} {digest} for {target}, found {found}: the copy changed since"
            )
        if target.is_file() and not target.is_symlink():
            new.chmod(stat.S_IMODE(target.stat().st_mode))
        faultpoint("file.place")
        new.replace(target)
        settle(target.parent)
    except OSError as error:
        raise BackendUnavailable(
            f"expected to write {target}, found: {error.strerror}",
            hints=["what lay there before lies there still"],
        ) from error
    finally:
        with suppress(OSError):  # the first failure is the one to tell
            new.unlink(missing_ok=True)
            _claim_on(new).unlink(missing_ok=True)
        claim.release()


def replace_file(target: Path, content: bytes, *, aside: Path) -> None:
    """Gives a file that people edit too its new content, made or changed; a link to it stays one.

    Args:
        target: The file, in a folder that is there.
        content: All of it.
        aside: A folder of ours, for the bytes while they are not all there; where it lies on
            another disk, or is mounted by itself, they are put beside the file.

    Raises:
        Refused: There is a folder of that name, or a link that leads to itself.
        BackendUnavailable: The disk failed; the file is as it was.
    """
    try:
        there = resolved(target)
    except OSError as error:
        raise Refused(
            f"expected a file at {target}, found {error.strerror}",
            hints=["remove the link, or point it to the file"],
        ) from error
    if not there.parent.is_dir():
        raise Refused(
            f"expected a file at {target}, found a link to {there}, in a folder that is not there",
            hints=["mount what is to be there, or remove the link"],
        )
    digest = hashlib.sha256(content).hexdigest()
    try:
        put_whole(there, [content], algorithm="sha256", digest=digest, aside=aside)
    except BackendUnavailable as error:
        # A folder that is mounted by itself may even be of the same disk, which tells nothing.
        if not isinstance(error.__cause__, OSError) or error.__cause__.errno != errno.EXDEV:
            raise
        put_whole(there, [content], algorithm="sha256", digest=digest, aside=there.parent)


def _claim_on(new: Path) -> Path:
    return new.with_name(f"{new.name}.lock")


def _sweep(aside: Path) -> None:
    """Drops what killed processes left unfinished in a folder: nobody holds it any more."""
    found = aside.glob(f"{_OURS}*{_UNFINISHED}*")
    for left in {path.with_suffix("") if path.suffix == ".lock" else path for path in found}:
        with suppress(Timeout, OSError), FileLock(_claim_on(left), timeout=0):
            left.unlink(missing_ok=True)
            _claim_on(left).unlink(missing_ok=True)


def write_new(file: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Writes a new file to the disk and returns its SHA-256 and size."""
    hasher, size = hashlib.sha256(), 0
    faultpoint("file.write")
    with file.open("xb") as out:
        for chunk in chunks:
            hasher.update(chunk)
            size += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return hasher.hexdigest(), size


def settle(folder: Path) -> None:
    """Lets the names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
