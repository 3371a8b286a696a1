"""Locks: what exactly an alias names now, file by file.

`promote`, `rollback` and `restore` print one, for a deployment to keep and to check what it loads
against.
"""

from dataclasses import dataclass
from typing import Any

from ft_registry.model.home import Home
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Hosted, VersionRecord


@dataclass(frozen=True)
class Lock:
    """One version pinned by its digests."""

    version: str
    """``name/7``."""
    record: str
    """The digest of the record: the identity that the number stands for."""
    artifact: str
    """The digest of the manifest of its files."""
    uri: str
    """Where MLflow serves the files: ``models:/m-<32 hex>``."""
    folder: str
    """The folder there that holds them."""
    files: tuple[FileEntry, ...]
    hosted: Hosted | None = None
    """Who keeps the weights, where the files are none."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    def as_json(self) -> dict[str, Any]:
        """Returns the lock as ``--json`` prints it."""
        return {
            "version": self.version,
            "record": self.record,
            "artifact": self.artifact,
            "uri": self.uri,
            "folder": self.folder,
            "files": [{"path": e.path, "size": e.size, "sha256": e.sha256} for e in self.files],
            **({"hosted": self.hosted.model_dump()} if self.hosted else {}),
        }


def lock_of(record: VersionRecord, home: Home) -> Lock:
    """Returns the lock of a version whose bytes lie at a home."""
    return Lock(
        version=record.reference,
        record=home.record,
        artifact=record.artifact.digest,
        uri=home.uri,
        folder=record.artifact.folder,
        files=record.artifact.files,
        hosted=record.artifact.hosted,
    )
