"""Real git repositories for tests, and a look at them that does not pass through our own code."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.ledger.changes import ADA

from ft_registry.backends.git.code import GitCode
from ft_registry.backends.git.door import GitDoor, find_repository
from ft_registry.backends.git.ledger import GitLedger

MadeOnce: TypeAlias = Callable[[Callable[[Path], object]], Path]
"""Takes what makes a folder and returns the folder, made once a session, to be copied."""
_TESTER = {
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.org",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.org",
}


def git(where: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Runs git as the test's own user and returns its output; fails the test when git fails."""
    return git_bytes(where, *arguments, env=env).decode()


def git_bytes(where: Path, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
    """Runs git as `git` does and returns its output as it is."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=where,
        env={**os.environ, **_TESTER, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def git_succeeds(where: Path, *arguments: str) -> bool:
    """Returns whether a git command ends with success."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=where, capture_output=True, check=False).returncode == 0


def make_repository(
    path: Path, *, commit: bool = True, object_format: str = "sha1", bare: bool = False
) -> Path:
    """Makes a repository, with one commit of one file unless told otherwise."""
    path.mkdir(parents=True)
    kind = ["--bare"] if bare else []
    git(path, "init", "--quiet", "--template=", f"--object-format={object_format}", *kind)
    if commit and not bare:
        commit_file(path, "train.py", b"print('train')\n")
    return path


def commit_file(where: Path, name: str, content: bytes) -> str:
    """Commits one file and returns the commit."""
    (where / name).parent.mkdir(parents=True, exist_ok=True)
    (where / name).write_bytes(content)
    git(where, "add", "--", name)
    git(where, "commit", "--quiet", "-m", f"change {name}")
    return rev(where, "HEAD")


def clone(source: Path, path: Path, *options: str) -> Path:
    """Clones a repository as over a network."""
    url = f"file://{source}"
    git(source.parent, "clone", "--quiet", "--template=", *options, url, str(path))
    return path


def rev(where: Path, name: str) -> str:
    """Returns the commit that a name stands for."""
    return git(where, "rev-parse", "--verify", f"{name}^{{commit}}").strip()


def refs(where: Path, prefix: str = "") -> list[str]:
    """Returns the names of all refs below a prefix."""
    return git(where, "for-each-ref", "--format=%(refname)", *([prefix] if prefix else [])).split()


def open_ledger(where: Path, *, remote: str = "", offline: bool = False) -> GitLedger:
    """Opens the ledger in the repository around a folder."""
    return GitLedger(GitDoor(find_repository(where)), remote=remote, offline=offline)


def open_code(where: Path) -> GitCode:
    """Opens the code around a folder."""
    return GitCode(GitDoor(find_repository(where)), actor=ADA)


def write_hook(folder: Path, name: str, script: str) -> Path:
    """Puts an executable shell script into a folder of hooks."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / name
    hook.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    hook.chmod(0o755)
    return hook


@dataclass(frozen=True)
class WorkState:
    """Everything of the user's that the ledger has no business with."""

    head: str
    other_refs: list[str]
    index: bytes | None
    status: str
    files: dict[str, bytes]


def work_state(where: Path) -> WorkState:
    """Looks at a work tree without writing to it."""
    git_dir = Path(git(where, "rev-parse", "--absolute-git-dir").strip())
    index = git_dir / "index"
    # First the bytes: asking for the status may refresh the index.
    content = index.read_bytes() if index.exists() else None
    quiet = {"GIT_OPTIONAL_LOCKS": "0"}
    every_ref = git(where, "for-each-ref").splitlines()
    return WorkState(
        head=(git_dir / "HEAD").read_text(),
        other_refs=[line for line in every_ref if "ft-registry" not in line],
        index=content,
        status=git(where, "status", "--porcelain=v2", "--branch", env=quiet),
        files={
            path.relative_to(where).as_posix(): path.read_bytes()
            for path in sorted(where.rglob("*"))
            if path.is_file()
            and ".git" not in path.relative_to(where).parts
            # SQLite's readers write to them as well.
            and not path.name.endswith((".db-wal", ".db-shm"))
        },
    )
