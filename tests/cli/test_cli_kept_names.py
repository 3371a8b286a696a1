"""Weights whose files would not come back under their names are refused before anything is sent."""

import os
from pathlib import Path

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "name",
    ["50%.txt", "q?x.txt", "h#x.txt", "back\\slash.txt", "nl\nx", "ADAPTER_CONFIG.json", b"\xff"],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["", "dry"])
def test_a_name_is_refused(project: Project, name: str | bytes, dry: tuple[str, ...]) -> None:
    file = os.fsencode(project.root / "ad1") + b"/" + os.fsencode(name)
    Path(os.fsdecode(file)).write_text("x")
    before = project.mlflow_rows(), project.head()
    outcome = project.cli("register", "m", "ad1", *dry)
    assert outcome.code == 1, outcome
    assert "rename" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert (project.mlflow_rows(), project.head()) == before


def test_a_pipe_among_weights_is_refused_at_once(project: Project) -> None:
    os.mkfifo(project.root / "ad1" / "pipe")
    outcome = project.cli("register", "m", "ad1")
    assert outcome.code == 1
    assert "a pipe, socket or device" in outcome.stderr
