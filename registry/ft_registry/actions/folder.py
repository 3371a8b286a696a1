"""Builds a folder aside and lets it appear whole: a failure leaves nothing where it was to be."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import ENOTDIR
from pathlib import Path

from ft_registry.errors import InvalidInput


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
        if not target.parent.is_dir():
            raise NotADirectoryError(ENOTDIR, f"{target.parent} is no folder")
        is_used = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise InvalidInput(
            f"expected a folder to be made at {into}, found: {error.strerror}",
            hints=["the folder around it must exist: mkdir -p"],
        ) from error
    if is_used:
        raise InvalidInput(
            f"expected no files at {into}, found some",
            hints=["choose a folder that does not exist yet; nothing is overwritten"],
        )
    for place in apart_from:
        if target.is_relative_to(place):
            raise InvalidInput(
                f"expected a folder outside of the repository {place}, found {into}",
                hints=[f"for example --into {place.parent / into.name}"],
            )
    return target


@contextmanager
def built_aside(target: Path, nonce: str) -> Iterator[Path]:
    """Yields an empty folder whose content becomes the target's, unless the block raises.

    A target that exists stays the same folder (it may be a mount, or somebody's current one).

    Args:
        target: See `check_target`.
        nonce: Tells this build from others.
    """
    exists = target.exists()
    aside = (target if exists else target.parent) / f"{target.name}.partial-{nonce}"
    try:
        aside.mkdir()
    except OSError as error:
        raise InvalidInput(
            f"expected a folder to be made at {target}, found: {error.strerror}",
            hints=["choose a folder where you may write"],
        ) from error
    try:
        yield aside
        if exists:
            for entry in sorted(aside.iterdir()):
                entry.rename(target / entry.name)
            aside.rmdir()
        else:
            aside.rename(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
