"""What comparing, tracing and erasing examples look things up in."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.errors import FtRegistryError, Refused
from ft_registry.examples.formats import Format, detect_format
from ft_registry.examples.table import HashTable
from ft_registry.examples.titles import titled_format
from ft_registry.examples.work import Source
from ft_registry.model.secret import Secret
from ft_registry.model.snapshot import DataContent
from ft_registry.ports.data import DataStore
from ft_registry.ports.example_index import IndexFiles
from ft_registry.ports.index import VersionIndex
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.examination import find_rows
from ft_registry.readers.example_files import sample_rows
from ft_registry.readers.example_sources import find_sources


def recorded_format(found: FoundSnapshot) -> Format | None:
    """Returns the format that is on record of a snapshot's examples, named or recognised."""
    profile = found.snapshot.profile
    return titled_format(profile.format) if profile is not None else None


@dataclass(frozen=True)
class Shelves:
    """Everything that knows something of examples."""

    ledger: Ledger
    versions: VersionIndex
    indexes: IndexFiles
    data: DataStore
    top: Path | None
    """The top level of the work tree; None: there is none."""
    scratch: Path
    secret: Secret | None

    def table(self, found: FoundSnapshot) -> HashTable:
        """Returns the hashes of a snapshot's examples.

        Raises:
            Refused: It has no index.
            NotFound, IntegrityError, BackendUnavailable: See `IndexFiles.open`.
        """
        return self.indexes.open(found.index)

    def key_of(self, found: FoundSnapshot) -> bytes | None:
        """Returns the secret of a snapshot's hashes.

        Raises:
            Refused: It is another secret than the one that is here.
        """
        name = found.index.key
        if not name:
            return None
        if self.secret is None or self.secret.name != name:
            raise Refused(
                f"expected the secret {name} that the hashes of {found.reference} were made with, "
                f"found {self.secret.name if self.secret else 'none'}",
                hints=["FT_REGISTRY_EXAMPLE_KEY holds it, or .git/ft-registry/example.key"],
            )
        return self.secret.value

    def rows(self, found: FoundSnapshot, wanted: Set[str]) -> dict[str, dict[str, Any]]:
        """Returns examples of a snapshot by their exact hash, as far as the data is still there."""
        if not wanted:
            return {}
        content = found.snapshot.content
        key = self.key_of(found)
        there = self.top / content.path if self.top is not None else None
        rows: dict[str, dict[str, Any]] = {}
        if there is not None and there.exists():
            sources = find_sources(there)
            rows = find_rows(sources, wanted, format_=self.format_of(found, sources), key=key)
        if len(rows) < len(wanted):
            with TemporaryDirectory(prefix="data-", dir=self.scratch) as folder:
                sources = self.brought(found, Path(folder))
                format_ = self.format_of(found, sources)
                rows |= find_rows(sources, wanted - rows.keys(), format_=format_, key=key)
        return rows

    @staticmethod
    def format_of(found: FoundSnapshot, sources: Sequence[Source]) -> Format:
        """Returns the format that a snapshot's index was made with.

        Args:
            found: The snapshot.
            sources: Its files, to tell the format by where it is not on record.
        """
        return recorded_format(found) or detect_format(sample_rows(sources))

    def files(self, found: FoundSnapshot, folder: Path) -> list[Source]:
        """Returns the files of a snapshot from wherever its bytes are; none where they are gone.

        Args:
            found: The snapshot.
            folder: An empty one, for what must be fetched.
        """
        content = found.snapshot.content
        there = self.top / content.path if self.top is not None else None
        if there is not None and self._is_there(there, content):
            return find_sources(there)
        return self.brought(found, folder)

    def _is_there(self, path: Path, content: DataContent) -> bool:
        """Returns whether the bytes in the work tree are those of a snapshot."""
        if not path.exists() or (path.is_file() and path.stat().st_size != content.dvc.size):
            return False
        try:
            return self.data.inspect(path)[0].key == content.key
        except FtRegistryError:
            return False  # what cannot be tracked as it lies there is not what was

    def brought(self, found: FoundSnapshot, folder: Path) -> list[Source]:
        """Returns the files of a snapshot, fetched into a folder; none where the data is gone."""
        content = found.snapshot.content
        place = folder / Path(content.path).name
        try:
            self.data.bring(content.path, content.key, place)
        except FtRegistryError:
            return []  # the hashes answer without it; only the words are missing
        return find_sources(place)
