"""A folder that the real TRL left is registered by its name alone, and all of it is on record."""

import hashlib
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import SOURCE, Project, jsonl

MISSING = [
    name for name in ("trl", "torch", "peft", "datasets") if importlib.util.find_spec(name) is None
]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

DATA = "data/chats.jsonl"
TRAIN = (str(Path(__file__).with_name("trl_train.py")), "tiny", DATA, "out")
ROWS = 12


@pytest.fixture
def here(
    fresh_template: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A registry with a base and a snapshot of data to train on."""
    sources = ":".join(str(SOURCE / part) for part in ("registry", "cli", ""))
    for name, value in {
        "PYTHONPATH": sources, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"),
        "TOKENIZERS_PARALLELISM": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    project = Project.copy(fresh_template, tmp_path / "project")
    monkeypatch.chdir(project.root)
    shutil.copytree(trained / "base", "tiny")
    project.write(DATA, jsonl(ROWS))
    project.write(".gitignore", "/base/\n/ad*/\n/dates.jsonl\n/tiny/\n/out/\n")
    project.done("data", "snapshot", DATA)
    project.commit(".gitignore", "data", message="data")
    return project


def check(project: Project) -> dict[str, Any]:
    """Registers the folder by its name alone; asserts that nothing is missing on record."""
    project.done("register", "m", "out")
    record: dict[str, Any] = project.done("show", "m/1")["record"]
    training = record["training"]
    assert (record["kind"], record["method"]) == ("adapter", "sft")
    assert (training["trainer"], training["steps"]) == ("trl", 4)
    settings = training["hyperparameters"]
    assert len(settings) > 100
    assert settings["learning_rate"] == 0.002
    assert settings["peft"]["r"] == 4
    assert record["seeds"]["trl.seed"] == 11
    assert {one["name"]: one["count"] for one in training["curves"]}["loss"] == 4
    (data,) = record["data"]
    content = (project.root / DATA).read_bytes()
    assert data["sha256"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (data["role"], data["path"], data["rows"]) == ("train", DATA, ROWS)
    assert data["dvc"]["md5"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert record["base"]["id"] == "tiny"
    assert record["base"]["weights"].startswith("sha256:")
    return record


def test_what_a_run_trained_needs_no_flag(here: Project) -> None:
    outcome = here.cli("run", "--data", DATA, "--", sys.executable, *TRAIN)
    assert outcome.code == 0, outcome.stderr[-3000:]
    assert "made weights in out" in outcome.stderr
    record = check(here)
    assert record["run"]["admitted"] == ["code", "config", "data", "environment"]


def test_what_a_stage_of_dvc_trained_needs_no_flag(here: Project) -> None:
    command = " ".join((sys.executable, *TRAIN))
    stage = {"cmd": command, "deps": [DATA], "outs": ["out"]}
    here.write(".gitignore", "/base/\n/ad*/\n/dates.jsonl\n/tiny/\n")
    here.write("dvc.yaml", json.dumps({"stages": {"train": stage}}))
    here.commit("dvc.yaml", ".gitignore", message="pipeline")
    here.dvc("repro")
    record = check(here)
    assert record["pipeline"]["stage"] == "train"
