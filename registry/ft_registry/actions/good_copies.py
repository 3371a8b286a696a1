"""Finds copies of files of weights, wherever one may lie; only a copy that was read counts."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.actions.holdings import BaselineHolding, Holding
from ft_registry.actions.promises import Promise, promises_of, promises_of_baseline
from ft_registry.errors import BackendUnavailable, FtRegistryError, NotFound
from ft_registry.formats.mlmodel import COMPONENTS
from ft_registry.model.home import Home
from ft_registry.ports.artifacts import ArtifactStore, Shelf
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.readers.files import hash_file


@dataclass(frozen=True)
class Root:
    """A folder that may hold copies."""

    shown: str
    folder: Path
    by_name: bool
    """Only files of the right name are looked at: it is large, and holds much else."""


@dataclass
class Search:
    """What came of looking for one file."""

    file: Path | None = None
    """A file on this machine that has the bytes."""
    source: str = ""
    """Where they come from, for people."""
    looked: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    """What did not answer, with the reason."""

    def found(self, file: Path, source: str) -> "Search":
        """Notes a good copy."""
        self.file, self.source = file, source
        return self


class GoodCopies:
    """Looks for files by their SHA-256.

    Args:
        holdings: Of every version and baseline: what several have is one file many times over.
        artifacts: Where their files are.
        cache: Has what was downloaded before, and takes what is downloaded now.
        roots: Folders that may hold copies.
    """

    def __init__(
        self,
        holdings: Sequence[Holding | BaselineHolding],
        *,
        artifacts: ArtifactStore,
        cache: ByteCache,
        roots: Sequence[Root],
    ) -> None:
        self._artifacts = artifacts
        self._cache = cache
        self._roots = roots
        self._shelves: dict[str, Shelf | FtRegistryError] = {}
        self._holders: dict[str, list[tuple[str, Home, str]]] = {}
        for holding in holdings:
            for promise in promised(holding):
                holder = (subject_of(holding), holding.home, promise.name)
                self._holders.setdefault(promise.sha256, []).append(holder)

    def find(self, promise: Promise, home: Home, name: str) -> Search:
        """Looks for a file everywhere but under its own name.

        Args:
            promise: What it must be.
            home: Of which logged model it is wanted.
            name: Where it is wanted there.
        """
        search = Search()
        if promise.content is not None:
            return search.found(self._write(promise.content, promise.sha256), "the ledger")
        cached = self._cache.get(promise.sha256)
        if cached is not None:
            return search.found(cached, "what was downloaded before")
        for subject, other, path in self._holders.get(promise.sha256, ()):
            for one in (path, f"{COMPONENTS}/{path.partition('/')[2]}"):
                is_itself = (other.logged_model_id, one) == (home.logged_model_id, name)
                if not is_itself and self._on_shelf(promise, subject, other, one, search):
                    return search
        for root in self._roots:
            for file in _files(root, promise):
                if _sha256(file) == promise.sha256:
                    return search.found(file, f"{root.shown} ({file})")
            search.looked.append(root.shown)
        return search

    def _on_shelf(
        self, promise: Promise, subject: str, home: Home, name: str, search: Search
    ) -> bool:
        shelf = self._shelf(home)
        if isinstance(shelf, FtRegistryError):
            (search.looked if isinstance(shelf, NotFound) else search.unasked).append(
                f"{subject}: {shelf.message}"
            )
            return False
        if name not in shelf.sizes:
            return False
        found = self._read(shelf, home, name, promise.sha256, search)
        if found is None:
            search.looked.append(f"{subject} ({name} has other bytes)")
            return False
        search.found(found, f"{subject} ({name})")
        return True

    def _read(
        self, shelf: Shelf, home: Home, name: str, sha256: str, search: Search
    ) -> Path | None:
        if shelf.folder is not None:
            file = shelf.folder / name
            return file if _sha256(file) == sha256 else None
        try:
            with self._cache.scratch() as scratch:
                self._artifacts.fetch(home, [name], scratch)
                self._cache.put(scratch / name, sha256)
        except NotFound:
            return None
        except BackendUnavailable as error:
            search.unasked.append(error.message)
            return None
        return self._cache.get(sha256)

    def _shelf(self, home: Home) -> Shelf | FtRegistryError:
        if home.uri not in self._shelves:
            try:
                self._shelves[home.uri] = self._artifacts.shelf(home)
            except (NotFound, BackendUnavailable) as error:
                self._shelves[home.uri] = error
        return self._shelves[home.uri]

    def _write(self, content: bytes, sha256: str) -> Path:
        with self._cache.scratch() as scratch:
            (scratch / "content").write_bytes(content)
            self._cache.put(scratch / "content", sha256)
        file = self._cache.get(sha256)
        if file is None:
            raise BackendUnavailable(f"expected to keep {sha256} for a moment, found it gone")
        return file


def subject_of(holding: Holding | BaselineHolding) -> str:
    """Returns what verification calls a version or baseline."""
    if isinstance(holding, BaselineHolding):
        return holding.baseline.reference
    return holding.filed.record.reference


def promised(holding: Holding | BaselineHolding) -> Iterator[Promise]:
    """Yields what must lie on the shelf of either."""
    if isinstance(holding, BaselineHolding):
        return promises_of_baseline(holding)
    return promises_of(holding)


def _files(root: Root, promise: Promise) -> Iterator[Path]:
    """Yields files that may be the one, without reading them."""
    wanted = promise.name.rpartition("/")[2]
    for folder, folders, names in os.walk(root.folder):
        if root.by_name:
            folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if (name == wanted or not root.by_name) and _has_size(file, promise.size):
                yield file


def _has_size(file: Path, size: int | None) -> bool:
    try:
        return file.is_file() and size in (None, file.stat().st_size)
    except OSError:
        return False


def _sha256(file: Path) -> str:
    try:
        return hash_file(file, "sha256")[0]
    except FtRegistryError:  # gone, not to be read, written to at this moment
        return ""
