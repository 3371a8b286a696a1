"""A cache of downloaded files by SHA-256: believed after hashing only, deletable at any time."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ft_registry.errors import BackendUnavailable, NotFound
from ft_registry.faultpoints import faultpoint
from ft_registry.readers.files import hash_file

_LIMIT_BYTES = 10_000_000_000
_DAY_SECONDS = 86_400
"""What a killed process left is deleted after this time."""


class DigestCache:
    """Keeps files as ``<folder>/<ab>/<sha256>``; what was not used for longest goes first.

    Args:
        folder: Where; made when it is first needed.
        limit: Bytes that stay, at most.
    """

    def __init__(self, folder: Path, *, limit: int = _LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """See `ByteCache.scratch`."""
        root = self._folder / "scratch"
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._sweep(root)
            scratch = tempfile.TemporaryDirectory(dir=root, ignore_cleanup_errors=True)
        except OSError as error:
            raise BackendUnavailable(
                f"expected to write in {root}, found: {error.strerror}",
                hints=["it holds copies only and may be deleted"],
            ) from error
        with scratch as folder:
            yield Path(folder)
        self._trim()

    def put(self, file: Path, sha256: str) -> str:
        """See `ByteCache.put`."""
        found, _ = hash_file(file, "sha256")
        if found == sha256:
            target = self._place(sha256)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                faultpoint("file.place")
                file.replace(target)
            except OSError as error:
                raise BackendUnavailable(
                    f"expected to keep {target}, found: {error.strerror}"
                ) from error
        return found

    def get(self, sha256: str) -> Path | None:
        """See `ByteCache.get`."""
        file = self._place(sha256)
        try:
            found, _ = hash_file(file, "sha256")
        except NotFound:
            return None
        if found != sha256:
            file.unlink(missing_ok=True)
            return None
        os.utime(file)  # it was used: others go first
        return file

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _trim(self) -> None:
        kept = [
            (status.st_mtime, status.st_size, file)
            for file in self._folder.glob("[0-9a-f][0-9a-f]/*")
            if (status := _status(file)) is not None
        ]
        total = sum(size for _, size, _ in kept)
        for _, size, file in sorted(kept):
            if total <= self._limit:
                break
            file.unlink(missing_ok=True)
            total -= size

    @staticmethod
    def _sweep(root: Path) -> None:
        oldest = time.time() - _DAY_SECONDS
        for folder in root.iterdir():
            status = _status(folder)
            if status is not None and status.st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:  # another process was quicker
        return None
