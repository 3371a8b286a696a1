"""The one door to git.

Every git process of the project starts here, through GitPython, with a list of arguments (no
shell), with the user's hooks, fsmonitor and the `ext` protocol off, without prompts, with a time
limit, and bound to one repository, so that the variables that git sets for its own hooks
(`GIT_DIR`, `GIT_INDEX_FILE`) cannot lead it elsewhere once the repository was found.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ft_registry.errors import BackendUnavailable, FtRegistryError, NotARegistry
from ft_registry.faultpoints import faultpoint
from ft_registry.model.origin import Actor

# GitPython raises while it is imported when there is no git; we want to say it in our own words.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from git import Git
from git.exc import GitCommandNotFound

_SETTINGS = (
    "core.hooksPath=/dev/null",  # the user's hooks are for the user's branches
    "core.fsmonitor=false",  # a program that a repository's configuration names
    "protocol.ext.allow=never",  # a transport that runs commands
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "core.quotePath=false",
    "diff.suppressBlankEmpty=false",
    "advice.detachedHead=false",
)
_PREFIX = tuple(part for setting in _SETTINGS for part in ("-c", setting))

_POINTS = {
    "hash-object": "git.object",
    "mktree": "git.object",
    "commit-tree": "git.object",
    "update-ref": "git.ref",
    "push": "git.push",
    "fetch": "git.fetch",
    "ls-remote": "git.fetch",
    "add": "git.commit",
    "commit": "git.commit",
}
"""The fault points of commands that change something, or ask a remote."""

_HELD = re.compile(r"Unable to create '(.+\.lock)': File exists")

_CLOSED = ("insufficient permission", "Permission denied", "Read-only file system")
_FAR = ("push", "fetch", "ls-remote")
"""Commands whose refusals may be those of another machine."""

LOCAL_SECONDS = 120
"""Time limit of a command that touches this machine only."""
NETWORK_SECONDS = 300
"""Time limit of a fetch or push."""


class GitFailed(FtRegistryError):
    """A git command exited with a failure that its caller did not foresee."""

    kind = "git"

    def __init__(self, arguments: Sequence[str], status: int, stderr: str) -> None:
        hints = []
        if "dubious ownership" in stderr:
            hints.append(
                "git does not trust this folder's owner: see git help config, safe.directory"
            )
        told = stderr.strip() or "no message"
        if held := _HELD.search(stderr):
            # git's own advice is a paragraph of its own, without the name of the file.
            told = f"{held[1]} is there: another git command is at work, or one was killed"
            hints.append(f"when no git command is at work here, remove {held[1]}")
        elif arguments[0] not in _FAR and any(word in stderr for word in _CLOSED):
            told = stderr.strip().splitlines()[0].removeprefix("error: ").removeprefix("fatal: ")
            hints += [
                "you may not write to the git directory: correct its owner or its rights, or work "
                "in a clone of your own",
                "ft-registry doctor tells of rights and disks",
            ]
        super().__init__(
            f"expected `git {arguments[0]}` to succeed, found status {status}: {told}",
            hints=hints,
        )
        self.status = status
        self.stderr = stderr


@dataclass(frozen=True)
class Place:
    """Where a repository lies."""

    git_dir: Path
    common_dir: Path
    """Shared by all linked work trees: refs, objects, our indexes."""
    top: Path | None
    """The top level of the work tree; None in a bare repository."""

    @property
    def home(self) -> Path:
        """The folder that all work trees of the repository share: the main one's top level."""
        return self.common_dir.parent if self.common_dir.name == ".git" else self.common_dir

    @property
    def private(self) -> Path:
        """Our folder inside the git directory: indexes, locks, caches, all of them derived.

        Only `quarantine` is not: it holds what was found in the place of good bytes.
        """
        return self.common_dir / "ft-registry"


def find_repository(start: Path) -> Place:
    """Returns the repository around a folder.

    Raises:
        NotARegistry: There is none, or git is not installed.
    """
    if not start.is_dir():
        raise NotARegistry(f"expected a folder, found none at {start}")
    arguments = [
        "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir",
        "--show-toplevel",
    ]  # fmt: skip
    holder = _start(start, arguments, env={})
    process = _process(holder)
    out, err = process.communicate(timeout=LOCAL_SECONDS)
    # Not splitlines(): it also splits at what a folder may be called.
    lines = os.fsdecode(out).split("\n")[:-1]
    if len(lines) < 3:
        message = err.decode(errors="replace")
        if "not a git repository" in message:
            raise NotARegistry(
                f"expected a git repository, found none at or above {start}",
                hints=["run `git init` there, then `ft-registry init`"],
            )
        raise GitFailed(arguments, process.returncode, message)
    git_dir = Path(lines[1])
    common = Path(lines[2])
    return Place(
        git_dir=git_dir,
        common_dir=(common if common.is_absolute() else start / common).resolve(),
        top=None if lines[0] == "true" or len(lines) < 4 else Path(lines[3]),
    )


