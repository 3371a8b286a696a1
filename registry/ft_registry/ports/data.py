"""The port to versioned data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DataContent


@dataclass(frozen=True)
class TrackedData:
    """Data whose bytes were hashed and found to be what DVC's pointer says."""

    content: DataContent
    pointer: str
    """``x.dvc`` or ``dvc.lock``, from the top level."""


@dataclass(frozen=True)
class Tracking:
    """What tracking a path did."""

    data: TrackedData
    changed: bool
    """False: the bytes were tracked already."""
    touched: tuple[Path, ...]
    """The files that git has to commit."""


class DataStore(Protocol):
    """Tracks data by hash."""

    def tracks(self, path: Path) -> bool:
        """Returns whether there is a pointer to the path, or to a folder above it."""

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        """Returns tracked data after hashing every byte of it.

        Args:
            path: The file or directory.
            rev: A git revision whose pointer counts; None: the one in the work tree.

        Raises:
            NotFound: There is nothing at the path, in the work tree or the cache.
            Refused: DVC does not track it.
            IntegrityError: The bytes are not what the pointer says.
        """

    def inspect(self, path: Path) -> tuple[DataContent, bool]:
        """Returns what the bytes at a path are now, and whether a pointer says the same.

        Raises:
            NotFound: There is nothing at the path.
            InvalidInput: The path is outside the repository.
        """

    def track(self, path: Path) -> Tracking:
        """Tracks the bytes as they are now.

        Raises:
            NotFound: There is nothing at the path.
            IntegrityError: DVC's hash is not that of the bytes.
            BackendUnavailable: DVC failed; the data is as it was.
        """

    def check_push(self, path: Path) -> None:
        """Finds out, without asking it, whether there is a remote to push the path's data to.

        Raises:
            Refused: No remote is configured, or it is a relative path.
        """

    def push(self, pointers: tuple[str, ...]) -> None:
        """Uploads the data behind pointers and makes sure that it arrived.

        Raises:
            Refused: No remote is configured, or it is a relative path.
            IntegrityError: An object in the cache is damaged; nothing was uploaded.
            BackendUnavailable: The upload failed.
        """

    def stage_of(self, path: Path) -> Stage | None:
        """Returns the pipeline stage that made the path, with what it was made from."""
