"""The port to versioned data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth


@dataclass(frozen=True)
class TrackedData:
    """Data whose bytes were hashed and found to be what DVC's pointer says.

    Of an import that was not downloaded (see `SourceListing`) the source was asked instead: it says
    of every file what the pointer says.
    """

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


@dataclass(frozen=True)
class DataFault:
    """One file of a copy that is not what it was."""

    name: str
    """The file's path inside the dataset; of a single file, or of a folder's listing, the name of
    its object."""
    state: Literal["changed", "missing"]
    expected: str
    found: str
    at: str = ""
    """Where exactly the bytes lie, for who has to take them away: a path; empty: nowhere."""


@dataclass(frozen=True)
class DataCopy:
    """The state of one dataset in one place."""

    place: str
    """``DVC cache /path`` or ``DVC remote 'store' (s3://bucket/data)``, without credentials."""
    state: Literal["ok", "damaged", "absent", "unknown"]
    """``absent``: not all of it is there, and what is there is whole. ``unknown``: see `reason`."""
    faults: tuple[DataFault, ...] = ()
    reason: str = ""
    """Why the state is unknown: the remote does not answer, no DVC project is here."""
    note: str = ""
    """What a person should know of it: what could not be looked at, a folder that is not there."""
    is_cache: bool = False
    """Whether the place is a cache of this machine, and no remote."""


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
            IntegrityError: The bytes are not what the pointer says, or the source of an import is
                not.
            BackendUnavailable: The source of an import does not answer.
        """

    def inspect(self, path: Path) -> tuple[DataContent, bool]:
        """Returns what the bytes at a path are now, and whether a pointer says the same.

        Raises:
            NotFound: There is nothing at the path.
            InvalidInput: The path is outside the repository.
        """

    def check(self, path: Path) -> None:
        """Raises what `track` would raise of the path, before its bytes are read.

        Raises:
            NotFound: There is nothing at the path.
            InvalidInput: The path is outside the repository.
            Refused: It cannot be tracked, or should not be.
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

    def copies(
        self, content: DataContent, *, depth: Depth, rev: str | None = None
    ) -> list[DataCopy]:
        """Returns the state of a dataset in the cache and in each remote, the cache first.

        A linked work tree has two caches, its own and the main one's.

        Data that stays at its source has one place, the source.

        Args:
            content: What the dataset is: its hashes, and the path by which its DVC project is
                found (nothing need lie there now).
            depth: ``full`` reads every byte against MD5 and SHA-256, unless a remote keeps the MD5
                by itself and it is the right one; ``fast`` compares presence and sizes (and a
                remote's own checksums). Where that shows damage it is read, to name the files.
                A source is asked for tags and versions, never read.
            rev: A git revision whose pointer lists the versions at a source, where the one in the
                work tree is another by now.
        """

    def bring(self, path: str, md5: str, into: Path) -> str:
        """Puts the data of a hash at a place, from the cache or else from a remote.

        The work tree, `.dvc` files, the cache and DVC's own state are not touched. Every byte is
        hashed on its way; an object that is damaged is passed over for the next place. Whatever is
        raised leaves nothing behind.

        Args:
            path: The data's path in the repository, by which its DVC project is found.
            md5: DVC's hash of a file, or of a folder (``....dir``).
            into: The file or folder to make; there must be nothing at it. None of the folders above
                it may be a link: the caller resolves the folder that its user named, then adds
                names that come from records or from a checked-out tree, which could hold one.

        Returns:
            The place that it came from, as in `DataCopy.place`; several, when none had all of it.

        Raises:
            InvalidInput: It is no path in the repository, or no MD5.
            NotARegistry: There is no work tree, or no DVC project around the path.
            Refused: There is something at `into`, or a folder above it is a link.
            NotFound: No place has it: the message says where it was looked for.
            IntegrityError: Every place that has it has other bytes under its name.
            BackendUnavailable: It may be in a remote that does not answer; or the disk is full.
        """
