"""Looks at this machine: space, rights and kinds of file systems; writes nothing that stays."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning

_LITTLE = 2 * 10**9
_TOO_LITTLE = 100 * 10**6
_MOUNTS = Path("/proc/self/mountinfo")
_OVER_A_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "fuse.sshfs",
    "fuse.s3",
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def look_at_space(places: Mapping[str, Path]) -> Iterator[Diagnosis]:
    """Tells how much room there is, once for each disk.

    Args:
        places: Folders by what they are for; one that is not there yet counts as its nearest
            parent.
    """
    disks: dict[int, tuple[Path, list[str]]] = {}
    for use, place in places.items():
        folder = nearest(place)
        disks.setdefault(folder.stat().st_dev, (folder, []))[1].append(use)
    for folder, uses in disks.values():
        free = shutil.disk_usage(folder).free
        told = f"{free / 1e9:.1f} GB free for {', '.join(uses)}"
        if free < _TOO_LITTLE:
            yield problem("disk", told, f"make room on the disk of {folder}")
        elif free < _LITTLE:
            yield warning("disk", told, f"make room on the disk of {folder}: weights are large")
        else:
            yield ok("disk", told)


def look_at_rights(places: Mapping[str, Path]) -> Iterator[Diagnosis]:
    """Tells whether the folders can be written to."""
    closed = {use: found for use, place in places.items() if (found := why_closed(place))}
    for use, found in closed.items():
        yield problem(
            "rights", f"{use}: {found}", f"give yourself the right to write to {places[use]}"
        )
    if not closed:
        yield ok("rights", f"{', '.join(places)} can be written to")


def look_at_temporary() -> Iterator[Diagnosis]:
    """Tells whether there is a folder for temporary files."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"1")
            file.flush()
    except OSError as error:
        yield problem(
            "temporary files",
            f"none can be written: {error.strerror or error}",
            "point TMPDIR to a folder that you may write to, with room in it",
        )
    else:
        yield ok("temporary files", tempfile.gettempdir())


def look_at_kind(places: Mapping[str, Path]) -> Iterator[Diagnosis]:
    """Tells whether what needs locks and renames to be sound lies on a network's file system."""
    if not _MOUNTS.is_file():
        yield unchecked("file system", "this system does not tell kinds of file systems")
        return
    far = {use: kind for use, place in places.items() if (kind := network_kind(place))}
    for use, kind in far.items():
        yield warning(
            "file system",
            f"{use} on {kind}: locks are not dependable there",
            "keep the clone on a disk of this machine, and share by git's and DVC's remotes",
        )
    if not far:
        yield ok("file system", f"{', '.join(places)} on a disk of this machine")


def network_kind(place: Path) -> str:
    """Returns the kind of the file system of a place, if a network stands behind it."""
    folder = nearest(place).resolve()
    best, kind = -1, ""
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        mount = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4]))
        if folder.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), after.split(" ")[0]
    return kind if kind.startswith(_OVER_A_NETWORK) else ""


def why_closed(place: Path) -> str:
    """Returns why nothing can be written in a folder; empty: it can."""
    if place.exists() and not place.is_dir():
        return f"{place} is no folder"
    folder = nearest(place)
    if not folder.is_dir():
        return f"{folder} is no folder"
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return f"{folder} is on a file system that is read-only"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"no right to write to {folder}"


def nearest(place: Path) -> Path:
    """Returns a path, or the nearest one above it that exists."""
    return next(path for path in (place, *place.parents) if path.exists())
