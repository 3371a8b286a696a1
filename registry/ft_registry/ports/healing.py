"""The ports to what healing writes: objects of data, files of logged models, the quarantine."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ft_registry.model.healing import Wound
from ft_registry.model.home import Home
from ft_registry.model.snapshot import DataContent


class Quarantine(Protocol):
    """Keeps bytes that were found where others should have been."""

    def keep(self, chunks: Iterable[bytes], wound: Wound) -> Path:
        """Keeps bytes for ever, with a note of where they lay.

        The same bytes of the same place are kept once.

        Args:
            chunks: The bytes.
            wound: What was expected there.

        Returns:
            The folder that holds them.

        Raises:
            BackendUnavailable: The disk failed.
        """


class DataHealer(Protocol):
    """Finds and writes objects of data."""

    def wounds(self, content: DataContent, *, rev: str | None = None) -> list[Wound]:
        """Reads every byte of a dataset in the cache and in all remotes.

        The cache and the default remote are to have each dataset; another remote, what it has the
        listing or most files of. The work tree is a source; it is never written to.

        Args:
            content: The dataset.
            rev: See `DataStore.copies`.

        Returns:
            Each object that is changed or missing in one place, and where good bytes lie.
        """

    def heal(
        self,
        content: DataContent,
        wound: Wound,
        quarantine: Quarantine,
        *,
        file: Path | None = None,
    ) -> None:
        """Puts good bytes in the place of a wound, after keeping the bad ones.

        Args:
            content: The dataset.
            wound: What is wrong.
            quarantine: Keeps the bad bytes.
            file: A file with the good bytes; None: they lie where the wound's source says.

        Raises:
            NotFound: The good copy is gone since.
            IntegrityError: It has changed since.
            BackendUnavailable: A place does not answer, or the disk failed.
        """


class ArtifactHealer(Protocol):
    """Writes files of logged models."""

    def put(self, home: Home, name: str, file: Path, sha256: str) -> None:
        """Writes a file of a logged model; under its name the old or the new bytes, never a part.

        Args:
            home: Which logged model.
            name: The path below it.
            file: A file with the bytes.
            sha256: What they must be, in hexadecimal; read back from where they went as well.

        Raises:
            NotFound: There is no place to put it: nobody knows where the logged model lay.
            IntegrityError: The bytes are others.
            BackendUnavailable: The store does not answer, or the disk failed.
        """

    def remove(self, home: Home, name: str) -> None:
        """Takes a file of a logged model away.

        Raises:
            BackendUnavailable: The store does not answer, or refuses it.
        """
