"""What goes wrong in a process, and where: a plan that a test hands to a command.

    plan = Plan(3, "kill", trace=tmp_path / "trace")
    outcome = run_cli("promote", "m/1", ..., cwd=project.root, prepare=plan)

A plan is a value that can be pickled, so it reaches a forked command (`tests.cli.forked`); called
there, it sets the hook of `ft_registry.faultpoints` for the rest of that process. In a process of
one's own: ``with plan.running(): ...``.
"""

import errno
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from tests.cli.project import Outcome

from ft_registry import faultpoints

Kind = Literal["kill", "full", "io", "interrupt"]
KINDS: tuple[Kind, ...] = ("kill", "full", "io", "interrupt")
KILLED = -signal.SIGKILL
AGREED = "none: MLflow shows what the ledger says"
"""What `status` says then."""
_STATUS = ("status",)
_ERRORS = {"full": errno.ENOSPC, "io": errno.EIO}


@dataclass(frozen=True)
class Plan:
    """A fault at the Nth point that a process passes.

    Args:
        at: Which, from 1; 0: none, the points are only noted.
        kind: What happens there: SIGKILL, OSError of a full disk, OSError of a broken one, or
            KeyboardInterrupt.
        trace: Where the names of the points that were reached are noted, one a line.
        watched: A folder; what lies in it is noted beside each name.
    """

    at: int
    kind: Kind = "kill"
    trace: Path | None = None
    watched: Path | None = None

    def __call__(self) -> None:
        """Sets the hook in this process, until it ends."""
        faultpoints.set_hook(self.hook())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sets the hook in this process, for the inside of a block."""
        before = faultpoints.set_hook(self.hook())
        try:
            yield
        finally:
            faultpoints.set_hook(before)

    def hook(self) -> faultpoints.Hook:
        """Returns the hook; each counts by itself."""
        passed = 0

        def reach(name: str) -> None:
            nonlocal passed
            assert name in faultpoints.POINTS, f"{name} is not declared"
            passed += 1
            if self.trace is not None:
                state = _state(self.watched) if self.watched is not None else ""
                with self.trace.open("a") as file:
                    file.write(f"{name} {state}\n")
            if passed == self.at:
                self._strike()

        return reach

    def reached(self) -> list[str]:
        """Returns the names of the points that were reached, in order."""
        return [name for name, _ in self._noted()]

    def states(self) -> list[str]:
        """Returns what lay in the folder at each of them: the same text for the same files."""
        return [state for _, state in self._noted()]

    def _noted(self) -> list[tuple[str, str]]:
        if self.trace is None or not self.trace.exists():
            return []
        pairs = (line.partition(" ") for line in self.trace.read_text().splitlines())
        return [(name, state) for name, _, state in pairs]

    def _strike(self) -> None:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "interrupt":
            raise KeyboardInterrupt
        number = _ERRORS[self.kind]
        raise OSError(number, os.strerror(number))


def _state(folder: Path) -> str:
    """Returns a digest of which files lie in a folder, and of when each was last written."""
    found = hashlib.sha256()
    for at, folders, files in os.walk(folder):
        folders.sort()
        found.update(repr((at, folders)).encode())
        for name in sorted(files):
            if name.endswith("-shm"):  # SQLite's notes for its readers: whoever opens makes it anew
                continue
            with suppress(FileNotFoundError):  # a child process is at work
                status = os.lstat(os.path.join(at, name))  # noqa: PTH118 - thousands
                found.update(repr((name, status.st_size, status.st_mtime_ns)).encode())
    return found.hexdigest()


@dataclass(frozen=True)
class After:
    """Commands after a fault, in one process: each then costs its work, and no start.

    Args:
        commands: Their arguments.
        answers: Where what they said and how they ended is written.
    """

    commands: tuple[tuple[str, ...], ...]
    answers: Path

    def __call__(self) -> None:
        """Runs them, `sync` if `status` tells a difference still, and `status` in the end."""
        said = [_run(words) for words in (*self.commands, _STATUS)]
        if AGREED not in said[-1][2]:
            said += [_run(words) for words in (("sync",), _STATUS)]
        self.answers.write_text(json.dumps(said))

    def outcomes(self) -> list[tuple[list[str], Outcome]]:
        """Returns which ran, and how they ended."""
        said = json.loads(self.answers.read_text())
        self.answers.unlink()  # else a process that wrote none would seem to have written this
        return [(words, Outcome(*ended)) for words, *ended in said]


def _run(words: tuple[str, ...]) -> tuple[tuple[str, ...], int, str, str]:
    from ft_registry_cli.main import run

    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run(list(words))
    return words, code, out.getvalue(), err.getvalue()
