"""A place to measure in: a temporary folder and an environment without the user's settings."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

_BIN = Path(sys.executable).parent
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "FT_REGISTRY_", "MLFLOW_", "DVC_")


@dataclass(frozen=True)
class Lab:
    """A folder to work in, and the environment of the processes that do."""

    folder: Path
    environ: Mapping[str, str]

    def at(self, folder: Path, **environ: str) -> "Lab":
        """Returns the lab with another folder, and more in the environment."""
        return replace(self, folder=folder, environ={**self.environ, **environ})

    def run(self, *command: str | Path, stdin: bytes = b"") -> str:
        """Runs a program to its end and returns its standard output.

        Raises:
            RuntimeError: It failed.
        """
        done = subprocess.run(
            _found(command), cwd=self.folder, env=self.environ, input=stdin, capture_output=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            words = " ".join(str(word) for word in command)
            error = done.stderr.decode(errors="replace")
            raise RuntimeError(f"`{words}` ended with {done.returncode}: {error}")
        return done.stdout.decode()

    def python(self, source: str, *arguments: str | Path) -> str:
        """Runs Python source as a process of its own."""
        return self.run("python", "-c", source, *arguments)

    def repository(self, name: str) -> "Lab":
        """Returns the lab inside a new git repository with one commit."""
        place = self.at(self.folder / name)
        place.folder.mkdir()
        place.run("git", "init", "--quiet", "--initial-branch=main")
        (place.folder / "README.md").write_text("Here we measure.\n")
        place.commit("a beginning")
        return place

    def registry(self, name: str, **environ: str) -> "Lab":
        """Returns the lab inside a new registry."""
        place = self.repository(name).at(self.folder / name, **environ)
        place.run("ft-registry", "init")
        place.commit("a registry")
        return place

    def commit(self, message: str) -> None:
        """Commits everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)


@contextmanager
def laboratory() -> Iterator[Lab]:
    """Yields a lab that is gone afterwards, home folder and caches included."""
    with tempfile.TemporaryDirectory(prefix="ft-registry-bench-") as name:
        folder = Path(name).resolve()
        home = folder / "home"
        home.mkdir()
        (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        own = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "dvc-site"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        }
        yield Lab(folder, {**kept, **own})


def _found(command: tuple[str | Path, ...]) -> list[str]:
    """Returns a command with the program beside the Python that measures, where it is there."""
    program, *arguments = map(str, command)
    beside = _BIN / program
    return [str(beside) if beside.exists() else program, *arguments]
