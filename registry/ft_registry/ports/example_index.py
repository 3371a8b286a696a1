"""The port to the files that hold the hashes of examples."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from ft_registry.model.examples import ExampleIndex
from ft_registry.model.verification import Depth

if TYPE_CHECKING:
    from ft_registry.examples.table import HashTable


@dataclass(frozen=True)
class WrittenIndex:
    """An index that lies on disk."""

    rows: int
    root: str
    duplicates: int
    """Rows that are equal to an earlier one."""
    near_duplicates: int
    """Further rows that are when case and spacing do not count."""


@dataclass(frozen=True)
class KeptIndex:
    """The copy of an index inside the git directory."""

    file: Path
    shown: str
    """The place for people."""
    found: str = ""
    """What it is instead of what it should be: bytes, or a digest; empty: it is right."""
    reason: str = ""
    """Why it could not be read."""

    @property
    def is_good(self) -> bool:
        """Whether it is what is on record, as far as was looked."""
        return not self.found and not self.reason


class IndexWriter(Protocol):
    """Takes rows in any order, in bounded memory, and writes them sorted.

    A context: what it keeps on disk meanwhile is gone at its end, finished or not.
    """

    def __enter__(self) -> Self:
        """Returns itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Throws away what was taken in."""

    def add(self, hashes: bytes, subjects: bytes) -> None:
        """Takes rows in; see `ft_registry.examples.table.table_of`."""

    def finish(self, file: Path) -> WrittenIndex:
        """Writes the index; the same rows give the same bytes.

        Raises:
            BackendUnavailable: The disk failed.
        """


class IndexFiles(Protocol):
    """Keeps indexes where they outlive the data."""

    def writer(self, *, key: str) -> IndexWriter:
        """Returns what writes an index; `key` names the secret of its hashes."""

    def keep(self, file: Path, index: ExampleIndex) -> None:
        """Keeps a copy of an index inside the git directory."""

    def kept(self, index: ExampleIndex, *, depth: Depth) -> KeptIndex | None:
        """Returns what became of the copy inside the git directory; None: there is none."""

    def renew(self, index: ExampleIndex, file: Path | None) -> None:
        """Puts good bytes in the place of that copy.

        Args:
            index: Which.
            file: A file with the bytes; None: it is found where `open` finds it.

        Raises:
            NotFound, IntegrityError, BackendUnavailable: See `open`.
        """

    def open(self, index: ExampleIndex) -> "HashTable":
        """Returns the table of an index, from wherever it still is.

        Raises:
            NotFound: It is nowhere: neither kept, nor in the work tree, the cache, a remote.
            IntegrityError: What is there is another file.
            BackendUnavailable: A remote does not answer.
        """
