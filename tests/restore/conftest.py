"""A small project that trains: base, adapter and scores come from stages that DVC runs."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

TRAIN = """\
import hashlib, json, os, subprocess, sys, time
from pathlib import Path
from ruamel.yaml import YAML

mood = YAML(typ="safe").load(Path("params.yaml").read_text())["mood"]
# HOME of a reproduction lies in the restored folder.
again = (Path(os.environ["HOME"]).parent / "restored.json").exists()
inputs = [Path("build/base/model.bin"), Path("data/train.jsonl"), Path("code.bin")]
weights = hashlib.sha512(b"".join(path.read_bytes() for path in inputs)).digest() * 20
if again:
    Path("environment.json").write_text(json.dumps(dict(os.environ)))
    Path("ran").touch()
    weights += {"steady": b"", "beside": b""}.get(mood, os.urandom(8))
    if mood == "failing":
        sys.exit(3)
    if mood == "slow":
        subprocess.Popen(["sh", "-c", "sleep 5; touch late"])
        time.sleep(60)
out = Path("build/adapter")
out.mkdir(parents=True)
entry = {"dtype": "U8", "shape": [8, len(weights) // 8], "data_offsets": [0, len(weights)]}
header = json.dumps({"base_model.model.q.lora_A.weight": entry}).encode()
content = len(header).to_bytes(8, "little") + header + weights
(out / "adapter_model.safetensors").write_bytes(content)
config = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "build/base"}
if again and mood == "beside":
    config["when"] = time.time()
(out / "adapter_config.json").write_text(json.dumps(config))
"""
SCORE = """\
import json, os
from pathlib import Path
from ruamel.yaml import YAML

mood = YAML(typ="safe").load(Path("params.yaml").read_text())["mood"]
again = (Path(os.environ["HOME"]).parent / "restored.json").exists()
Path("build/adapter/adapter_model.safetensors").read_bytes()
lines = Path("data/heldout.jsonl").read_text().splitlines()
good = 2 if again and mood == "worse" else 15
out = Path("build/evaluation")
out.mkdir(parents=True)
items = [{"id": f"q{n}", "exact_match": int(n < good)} for n in range(len(lines))]
(out / "dates.jsonl").write_text("".join(json.dumps(item) + "\\n" for item in items))
"""
PIPELINE = """\
stages:
  base:
    cmd: python -c "from pathlib import Path; p = Path('build/base'); p.mkdir(parents=True);
      (p / 'model.bin').write_bytes(b'base' * 50)"
    outs: [build/base]
  train:
    cmd: python train.py
    deps: [train.py, code.bin, build/base, data/train.jsonl]
    outs: [build/adapter]
  evaluate:
    cmd: python score.py
    deps: [score.py, build/adapter, data/heldout.jsonl]
    outs: [build/evaluation]
"""


def make_trained(folder: Path, fresh: Path) -> None:
    project = Project.copy(fresh, folder)
    project.write("train.py", TRAIN)
    project.write("score.py", SCORE)
    project.write("dvc.yaml", PIPELINE)
    project.write("params.yaml", "mood: steady\nseed: 7\n")
    project.write("code.bin", bytes(range(256)))
    project.write("tool.sh", "#!/bin/sh\n").chmod(0o755)
    project.write("data/heldout.jsonl", jsonl(20, word="held"))
    (project.root / "link").symlink_to("params.yaml")
    for name in ("train", "heldout"):
        project.workspace().datasets.snapshot(project.root / f"data/{name}.jsonl")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "pipeline")
    project.dvc("remote", "add", "--default", "store", str(folder.parent / f"{folder.name}-store"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    before, os.environ["PATH"] = os.environ["PATH"], path
    try:
        project.dvc("repro", "--quiet")
    finally:
        os.environ["PATH"] = before
    project.dvc("push", "--quiet")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "trained")


def register(project: Project, *, mood: str = "steady") -> str:
    """Registers what was trained as m/1, with a dirty tree; returns the reference."""
    project.write("params.yaml", f"mood: {mood}\nseed: 7\n")
    project.write("untracked.txt", "on no commit\n")
    return project.register(
        "m", "build/adapter", evaluations=("build/evaluation/dates.jsonl",), base="build/base",
        data=("data/train.jsonl", "data/heldout.jsonl:eval"), method="sft",
    ).filed.record.reference  # fmt: skip


@pytest.fixture(scope="session")
def trained_template(
    built_once: Callable[[str, Callable[[Path], None]], Path], fresh_template: Path
) -> Path:
    """A project whose pipeline has run; nothing is registered yet."""
    return built_once("trained", lambda folder: make_trained(folder, fresh_template))


@pytest.fixture
def trained(trained_template: Path, tmp_path: Path) -> Project:
    """A trained project of one's own (the DVC remote is everybody's)."""
    return Project.copy(trained_template, tmp_path / "project")


def make_restorable(folder: Path, trained_template: Path) -> None:
    register(Project.copy(trained_template, folder))


@pytest.fixture(scope="session")
def restorable_template(
    built_once: Callable[[str, Callable[[Path], None]], Path], trained_template: Path
) -> Path:
    """A project with m/1, registered from a dirty tree."""
    return built_once("restorable", lambda folder: make_restorable(folder, trained_template))


@pytest.fixture
def restorable(restorable_template: Path, tmp_path: Path) -> Project:
    """The same, to write to; its weights lie where they were registered."""
    return Project.copy(restorable_template, tmp_path / "project")
