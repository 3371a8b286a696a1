"""Indexes of examples inside the git directory; what reads and writes their rows comes when needed.

Most commands only look whether a copy is as recorded: that must not load a library of numbers.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError
from ft_registry.faultpoints import faultpoint
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.verification import Depth
from ft_registry.ports.example_index import KeptIndex
from ft_registry.readers.files import hash_file

if TYPE_CHECKING:
    from ft_registry.examples.table import HashTable
    from ft_registry.ports.example_index import IndexWriter


class KeptIndexes:
    """Indexes kept inside the git directory, and found again elsewhere.

    Args:
        folder: The folder for them.
        top: The top level of the work tree; None: the repository is bare.
        bring: Puts a file of the DVC cache or a remote, by path and MD5, at a place.
    """

    def __init__(
        self, folder: Path, *, top: Path | None, bring: Callable[[str, str, Path], object]
    ) -> None:
        self._folder = folder
        self._top = top
        self._bring = bring

    def writer(self, *, key: str) -> "IndexWriter":
        """See `IndexFiles.writer`."""
        from ft_registry.backends.arrow_index import ArrowWriter

        self._folder.mkdir(parents=True, exist_ok=True)
        return ArrowWriter(self._folder, key=key)

    def keep(self, file: Path, index: ExampleIndex) -> None:
        """See `IndexFiles.keep`."""
        place = self._place(index)
        if place.exists():
            return
        faultpoint("file.write")
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="keep-", dir=self._folder) as scratch:
            copy = Path(scratch) / place.name
            shutil.copyfile(file, copy)
            if hash_file(copy, "md5")[0] != index.md5:
                raise IntegrityError(
                    f"expected the index {index.path} at {file}, found other bytes"
                )
            copy.chmod(0o444)
            faultpoint("file.place")
            copy.replace(place)

    def kept(self, index: ExampleIndex, *, depth: Depth) -> KeptIndex | None:
        """See `IndexFiles.kept`."""
        place, shown = self._place(index), f"the git directory ({self._folder})"
        try:
            size = place.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return KeptIndex(place, shown, reason=error.strerror or str(error))
        if size != index.size:
            return KeptIndex(place, shown, found=f"{size} bytes")
        if depth == "fast":
            return KeptIndex(place, shown)
        try:
            found = f"sha256:{hash_file(place, 'sha256')[0]}"
        except FtRegistryError as error:
            return KeptIndex(place, shown, reason=error.message)
        return KeptIndex(place, shown, found="" if found == index.sha256 else found)

    def renew(self, index: ExampleIndex, file: Path | None) -> None:
        """See `IndexFiles.renew`."""
        place = self._place(index)
        try:
            place.unlink(missing_ok=True)
            if file is None:
                self._find(index, place)
            else:
                self.keep(file, index)
        except OSError as error:
            raise BackendUnavailable(
                f"expected to write {place}, found: {error.strerror or error}"
            ) from error

    def open(self, index: ExampleIndex) -> "HashTable":
        """See `IndexFiles.open`."""
        from ft_registry.backends.arrow_index import read_index

        place = self._place(index)
        if not place.exists() or place.stat().st_size != index.size:
            self._find(index, place)
        return read_index(place, index)

    def _place(self, index: ExampleIndex) -> Path:
        return self._folder / f"{index.md5}.arrow"

    def _find(self, index: ExampleIndex, place: Path) -> None:
        place.unlink(missing_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        there = self._top / index.path if self._top is not None else None
        if there is not None and there.is_file() and there.stat().st_size == index.size:
            try:
                self.keep(there, index)
            except IntegrityError:  # of another snapshot, by chance of the same size
                self._bring(index.path, index.md5, place)
        else:
            self._bring(index.path, index.md5, place)