def git_version() -> str:
    """Returns what git calls itself: ``git version 2.39.5``.

    Raises:
        NotARegistry: Git is not installed.
    """
    holder = _start(Path("/"), ["version"], env={})
    out, _ = _process(holder).communicate(timeout=LOCAL_SECONDS)
    return out.decode(errors="replace").strip()


class GitDoor:
    """Runs git in one repository.

    Args:
        place: The repository.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._cwd = place.top or place.git_dir
        self._env = {
            "GIT_DIR": str(place.git_dir),
            "GIT_COMMON_DIR": str(place.common_dir),
            "GIT_INDEX_FILE": str(place.git_dir / "index"),
            "GIT_OBJECT_DIRECTORY": str(place.common_dir / "objects"),
            "GIT_LITERAL_PATHSPECS": "0",  # Magit sets it for its commands, hence for their hooks
            "GIT_NO_REPLACE_OBJECTS": "1",  # what is on record is what was written
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        if place.top is not None:
            self._env["GIT_WORK_TREE"] = str(place.top)

    def beside(self, variables: Mapping[str, str]) -> "GitDoor":
        """Returns a door to the same repository with other variables: a throw-away index, say."""
        other = GitDoor(self.place)
        other._env = {**self._env, **variables}
        return other

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        seconds: int = LOCAL_SECONDS,
    ) -> bytes:
        """Runs a command and returns its standard output.

        Raises:
            GitFailed: The command failed.
            BackendUnavailable: It took longer than the limit.
        """
        status, out, err = self.attempt(*arguments, stdin=stdin, env=env, seconds=seconds)
        if status:
            raise GitFailed(arguments, status, err)
        return out

    def attempt(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        seconds: int = LOCAL_SECONDS,
    ) -> tuple[int, bytes, str]:
        """Runs a command that may fail and returns its status, output and error text."""
        point = _POINTS.get(arguments[0])
        if point:
            faultpoint(point)
        holder = self._start(arguments, env)
        process = _process(holder)
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()  # not for its pipes: a child of it that hangs would hold them open
            raise BackendUnavailable(
                f"expected `git {arguments[0]}` to end within {seconds} s, found it still running",
                hints=["is the remote or the disk reachable?"],
            ) from error
        if point:
            faultpoint(f"{point}.done")
        return process.returncode, out, err.decode(errors="replace")

    @contextmanager
    def conversation(self, *arguments: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Runs a command that answers request by request; yields its input and output."""
        point = _POINTS.get(arguments[0])
        if point:
            faultpoint(point)
        holder = self._start(arguments, None)
        process = _process(holder)
        ask, answer, errors = process.stdin, process.stdout, process.stderr
        if ask is None or answer is None or errors is None:
            raise RuntimeError("git was started without pipes")
        try:
            yield ask, answer
        finally:
            for pipe in (ask, answer, errors):
                with suppress(BrokenPipeError):  # it ended first, with requests unread
                    pipe.close()
            process.wait(timeout=LOCAL_SECONDS)
        if point:
            faultpoint(f"{point}.done")

    def config(self, key: str, *, kind: str = "") -> str:
        """Returns a configuration value; empty when it is not set."""
        options = [f"--type={kind}"] if kind else []
        status, out, _ = self.attempt("config", *options, "--get", key)
        return out.decode(errors="replace").strip() if status == 0 else ""

    def _start(self, arguments: Sequence[str], env: Mapping[str, str] | None) -> Git.AutoInterrupt:
        return _start(self._cwd, arguments, env={**self._env, **(env or {})})


def _start(cwd: Path, arguments: Sequence[str], *, env: Mapping[str, str]) -> Git.AutoInterrupt:
    """Starts git; the process lives only as long as the object that is returned."""
    try:
        return Git(cwd).execute(
            ["git", *_PREFIX, *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=env,
            shell=False,
        )
    except GitCommandNotFound as error:
        raise NotARegistry(
            "expected git to be installed, found none on the PATH",
            hints=["install git 2.31 or newer"],
        ) from error


def _process(holder: Git.AutoInterrupt) -> "subprocess.Popen[bytes]":
    if holder.proc is None:
        raise RuntimeError("GitPython gave no process")
    return holder.proc


def identity_variables(actor: Actor) -> dict[str, str]:
    """Returns the environment in which git takes an actor for author and committer."""
    email = actor.email or "unknown"
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", actor.name), ("EMAIL", email))
    }
