"""The code around the work: its commit, and what the work tree adds to it."""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ft_registry.backends.git.checkout import check_out
from ft_registry.backends.git.door import NETWORK_SECONDS, GitDoor, identity_variables
from ft_registry.backends.git.objects import check_oid
from ft_registry.backends.git.refs import PINS
from ft_registry.errors import NotARegistry, NotFound
from ft_registry.model.document import Unknown
from ft_registry.model.origin import Actor
from ft_registry.ports.code import CodeChange, CodeState

_PATCH_FILE_BYTES = 1 << 20
"""Untracked files up to this size go into the patch; larger ones are data, and DVC's."""
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
"""Not urlsplit(): it refuses passwords that git and curl accept."""


class GitCode:
    """Reads the state of one work tree.

    Args:
        door: The repository.
        actor: Signs commits of pointers where git knows no identity (a pipeline's container).
        remote: The ledger's remote, which has the pins of commits; empty: none, or offline.
    """

    def __init__(self, door: GitDoor, *, actor: Actor, remote: str = "") -> None:
        self._door = door
        self._actor = actor
        self._remote = remote

    def capture(self) -> CodeState:
        """See `CodeRepository.capture`."""
        commit = self._head()
        top = self._top()
        untracked = self._lines("ls-files", "-z", "--others", "--exclude-standard", "--full-name")
        small = [name for name in untracked if _is_small(top / name)]
        left_out = tuple(_printable(name) for name in sorted(set(untracked) - set(small)))
        patch = self._patch(commit, small)
        branch = (
            self._door.attempt("symbolic-ref", "--quiet", "--short", "HEAD")[1].decode().strip()
        )
        return CodeState(
            repo=self.origin(),
            commit=commit,
            branch=branch or Unknown(unknown="HEAD is detached"),
            dirty=bool(patch or left_out),
            patch=patch,
            left_out=left_out,
        )

    def commit_files(self, paths: Sequence[Path], message: str) -> str | None:
        """See `CodeRepository.commit_files`."""
        top = self._top()
        if not paths:
            return None
        names = [f":(top,literal){path.relative_to(top).as_posix()}" for path in paths]
        self._door.run("add", "--", *names)
        changed = self._lines("status", "--porcelain", "-z", "--untracked-files=no", "--", *names)
        if not changed:
            return None
        # --only leaves whatever else the user has staged where it is.
        arguments = ("commit", "--quiet", "--only", "-m", message, "--", *names)
        self._door.run(*arguments, env=self._missing_identity())
        return self._head()

    def keeps(self, path: str) -> bool:
        """See `CodeRepository.keeps`."""
        return bool(self._lines("ls-files", "-z", "--", f":(top,literal){path}"))

    def read(self, path: str, *, rev: str) -> bytes | None:
        """See `CodeRepository.read`."""
        status, out, _ = self._door.attempt("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}")
        if status or rev.startswith("-"):
            return None
        commit = check_oid(out.decode().strip())
        status, out, _ = self._door.attempt("cat-file", "blob", f"{commit}:{path}")
        return out if status == 0 else None

    def origin(self) -> str | Unknown:
        """See `CodeRepository.origin`."""
        url = self._door.config("remote.origin.url")
        return without_credentials(url) if url else Unknown(unknown="there is no remote 'origin'")

    def has(self, commit: str) -> bool:
        """See `CodeRepository.has`."""
        return self._door.attempt("cat-file", "-e", f"{check_oid(commit)}^{{commit}}")[0] == 0

    def is_own(self, commit: str) -> bool:
        """See `CodeRepository.is_own`."""
        if not self.has(commit):
            return False
        refs = ("refs/heads", "refs/tags", "refs/remotes")
        if self._door.run("for-each-ref", "--count=1", f"--contains={commit}", *refs):
            return True
        return self._door.attempt("merge-base", "--is-ancestor", commit, "HEAD")[0] == 0

    def between(self, old: str, new: str) -> CodeChange | None:
        """See `CodeRepository.between`."""
        if not (self.has(old) and self.has(new)):
            return None
        old, new = check_oid(old), check_oid(new)
        log = self._lines("log", "-z", "--format=%H %s", f"{old}..{new}", "--")
        back = self._door.run("rev-list", "--count", f"{new}..{old}", "--")
        # Without renames there are two fields a file: how, and which.
        fields = self._lines("diff", "--name-status", "-z", "--no-renames", old, new, "--")
        return CodeChange(
            commits=tuple((line[:40], _printable(line[41:])) for line in log),
            back=int(back),
            files=tuple(zip(fields[::2], map(_printable, fields[1::2]), strict=True)),
        )

    def export(self, commit: str, patch: bytes, into: Path) -> tuple[str, ...]:
        """See `CodeRepository.export`."""
        if not self.has(commit) and not self._fetch(commit):
            pin = f"{PINS}/{commit}"
            raise NotFound(
                f"expected the commit {commit}, found that this clone does not have it",
                hints=[
                    f"git fetch {self._remote or 'origin'} {pin}:{pin}",
                    "or fetch the branch or repository that it was made in",
                ],
            )
        return check_out(self._door, commit, patch, into)

    def _fetch(self, commit: str) -> bool:
        """Fetches a commit by its pin from the ledger's remote; returns whether it came."""
        pin = f"{PINS}/{commit}"
        if self._remote:
            self._door.attempt(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no",
                "--end-of-options", self._remote, f"{pin}:{pin}", seconds=NETWORK_SECONDS,
            )  # fmt: skip
        return self.has(commit)

    def _missing_identity(self) -> dict[str, str]:
        if self._door.attempt("var", "GIT_COMMITTER_IDENT")[0] == 0:
            return {}
        return identity_variables(self._actor)

    def _top(self) -> Path:
        if self._door.place.top is None:
            raise NotARegistry(
                "expected a work tree, found a bare repository",
                hints=["run this in a clone that has the files checked out"],
            )
        return self._door.place.top

    def _head(self) -> str:
        status, out, _ = self._door.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if status:
            raise NotARegistry(
                "expected a git commit to cite, found a repository without one",
                hints=["git add -A && git commit -m 'first commit', then run this again"],
            )
        return check_oid(out.decode().strip())

    def _patch(self, commit: str, untracked: Sequence[str]) -> bytes:
        with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
            # A copy of the index, so that the untracked files can be named in it: the real one
            # stays as the user left it.
            index = Path(folder) / "index"
            real = self._door.place.git_dir / "index"
            if real.exists():
                # With its time: by it git knows which files may have changed since unnoticed.
                shutil.copy2(real, index)
            env = {"GIT_INDEX_FILE": str(index)}
            if untracked:
                names = b"\0".join(os.fsencode(name) for name in untracked)
                self._door.run(
                    "--literal-pathspecs", "add", "--intent-to-add",
                    "--pathspec-from-file=-", "--pathspec-file-nul", stdin=names, env=env,
                )  # fmt: skip
            # Each option undoes a setting of the user's with which `git apply` fails or differs.
            return self._door.run(
                "diff", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
                "--no-renames", "--no-relative", "--unified=3", "--inter-hunk-context=0",
                "--diff-algorithm=default", "--submodule=short", "--src-prefix=a/",
                "--dst-prefix=b/", "-O/dev/null", commit, "--", env=env,
            )  # fmt: skip

    def _lines(self, *arguments: str) -> list[str]:
        return [line for line in os.fsdecode(self._door.run(*arguments)).split("\0") if line]


def without_credentials(url: str) -> str:
    """Returns a URL without user and password; scp-like and plain paths stay as they are."""
    return _CREDENTIALS.sub(r"\1", url)


def _is_small(path: Path) -> bool:
    if path.is_symlink():
        return True
    return path.is_file() and path.stat().st_size <= _PATCH_FILE_BYTES


def _printable(name: str) -> str:
    """Returns a file's name as JSON can hold it, whatever bytes it is made of."""
    return os.fsencode(name).decode(errors="backslashreplace")
