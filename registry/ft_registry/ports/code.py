"""The port to the code: the git repository around the work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ft_registry.model.document import Unknown


@dataclass(frozen=True)
class CodeState:
    """What stands in git, and what stands in the work tree beside it."""

    repo: str | Unknown
    commit: str
    branch: str | Unknown
    dirty: bool
    patch: bytes
    """From the commit to the work tree; empty when they are equal."""
    left_out: tuple[str, ...]
    """Untracked files that are too large for the patch."""


class CodeRepository(Protocol):
    """Reads the code's state; writes nothing but pointers to data."""

    def capture(self) -> CodeState:
        """Returns the state of the code, the index and HEAD left as they are.

        Raises:
            NotARegistry: There is no commit yet.
        """

    def commit_files(self, paths: Sequence[Path], message: str) -> str | None:
        """Commits just these files, whatever else is staged; None when none of them changed."""

    def keeps(self, path: str) -> bool:
        """Returns whether git itself tracks the file, or a file below the folder."""

    def read(self, path: str, *, rev: str) -> bytes | None:
        """Returns a file's bytes at a revision, or None."""
