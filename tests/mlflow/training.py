"""Training runs in tests: started in this process, their commands real processes."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cli.project import Project

from ft_registry.actions.datasets import parse_data_argument
from ft_registry.actions.run_capture import RunRequest
from ft_registry.actions.run_command import RunEnded
from ft_registry.backends.mlflow.connection import connect
from ft_registry.backends.mlflow.runs import MlflowRuns
from ft_registry.model.run_document import PACKAGES, PATCH, RUN_JSON, RunDocument
from ft_registry.training import Training


def run_in(
    folder: Path,
    *command: str,
    data: tuple[str, ...] = (),
    configs: tuple[str, ...] = (),
    model: str | None = None,
    env: Mapping[str, str] | None = None,
) -> RunEnded:
    """Runs a command as a training run; the current folder is where it is named from."""
    training = Training.at(folder, environ={**os.environ, **(env or {})})
    request = RunRequest(
        command=command,
        model=model,
        data=tuple(parse_data_argument(text, cwd=folder) for text in data),
        configs=tuple(folder / name for name in configs),
    )
    return training.run(request, tell=lambda _: None)


def python(code: str) -> tuple[str, str, str]:
    """Returns a command that runs Python here."""
    return sys.executable, "-c", code


def stored(runs: MlflowRuns, run_id: str) -> Any:
    """Returns the run as the store has it, with everything that `ft-registry run` leaves."""
    return runs.read(run_id, (RUN_JSON, PATCH, PACKAGES))


def document(project: Project, run_id: str) -> RunDocument:
    """Returns a run's document."""
    content = stored(project.workspace().runs, run_id).attachments[RUN_JSON]
    return RunDocument.parse(content, what="the document")


def status(project: Project, run_id: str) -> str:
    """Returns how a run ended."""
    found: str = connect(project.workspace().mlflow).get_run(run_id).info.status
    return found
