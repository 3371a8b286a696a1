"""Registries with data to register on, and a real MLflow server."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

_START_SECONDS = 90


def make_with_data(folder: Path, fresh: Path) -> None:
    project = Project.copy(fresh, folder)
    project.write("data/dates.jsonl", jsonl(10, word="eval"))
    project.workspace().datasets.snapshot(project.root / "data/train.jsonl")
    project.workspace().datasets.snapshot(project.root / "data/dates.jsonl")


@pytest.fixture(scope="session")
def data_template(
    built_once: Callable[[str, Callable[[Path], None]], Path], fresh_template: Path
) -> Path:
    """A registry whose data is tracked: 120 examples to train on, 10 to measure on."""
    return built_once("with-data", lambda folder: make_with_data(folder, fresh_template))


@pytest.fixture
def project(data_template: Path, tmp_path: Path) -> Project:
    """A registry of one's own whose data is tracked."""
    return Project.copy(data_template, tmp_path / "project")


def make_registered(folder: Path, with_data: Path) -> None:
    project = Project.copy(with_data, folder)
    project.register(
        "m",
        "ad1",
        data=("data/train.jsonl", "data/dates.jsonl:eval"),
        evaluations=("dates.jsonl",),
        method="sft",
        note="the <first> one",
    )
    project.workspace().move(project.workspace().plan_promotion("m/1", "champion"))


@pytest.fixture(scope="session")
def registered(
    built_once: Callable[[str, Callable[[Path], None]], Path], data_template: Path
) -> Project:
    """A registry with one scored version that champion names; for tests that only read."""
    return Project(built_once("registered", lambda folder: make_registered(folder, data_template)))


@pytest.fixture
def mine(registered: Project, tmp_path: Path) -> Project:
    """The same, to write to (what is there already keeps its artifacts where they are)."""
    return Project.copy(registered.root, tmp_path / "mine")


@pytest.fixture(scope="session")
def mlflow_server(fresh_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real `mlflow server` that keeps artifacts itself."""
    folder = tmp_path_factory.mktemp("server")
    with serving(
        folder, fresh_template, "--artifacts-destination", str(folder / "artifacts")
    ) as at:
        yield at


@contextmanager
def serving(folder: Path, fresh: Path, *options: str) -> Iterator[str]:
    """Runs a real `mlflow server` on a database of its own and yields its address."""
    shutil.copyfile(fresh / "mlflow.db", folder / "mlflow.db")
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "0",
                "--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
                *options,
            ],
            cwd=folder, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )  # fmt: skip
    try:
        yield _address(process, log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"the MLflow server did not start: {log.read_text()}")
