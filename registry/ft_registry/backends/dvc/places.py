"""Places that hold DVC's objects by their MD5, read without DVC's belief in what it finds."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from ft_registry.backends.whole_files import put_whole
from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError, NotFound
from ft_registry.readers.files import hash_file, in_parallel

_CHUNK = 1 << 20
_READ_ONLY = 0o444
_AWAY = "its folder is not there: a disk is not mounted, or nothing was ever pushed to it"
_LARGEST_LISTING = 1 << 30
"""Bytes (ten million files): it is read into memory, and under its name may lie anything."""


@dataclass(frozen=True)
class HeldObject:
    """What a place says of an object without reading it."""

    size: int | None
    """Bytes; None: it does not tell."""
    md5: str | None = None
    """What the place holds for the MD5, if it keeps one; of an encrypted object it can be wrong."""


@dataclass(frozen=True)
class ReadObject:
    """What the bytes of an object are."""

    md5: str
    sha256: str
    size: int


class ObjectPlace(Protocol):
    """A cache or remote.

    All methods raise BackendUnavailable when the place cannot be asked, with the reason.
    """

    @property
    def shown(self) -> str:
        """The place for people, without credentials."""

    @property
    def is_cache(self) -> bool:
        """Whether it is a cache of this machine, and no remote."""

    @property
    def width(self) -> int:
        """How many objects are best read at once."""

    def where(self, oid: str) -> str:
        """Returns where an object lies, for people: a path of this machine, or below the place."""

    def held(self, oids: Iterable[str]) -> dict[str, HeldObject]:
        """Returns the objects among these that are there."""

    def read(self, oids: Iterable[str]) -> dict[str, ReadObject]:
        """Reads every byte of objects that are there."""

    def chunks(self, oid: str) -> Iterator[bytes]:
        """Yields the bytes of an object.

        Raises:
            NotFound: It is not there.
        """

    def put(self, oid: str, chunks: Iterable[bytes]) -> None:
        """Writes an object, whatever lies under its name, and reads it back.

        Raises:
            IntegrityError: The bytes are not those that its name says, or did not arrive.
        """


def object_md5(oid: str) -> str:
    """Returns the MD5 that the bytes of an object must have."""
    return oid.removesuffix(".dir")


def read_listing(place: ObjectPlace, oid: str) -> tuple[bytes, str]:
    """Returns the bytes of an object that is to be a listing, and their MD5.

    Raises:
        NotFound: It is not there.
        IntegrityError: It is larger than any listing.
        BackendUnavailable: The place cannot be asked.
    """
    content = bytearray()
    for chunk in place.chunks(oid):
        content += chunk
        if len(content) > _LARGEST_LISTING:
            raise IntegrityError(
                f"expected the listing {oid} in {place.shown}, found more than "
                f"{_LARGEST_LISTING:,} bytes"
            )
    return bytes(content), hashlib.md5(content, usedforsecurity=False).hexdigest()


class FolderPlace:
    """A cache or remote that is a folder of this machine.

    Args:
        shown: What it is called.
        root: Where objects lie: ``<root>/ab/cdef...``.
        is_cache: It is a cache, and no remote.
        may_be_away: It may lie on a disk that is not mounted: where its folder is not there as a
            whole, nobody knows what it has.
    """

    width = 2

    def __init__(
        self, shown: str, root: Path, *, is_cache: bool = False, may_be_away: bool = False
    ) -> None:
        self.shown = shown
        self.is_cache = is_cache
        self._root = root
        self._may_be_away = may_be_away

    def where(self, oid: str) -> str:
        """See `ObjectPlace.where`."""
        return str(self._path(oid))

    def held(self, oids: Iterable[str]) -> dict[str, HeldObject]:
        """See `ObjectPlace.held`."""
        if self.is_away:
            raise BackendUnavailable(_AWAY, hints=["mount its disk; or, if it is new: dvc push"])
        found = {}
        for oid in oids:
            try:
                status = self._path(oid).stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise self._unreadable(oid, error) from error
            if S_ISREG(status.st_mode):
                found[oid] = HeldObject(status.st_size)
        return found

    def read(self, oids: Iterable[str]) -> dict[str, ReadObject]:
        """See `ObjectPlace.read`."""
        wanted = list(oids)
        jobs = [
            partial(hash_file, self._path(oid), name)
            for oid in wanted
            for name in ("md5", "sha256")
        ]
        try:
            done = in_parallel(jobs)
        except FtRegistryError as error:  # unreadable, written to, or deleted just now
            raise BackendUnavailable(error.message, hints=error.hints) from error
        return {
            oid: ReadObject(md5, sha256, size)
            for oid, (md5, size), (sha256, _) in zip(wanted, done[::2], done[1::2], strict=True)
        }

    def chunks(self, oid: str) -> Iterator[bytes]:
        """See `ObjectPlace.chunks`."""
        if oid not in self.held([oid]):
            raise NotFound(f"expected the object {oid} in {self.shown}, found none")
        try:
            with self._path(oid).open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise self._unreadable(oid, error) from error

    def put(self, oid: str, chunks: Iterable[bytes]) -> None:
        """See `ObjectPlace.put`."""
        target = self._path(oid)
        # Beside the other objects: a file of such a name is none to DVC.
        put_whole(
            target, chunks, algorithm="md5", digest=object_md5(oid), aside=target.parent
        )  # fmt: skip
        try:
            target.chmod(_READ_ONLY)  # as DVC leaves them: it is believed for it, so it comes last
        except OSError as error:
            raise self._unreadable(oid, error) from error

    @property
    def is_away(self) -> bool:
        """Whether nobody knows what it has, as its disk may not be mounted."""
        return self._may_be_away and not self._root.parents[1].is_dir()

    def _path(self, oid: str) -> Path:
        return self._root / oid[:2] / oid[2:]

    def _unreadable(self, oid: str, error: OSError) -> BackendUnavailable:
        return BackendUnavailable(f"expected to read {self._path(oid)}, found: {error.strerror}")


class ClosedPlace:
    """A remote that cannot be asked, whatever is wanted of it.

    Args:
        shown: What it is called.
        reason: Why.
        hints: What would mend it.
    """

    is_cache = False
    width = 1

    def __init__(self, shown: str, reason: str, *hints: str) -> None:
        self.shown = shown
        self._reason = reason
        self._hints = hints

    def where(self, oid: str) -> str:  # noqa: ARG002 - whatever
        """See `ObjectPlace.where`."""
        return ""

    def held(self, oids: Iterable[str]) -> dict[str, HeldObject]:  # noqa: ARG002 - whatever
        """See `ObjectPlace.held`."""
        raise self._closed()

    def read(self, oids: Iterable[str]) -> dict[str, ReadObject]:  # noqa: ARG002
        """See `ObjectPlace.read`."""
        raise self._closed()

    def chunks(self, oid: str) -> Iterator[bytes]:  # noqa: ARG002
        """See `ObjectPlace.chunks`."""
        raise self._closed()

    def put(self, oid: str, chunks: Iterable[bytes]) -> None:  # noqa: ARG002
        """See `ObjectPlace.put`."""
        raise self._closed()

    def _closed(self) -> BackendUnavailable:
        return BackendUnavailable(self._reason, hints=self._hints)
