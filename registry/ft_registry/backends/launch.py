"""Starts a training's command in this process's place: its streams, folder and signals.

The command stays in our process group, so that it may read the terminal. What the terminal itself
sends, Ctrl-C say, reaches it without us.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from ft_registry.backends.environment import capture_environment
from ft_registry.errors import NotFound
from ft_registry.ports.context import CapturedEnvironment
from ft_registry.ports.runs import ProgramFacts

_STDERR = 2
_ASK_SECONDS = 60
_ACCELERATOR_SECONDS = 10
_FROM_TERMINALS = (signal.SIGINT, signal.SIGQUIT)
_HANDED_ON = (
    *_FROM_TERMINALS, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
_ASK = """
import json, platform
from importlib.metadata import distributions
found = {}
for d in distributions():
    if d.metadata["Name"]:
        found.setdefault(d.metadata["Name"], d.version)
print(json.dumps({"python": platform.python_version(), "platform": platform.platform(),
                  "packages": found}))
"""
"""What another Python is asked: `capture_environment` in the words of any Python 3.8."""


class ProcessLauncher:
    """Starts commands.

    Args:
        environ: The environment that they get, before more is added.
        cwd: The folder that they run in.
    """

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self._environ = dict(environ)
        self._cwd = cwd

    def check(self, command: Sequence[str]) -> None:
        """See `Launcher.check`."""
        if self._program(command) is None:
            raise NotFound(
                f"expected a program to run, found none called {command[0]!r}",
                hints=["is it on the PATH, and may it be executed?"],
            )

    def facts(self, command: Sequence[str], *, top: Path) -> ProgramFacts:
        """See `Launcher.facts`."""
        here = capture_environment(top)
        other = self._other_python(command)
        asked = self._ask(other) if other is not None else None
        environment = here
        if asked is not None:
            environment = CapturedEnvironment(
                python=asked["python"], platform=asked["platform"],
                packages=dict(sorted(asked["packages"].items())), lock=here.lock,
            )  # fmt: skip
        return ProgramFacts(environment=environment, accelerator=self._accelerator())

    def run(self, command: Sequence[str], variables: Mapping[str, str], *, quiet: bool) -> int:
        """See `Launcher.run`."""
        sys.stdout.flush()
        sys.stderr.flush()
        environment = {**self._environ, **variables}
        with _signals() as pending:
            try:
                process = subprocess.Popen(
                    command, executable=self._program(command), cwd=self._cwd, env=environment,
                    stdout=_STDERR if quiet else None,
                )  # fmt: skip
            except OSError as error:
                raise NotFound(f"expected to run {command[0]}, found: {error.strerror}") from error
            pending.belong_to(process)
            return process.wait()

    def _program(self, command: Sequence[str]) -> str | None:
        path = self._environ.get("PATH", os.defpath)
        if os.sep in command[0]:
            place = self._cwd / command[0]
            return str(place) if place.is_file() and os.access(place, os.X_OK) else None
        return shutil.which(command[0], path=path)

    def _other_python(self, command: Sequence[str]) -> str | None:
        """Returns the Python that a command runs with, where it is another than this one."""
        program = self._program(command)
        if program is None:
            return None
        if not Path(program).name.startswith("python"):
            program = self._interpreter_of(Path(program))
        # Not resolved: the programs of a virtual environment are links to the same Python.
        is_ours = program is None or Path(program).parent == Path(sys.executable).parent
        return None if is_ours else program

    def _interpreter_of(self, script: Path) -> str | None:
        """Returns the Python in a script's first line, as `accelerate` and `torchrun` have it."""
        with script.open("rb") as stream:
            first = os.fsdecode(stream.readline(512))
        words = first[2:].split() if first.startswith("#!") else []
        if words and Path(words[0]).name == "env":
            words = words[1:]
        if not words or not Path(words[0]).name.startswith("python"):
            return None
        return shutil.which(words[0], path=self._environ.get("PATH", os.defpath))

    def _ask(self, python: str) -> dict[str, Any] | None:
        out = self._output([python, "-c", _ASK], _ASK_SECONDS)
        with suppress(ValueError):
            found = json.loads(out.splitlines()[-1]) if out.strip() else None
            return found if isinstance(found, dict) and "packages" in found else None
        return None

    def _accelerator(self) -> str:
        """Returns the accelerators of this machine, as NVIDIA's driver names them."""
        path = self._environ.get("PATH", os.defpath)
        program = shutil.which("nvidia-smi", path=path)
        if program is None:
            return ""
        query = [program, "--query-gpu=name", "--format=csv,noheader"]
        names = self._output(query, _ACCELERATOR_SECONDS).splitlines()
        counted = {name.strip(): names.count(name) for name in names if name.strip()}
        return ", ".join(f"{count} x {name}" for name, count in counted.items())

    def _output(self, command: Sequence[str], seconds: float) -> str:
        """Returns what a program prints; nothing, when it fails: it was asked for a fact."""
        try:
            done = subprocess.run(
                command, cwd=self._cwd, env=self._environ, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=seconds, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


class _Signals:
    """Hands signals on to a process, those that came before it included."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []

    def take(self, number: int, _: FrameType | None) -> None:
        if number in _FROM_TERMINALS and _is_in_front():
            return  # the terminal has sent it to the command as well
        if self._process is None:
            self._waiting.append(number)
        else:
            self._process.send_signal(number)

    def belong_to(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        for number in self._waiting:
            process.send_signal(number)


@contextmanager
def _signals() -> Iterator[_Signals]:
    pending = _Signals()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in _HANDED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: the command ignores it too
                before[number] = signal.signal(number, pending.take)
    try:
        yield pending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_front() -> bool:
    """Returns whether a terminal has this process in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False  # there is none
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
