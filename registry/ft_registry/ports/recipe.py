"""The port to recipes: what a tree says made a path, and a place where it is made again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ft_registry.model.record import Stage


@dataclass(frozen=True)
class Recipe:
    """A stage of a pipeline, and where its commands run."""

    stage: Stage
    folder: str
    """From the top of the tree; ``.``: the top."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What the shell is given, one after the other: a line each, as DVC does."""
        return tuple(line for line in self.stage.cmd.splitlines() if line.strip())


class Pipelines(Protocol):
    """Reads the pipeline of a tree that lies in a folder, outside of any repository."""

    def find(self, tree: Path, path: str) -> Recipe | None:
        """Returns the recipe of the stage that makes a path, from the tree's own lock file.

        Raises:
            Refused: The lock file, or the pipeline's file, is malformed.
        """

    def settle(self, tree: Path) -> None:
        """Lets the pipeline tool's own functions work in a tree that is no git repository."""

    def md5(self, place: Path) -> str:
        """Returns DVC's hash of a file or folder.

        Raises:
            NotFound: There is nothing.
            Refused: It holds what is no file.
        """


@dataclass(frozen=True)
class RunSettings:
    """With what commands run."""

    home: Path
    """Their HOME, and the folder above which they find no git repository of others."""
    programs: Path
    """The folder of the Python that they run, first on their PATH."""
    passed: tuple[str, ...] = ()
    """Variables of the environment that they get in addition to the few harmless ones."""
    seconds: float | None = None
    """The time limit of each; None: none."""
    output: Path | None = None
    """A file that gets what they print; None: the standard error does."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    """Its exit status; negative: the signal that ended it."""
    in_time: bool
    """False: it was stopped at the time limit."""

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.in_time and self.status == 0


class Runner(Protocol):
    """Runs commands in an environment of their own. No sandbox: they may do what their user may."""

    def here(self) -> Path:
        """Returns the folder of the Python that runs now."""

    def install(
        self, packages: Mapping[str, str], *, python: str, into: Path
    ) -> tuple[Path, tuple[str, ...]]:
        """Makes a fresh Python with just these packages, by pip.

        Args:
            packages: Version by name.
            python: The version of Python; of another minor version only if one is on the PATH.
            into: The folder to make.

        Returns:
            Its folder of programs, and what was left out, in words.

        Raises:
            Refused: There is no Python of that minor version, or a name or version is malformed.
            BackendUnavailable: pip failed.
        """

    def run(self, command: str, *, folder: Path, settings: RunSettings) -> Ran:
        """Runs a command by the shell and waits for it.

        What it prints goes to the standard error, or to the file that the settings name.

        The command, and whatever it started, has ended when this returns or raises.

        Raises:
            NotFound: There is no such folder, or no shell.
        """
