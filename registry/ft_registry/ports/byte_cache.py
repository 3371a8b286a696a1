"""The port to bytes that were downloaded once: named by their digest, deletable at any time."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class ByteCache(Protocol):
    """Keeps files by the SHA-256 of their bytes, the newest of them, up to some size."""

    def scratch(self) -> AbstractContextManager[Path]:
        """Returns a folder to download into that is gone afterwards.

        Raises:
            BackendUnavailable: It cannot be made.
        """

    def put(self, file: Path, sha256: str) -> str:
        """Hashes a file of the scratch folder and moves it in if it is what it should be.

        Args:
            file: The file; it is gone from its place if it was taken.
            sha256: What is expected, in hexadecimal.

        Returns:
            The SHA-256 that was found.
        """

    def get(self, sha256: str) -> Path | None:
        """Returns the file of a digest after hashing it again; None when there is none.

        A file that rotted is deleted.
        """
