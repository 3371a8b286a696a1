"""The ports to training runs: the store that keeps them, and what starts their commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from ft_registry.ports.context import CapturedEnvironment
from ft_registry.ports.data import TrackedData
from ft_registry.ports.models import DatasetInput

RunStatus: TypeAlias = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class RunWish:
    """Which run is to be opened."""

    experiment: str = ""
    """By name; made where it is not there."""
    experiment_id: str = ""
    """By id, which wins over the name."""
    run_id: str = ""
    """A run that somebody else opened; empty: a new one."""
    parent: str = ""
    """The run that the new one is a part of."""
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class OpenedRun:
    """A run that is open."""

    run_id: str
    experiment: str
    """Its name."""
    is_ours: bool
    """Whether it was opened now: then it is ours to end."""


@dataclass(frozen=True)
class RunContent:
    """What is to stand in a run."""

    tags: Mapping[str, str]
    params: Mapping[str, str]
    datasets: Sequence[DatasetInput]
    attachments: Mapping[str, bytes]
    """Artifacts by path."""


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it: read back, hence not to be trusted."""

    run_id: str
    status: str
    tags: Mapping[str, str]
    attachments: Mapping[str, bytes]
    """Of those that were asked for, what there is; nothing, when the run has no document."""


class RunStore(Protocol):
    """Keeps runs."""

    @property
    def uri(self) -> str:
        """The address by which a command reaches the same store."""

    def open(self, wish: RunWish) -> OpenedRun:
        """Opens a run.

        Raises:
            NotFound: There is no such run or experiment.
            Refused: The run has a document already.
            BackendUnavailable: The store does not answer.
        """

    def bind(self, run_id: str, content: RunContent) -> None:
        """Writes what a run was given; its tags come last.

        Raises:
            BackendUnavailable: The store failed.
        """

    def mark(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a run.

        Raises:
            BackendUnavailable: The store does not answer.
        """

    def find(self, tag: str) -> Sequence[str]:
        """Returns the runs that bear a tag, whatever its value, the newest first.

        Raises:
            BackendUnavailable: The store does not answer.
        """

    def close(self, run_id: str, status: RunStatus) -> None:
        """Ends a run.

        Raises:
            BackendUnavailable: The store does not answer.
        """

    def read(self, run_id: str, names: Sequence[str]) -> StoredRun:
        """Returns a run and, where it has a document, its attachments of these names.

        Raises:
            NotFound: There is no such run.
            Refused: An attachment is too large to be read.
            BackendUnavailable: The store does not answer.
        """


class DataReader(Protocol):
    """Describes data; a part of `DataStore`, which has it where there is a repository."""

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        """See `DataStore.describe`."""


@dataclass(frozen=True)
class ProgramFacts:
    """What a command runs on."""

    environment: CapturedEnvironment
    """Of the Python that it runs; of this one, when it runs none that can be asked."""
    accelerator: str
    """Empty: none was found."""


class Launcher(Protocol):
    """Starts a command in this process's place: its streams, its folder, its signals."""

    def check(self, command: Sequence[str]) -> None:
        """Finds out whether there is such a program.

        Raises:
            NotFound: There is none.
        """

    def facts(self, command: Sequence[str], *, top: Path) -> ProgramFacts:
        """Returns what the command would run on; `top` is where a lock file may lie."""

    def run(self, command: Sequence[str], variables: Mapping[str, str], *, quiet: bool) -> int:
        """Runs the command to its end, and hands on the signals that come meanwhile.

        Args:
            command: Program and arguments.
            variables: What is added to the environment.
            quiet: Its standard output goes to the standard error.

        Returns:
            Its exit status; negative: the signal that ended it.
        """
