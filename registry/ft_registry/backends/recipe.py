"""Runs the commands of a recipe: with a clean environment, a time limit, and nothing left behind.

What a command sees of the environment is an allow-list: no key, token or address of a server slips
into a training that was said to depend on its record alone. It is no sandbox.
"""

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ft_registry.errors import BackendUnavailable, NotFound, Refused
from ft_registry.model.packages import OURSELVES, canonical_name, minor_version
from ft_registry.ports.recipe import Ran, RunSettings

_PLAIN = (
    "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM", "USER", "LOGNAME",
    # The machine's libraries, accelerators and threads.
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip
"""Variables that commands get as they are."""
_FOR_PIP = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
            "no_proxy", "SSL_CERT_", "REQUESTS_CA_BUNDLE")  # fmt: skip
"""What pip needs of an index behind a proxy, by the beginning of the name."""
_SHELLS = {"bash": ("--noprofile", "--norc"), "zsh": ("--no-rcs",), "sh": (), "dash": (), "ksh": ()}
"""Shells that DVC would take from SHELL, with what keeps them from reading the user's files."""
_STDERR = 2
"""The number of our standard error, whatever Python has in its place."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_NOT_INSTALLED = ("pip", OURSELVES)
"""A fresh Python brings pip of its own; ourselves come afterwards, if an index has us."""


class ShellRunner:
    """Runs commands on this machine.

    Args:
        environ: The environment to choose from.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def here(self) -> Path:
        """See `Runner.here`."""
        return Path(sys.executable).parent

    def install(
        self, packages: Mapping[str, str], *, python: str, into: Path
    ) -> tuple[Path, tuple[str, ...]]:
        """See `Runner.install`."""
        lines = [
            requirement(name, version)
            for name, version in packages.items()
            if canonical_name(name) not in _NOT_INSTALLED
        ]
        interpreter = self._interpreter(python)
        into.parent.mkdir(parents=True, exist_ok=True)
        self._must([interpreter, "-m", "venv", "--clear", str(into)], into.parent)
        wanted = into / "recorded.txt"
        wanted.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        programs = into / "bin"
        pip = [str(programs / "python"), "-m", "pip", "install", "--no-deps", "--no-input",
               "--disable-pip-version-check", "--quiet"]  # fmt: skip
        self._must([*pip, "-r", str(wanted)], into)
        ours = next((v for n, v in packages.items() if canonical_name(n) == OURSELVES), None)
        if ours is None:
            return programs, ()
        if self._start([*pip, requirement(OURSELVES, ours)], into).ok:
            return programs, ()
        return programs, (f"{OURSELVES} {ours}, which no index has",)

    def run(self, command: str, *, folder: Path, settings: RunSettings) -> Ran:
        """See `Runner.run`."""
        settings.home.mkdir(parents=True, exist_ok=True)
        kept = {name: self._environ[name] for name in _PLAIN if name in self._environ}
        kept |= {n: self._environ[n] for n in settings.passed if n in self._environ}
        shell = self._shell()
        environment = kept | {
            "PATH": self._path(settings.programs),
            "HOME": str(settings.home),
            "SHELL": shell[0],
            "PWD": str(folder),
            # A folder that lies inside another repository is no part of it.
            "GIT_CEILING_DIRECTORIES": str(settings.home.parent),
        }
        if (settings.programs.parent / "pyvenv.cfg").is_file():
            environment["VIRTUAL_ENV"] = str(settings.programs.parent)
        call = [*shell, "-c", command]
        if settings.output is None:
            return self._wait(call, folder, environment, settings.seconds)
        with settings.output.open("wb") as stream:
            return self._wait(call, folder, environment, settings.seconds, stream.fileno())

    def _shell(self) -> list[str]:
        wanted = self._environ.get("SHELL", "")
        options = _SHELLS.get(Path(wanted).name)
        return ["/bin/sh"] if options is None or not Path(wanted).is_file() else [wanted, *options]

    def _path(self, programs: Path) -> str:
        return os.pathsep.join([str(programs), self._environ.get("PATH", os.defpath)])

    def _interpreter(self, python: str) -> str:
        minor = minor_version(python)
        if minor == minor_version(platform.python_version()):
            return sys.executable
        found = shutil.which(f"python{minor}", path=self._environ.get("PATH", os.defpath))
        if found is None:
            raise Refused(
                f"expected Python {minor}, as recorded, found none on the PATH but "
                f"{platform.python_version()}",
                hints=[f"install Python {minor}, or take this one: --environment here"],
            )
        return found

    def _must(self, command: Sequence[str], folder: Path) -> None:
        ran = self._start(command, folder)
        if not ran.ok:
            raise BackendUnavailable(
                f"expected the recorded packages to install, found that `{' '.join(command[1:4])}` "
                f"ended with {ran.status}",
                hints=[
                    "what it printed says why: a package that no index has, or no index at all",
                    "PIP_INDEX_URL, PIP_EXTRA_INDEX_URL and PIP_FIND_LINKS are passed on to pip",
                    "--environment here runs the packages that are installed here",
                ],
            )

    def _start(self, command: Sequence[str], folder: Path) -> Ran:
        environment = {
            name: value
            for name, value in self._environ.items()
            if name in (*_PLAIN, "PATH", "HOME") or name.startswith(_FOR_PIP)
        }
        return self._wait(command, folder, environment, None)

    def _wait(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        seconds: float | None,
        output: int = _STDERR,
    ) -> Ran:
        sys.stderr.flush()
        try:
            # A session of its own: all that the command starts can be ended with it.
            process = subprocess.Popen(
                command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NotFound(
                f"expected to run {command[0]} in {folder}, found: {error.strerror}"
            ) from error
        try:
            with _ended_as_by_ctrl_c():
                return Ran(process.wait(timeout=seconds), in_time=True)
        except subprocess.TimeoutExpired:
            return Ran(-signal.SIGKILL, in_time=False)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Lets a request to end this process, or its terminal's end, end what it started as well."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # else somebody knows better: nohup
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def requirement(name: str, version: str) -> str:
    """Returns a line for pip.

    Raises:
        Refused: Name or version would be read as something else.
    """
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise Refused(f"expected a package and its version, found {name!r} {version!r}")
    return f"{name}=={version}"
