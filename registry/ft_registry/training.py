"""Runs trainings as MLflow's runs: in a repository, or in a folder without one.

A container often has neither git nor its history. What git would say is then taken from variables
that pipelines set, and data is hashed where it lies.
"""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Self

from ft_registry import __version__
from ft_registry.backends.environment import capture_environment
from ft_registry.backends.git.door import find_repository
from ft_registry.backends.launch import ProcessLauncher
from ft_registry.backends.mlflow.connection import MlflowPlace
from ft_registry.backends.mlflow.runs import MlflowRuns
from ft_registry.backends.settings import parse_actor, read_settings
from ft_registry.errors import NotARegistry, NotFound
from ft_registry.model.origin import Actor
from ft_registry.ports.context import Context
from ft_registry.wiring import Wiring

if TYPE_CHECKING:
    from ft_registry.actions.run_capture import RunRequest, Surroundings
    from ft_registry.actions.run_command import RunEnded
    from ft_registry.model.config import Settings
    from ft_registry.model.run_document import RunCode


class Training:
    """Runs commands as training runs. Made by `at`.

    Args:
        around: What they are captured from.
        place: Where MLflow is.
        environ: The environment that they get.
    """

    def __init__(
        self, around: "Surroundings", place: MlflowPlace, environ: Mapping[str, str]
    ) -> None:
        self.around = around
        self._place = place
        self._environ = environ

    @classmethod
    def at(cls, root: Path | None, *, environ: Mapping[str, str] = os.environ) -> Self:
        """Returns what runs commands in the current folder.

        Args:
            root: The repository, or the folder that stands for one; None: around here.
            environ: The environment; commands get it as it is now.

        Raises:
            NotFound: There is no such folder.
            InvalidInput: A setting is malformed, or settings and environment name two MLflows.
        """
        folder = (root or Path.cwd()).resolve()
        if not folder.is_dir():
            raise NotFound(f"expected a folder, found none at {folder}")
        kept = dict(environ)  # MLflow's own settings for us are none of the command's
        try:
            place = find_repository(folder)
        except NotARegistry as error:
            around, mlflow = _loose(folder, kept, why=error.message)
        else:
            wiring = Wiring(place, read_settings(place.top, kept), kept)
            around, mlflow = _in_repository(wiring)
        return cls(around, mlflow, kept)

    def run(
        self, request: "RunRequest", *, quiet: bool = False, tell: Callable[[str], None]
    ) -> "RunEnded":
        """See `ft_registry.actions.run_command.run_command`."""
        from ft_registry.actions.run_command import run_command
        from ft_registry.backends.mlflow.database import write_back

        ended = run_command(request, self.around, environ=self._environ, quiet=quiet, tell=tell)
        write_back(self._place)
        return ended


def _in_repository(wiring: Wiring) -> "tuple[Surroundings, MlflowPlace]":
    from ft_registry.actions.run_capture import Surroundings
    from ft_registry.actions.run_code import code_of_git

    def code() -> "tuple[RunCode, bytes]":
        state = wiring.code.capture()
        return code_of_git(state), state.patch

    _check_addresses(wiring.settings, wiring.environ, home=wiring.mlflow_home)
    around = Surroundings(
        top=wiring.top, data=wiring.data, code=code, context=wiring.context,
        runs=lambda: wiring.runs, launcher=ProcessLauncher(wiring.environ, Path.cwd()),
    )  # fmt: skip
    return around, wiring.mlflow


def _loose(
    top: Path, environ: Mapping[str, str], *, why: str
) -> "tuple[Surroundings, MlflowPlace]":
    from ft_registry.actions.run_capture import Surroundings
    from ft_registry.actions.run_code import code_of_environment
    from ft_registry.backends.dvc.loose import LooseData

    settings = read_settings(top, environ)
    _check_addresses(settings, environ, home=top)
    uri = settings.mlflow_uri or environ.get("MLFLOW_TRACKING_URI", "")
    place = MlflowPlace.at(
        uri or f"sqlite:///{top / 'mlflow.db'}", home=top, scratch=top / ".ft-registry"
    )
    around = Surroundings(
        top=top, data=LooseData(top), code=lambda: (code_of_environment(environ), b""),
        context=_context(settings, environ, top), runs=lambda: MlflowRuns(place),
        launcher=ProcessLauncher(environ, Path.cwd()),
        notices=(f"{why}: the code is taken from the environment, data is hashed where it lies",),
    )  # fmt: skip
    return around, place


def _check_addresses(settings: "Settings", environ: Mapping[str, str], *, home: Path) -> None:
    from ft_registry.actions.run_command import check_addresses

    given = (settings.mlflow_uri, environ.get("MLFLOW_TRACKING_URI", ""))
    setting, variable = (
        MlflowPlace.at(uri, home=home, scratch=home).shown if uri else "" for uri in given
    )
    check_addresses(setting, variable)


def _context(settings: "Settings", environ: Mapping[str, str], top: Path) -> Context:
    host = socket.gethostname()

    return Context(
        actor=_actor(settings, environ, host),
        host=host,
        tool=f"ft-registry {__version__}",
        now=lambda: datetime.now(UTC),
        nonce=lambda: token_hex(8),
        lock=lambda _: nullcontext(),
        environment=lambda: capture_environment(top),
    )


def _actor(settings: "Settings", environ: Mapping[str, str], host: str) -> Actor:
    if settings.actor:
        return parse_actor(settings.actor)
    name = environ.get("GIT_AUTHOR_NAME") or _user()
    return Actor(name=name, email=environ.get("GIT_AUTHOR_EMAIL") or f"{_user()}@{host}")


def _user() -> str:
    """Returns the user's name, or the number of one that the container does not know."""
    try:
        return getuser()
    except (KeyError, OSError):
        return str(os.getuid())
