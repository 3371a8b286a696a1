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


@dataclass(frozen=True)
class CodeChange:
    """What lies between two commits."""

    commits: tuple[tuple[str, str], ...]
    """Id and subject of those that lead to the newer one and not to the older, the newest first."""
    back: int
    """Commits that lead to the older one alone: history went another way."""
    files: tuple[tuple[str, str], ...]
    """How (``A`` added, ``M`` modified, ``D`` deleted, ``T`` type changed) and which, by path."""


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

    def origin(self) -> str | Unknown:
        """Returns the URL of the remote ``origin``, without credentials."""

    def has(self, commit: str) -> bool:
        """Returns whether the commit is at hand."""

    def is_own(self, commit: str) -> bool:
        """Returns whether a branch, tag or HEAD of this repository, or of its remotes, leads to it.

        A commit that only a record's pin keeps here was made elsewhere.
        """

    def between(self, old: str, new: str) -> CodeChange | None:
        """Returns what lies between two commits; None: one of them is not at hand."""

    def export(self, commit: str, patch: bytes, into: Path) -> tuple[str, ...]:
        """Writes the tree of a commit into an empty folder and applies a patch to it.

        The work tree, the index, HEAD and the list of work trees are not touched; no filter, hook
        or other program of the repository runs. Files are git's bytes, without conversion. A commit
        that is not at hand is fetched by its pin from the ledger's remote, where there is one.

        Args:
            commit: The commit.
            patch: From the commit to what really ran; empty: nothing.
            into: An empty folder.

        Returns:
            What was left out, in words: submodules, contents that git LFS keeps, links that lead
            out of the folder.

        Raises:
            NotFound: The commit is not at hand; the hint says what to fetch.
            IntegrityError: The patch does not apply, an object is lost or damaged, or a path would
                leave the folder or be git's own.
        """
