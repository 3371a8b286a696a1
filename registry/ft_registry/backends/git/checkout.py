"""Puts a commit, and a patch on it, into a folder: without a work tree, an index or a filter.

The patch is applied to a throw-away index, so that git itself writes no file: all that lands in the
folder is written here, from objects whose hash was checked, at paths that were checked. Links are
made last, so that no file is written through one.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ft_registry.backends.git.door import GitDoor, GitFailed
from ft_registry.backends.git.objects import ObjectReader
from ft_registry.errors import IntegrityError
from ft_registry.model.checkout_path import checkout_path

_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LFS_BYTES = 1024
"""A pointer of git LFS is smaller than this."""


@dataclass(frozen=True)
class _Entry:
    """One file of a tree."""

    mode: str
    oid: str
    path: str


def check_out(door: GitDoor, commit: str, patch: bytes, into: Path) -> tuple[str, ...]:
    """Writes the tree of a commit with a patch on it; see `CodeRepository.export`.

    Args:
        door: The repository, which has the commit.
        commit: The commit.
        patch: Empty: nothing.
        into: An empty folder.

    Raises:
        IntegrityError: The patch does not apply, an object is lost or damaged, or a path would
            leave the folder.
    """
    with _patched(door, commit, patch) as (aside, tree):
        entries = list(_entries(aside, tree))
        notes = [f"submodule {entry.path}" for entry in entries if entry.mode == "160000"]
        reader = ObjectReader(aside)
        links = []
        try:
            for entry in entries:
                if entry.mode == "160000":
                    continue
                content = _content(reader, entry)
                if entry.mode == "120000":
                    links.append((entry.path, content))
                    continue
                _write(into / entry.path, content, executable=entry.mode == "100755")
                if len(content) < _LFS_BYTES and content.startswith(_LFS):
                    notes.append(f"content of {entry.path}, which git LFS keeps")
            return (*notes, *_link(into, links))
        except (FileExistsError, NotADirectoryError) as error:
            raise IntegrityError(
                f"expected one file at each path of commit {commit}, found two in one place: "
                f"{error.filename}",
                hints=["names that differ in case only are one on some disks"],
            ) from error
        finally:
            reader.close()


@contextmanager
def _patched(door: GitDoor, commit: str, patch: bytes) -> Iterator[tuple[GitDoor, str]]:
    """Yields a door beside which new objects go to a throw-away folder, and the patched tree."""
    if not patch:
        yield door, f"{commit}^{{tree}}"
        return
    with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
        objects = Path(folder) / "objects"
        objects.mkdir()
        aside = door.beside(
            {
                "GIT_INDEX_FILE": str(Path(folder) / "index"),
                "GIT_OBJECT_DIRECTORY": str(objects),
                # In quotes, because a colon would end the path.
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(door.place.common_dir / "objects"),
            }
        )
        aside.run("read-tree", commit)
        try:
            aside.run("apply", "--cached", "--whitespace=nowarn", "-", stdin=patch)
        except GitFailed as error:
            raise IntegrityError(
                f"expected the recorded patch to apply to commit {commit}, found: "
                f"{error.stderr.strip()}"
            ) from error
        yield aside, aside.run("write-tree").decode().strip()


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _entries(door: GitDoor, tree: str) -> Iterator[_Entry]:
    """Yields the files of a tree after checking the paths of all of them."""
    found = []
    for line in door.run("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, _, oid = head.decode().split(" ")
        try:
            path = checkout_path(os.fsdecode(name))
        except ValueError as error:
            raise IntegrityError(f"expected a tree that is safe to write out: {error}") from error
        found.append(_Entry(mode, oid, path))
    yield from found


def _content(reader: ObjectReader, entry: _Entry) -> bytes:
    (content,) = reader.blobs([entry.oid])
    if content is None:
        raise IntegrityError(
            f"expected git to have the content of {entry.path}, found it lost",
            hints=["git fsck tells what else is missing; another clone may still have it"],
        )
    # `cat-file` hands out a rotten object as it is.
    algorithm = hashlib.sha1 if len(entry.oid) == 40 else hashlib.sha256
    named = algorithm(b"blob %d\0" % len(content), usedforsecurity=False)
    named.update(content)
    if named.hexdigest() != entry.oid:
        raise IntegrityError(
            f"expected git's object {entry.oid} of {entry.path} at its own hash, found "
            f"{named.hexdigest()}: it is damaged",
            hints=["git fsck tells what else is; another clone may have it whole"],
        )
    return content


def _write(place: Path, content: bytes, *, executable: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    # EXCL: a disk on which two names are one would let the second replace the first.
    with open(os.open(place, flags, 0o777 if executable else 0o666), "wb") as file:  # noqa: PTH123
        file.write(content)


def _link(into: Path, links: list[tuple[str, bytes]]) -> list[str]:
    """Makes links that stay inside the folder; returns a note for each that does not.

    A link that leads out means something on the machine where it was made. What is written through
    it afterwards (data, a recipe's outputs) would land outside, so it is left out.
    """
    root = into.resolve()
    made = []
    for path, target in links:
        place = root / path
        if target and not target.startswith(b"/") and b"\0" not in target:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.fsdecode(target))
            made.append(place)
    # Only with all of them there can be seen where each one leads: they may pass through others.
    out = {place for place in made if not _leads_inside(place, root)}
    for place in out:
        place.unlink()
    kept = set(made) - out
    return [
        f"link {path} -> {os.fsencode(os.fsdecode(target)).decode(errors='backslashreplace')}, "
        "which leaves the folder"
        for path, target in links
        if root / path not in kept
    ]


def _leads_inside(place: Path, root: Path) -> bool:
    try:
        return place.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        return False
