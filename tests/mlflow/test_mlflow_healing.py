"""A cut-off upload of bare MLflow, and ours; files of logged models healed through a server."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.cli.project import Project, environment

pytestmark = pytest.mark.integration

DATA = ("data/train.jsonl",)
WEIGHTS = "adapter_model.safetensors"
CUT_OFF = """
import os, shutil

def cut(source, target, **options):
    with open(source, "rb") as read, open(target, "wb") as write:
        content = read.read()
        write.write(content[:len(content) // 2])
        write.flush()
    if str(source).endswith(".safetensors"):
        os._exit(137)
    with open(target, "wb") as write:
        write.write(content)
    return target

shutil.copyfile = cut
shutil.copy2 = cut
"""
"""A kill in the middle of a file, as the system leaves it: a part under the final name."""
BARE = """
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlflow.db")
experiment = client.create_experiment("bare")
model = client.create_logged_model(experiment, name="bare")
print(model.model_id, model.artifact_location, flush=True)
client.log_model_artifacts(model.model_id, "ad1", "adapter")
"""


def run(project: Project, script: str) -> "subprocess.CompletedProcess[str]":
    """Runs a script that is killed while it uploads."""
    done = subprocess.run(
        [sys.executable, "-c", CUT_OFF + script],
        cwd=project.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 137, done.stderr
    return done


def size(file: Path) -> int:
    return file.stat().st_size


def test_bare_mlflow_takes_a_cut_off_upload_for_a_model(project: Project, tmp_path: Path) -> None:
    from mlflow.artifacts import download_artifacts

    from ft_registry.backends.mlflow.connection import as_default

    model_id = run(project, BARE).stdout.split()[0]
    client = project.client()
    client.create_registered_model("bare")
    with as_default(project.workspace().mlflow):
        version = client.create_model_version("bare", f"models:/{model_id}", model_id=model_id)
        got = download_artifacts(artifact_uri="models:/bare/1", dst_path=str(tmp_path / "got"))
    assert version.status == "READY"
    whole = size(project.root / "ad1" / WEIGHTS)
    assert 0 < size(Path(got) / "adapter" / WEIGHTS) < whole


def test_a_registration_that_was_cut_off_is_on_no_record_and_the_next_one_is_whole(
    project: Project,
) -> None:
    head = project.head()
    words = ["register", "m", "ad1", "--data", DATA[0]]
    ours = f"import sys; sys.argv[1:] = {words!r}\nfrom ft_registry_cli.main import main\nmain()"
    run(project, ours)
    parts = list((project.root / "mlartifacts").rglob(WEIGHTS))
    whole = size(project.root / "ad1" / WEIGHTS)
    assert [size(part) < whole for part in parts] == [True], "a part lies there"
    assert project.head() == head
    assert project.client().search_model_versions("name = 'm'") == []
    assert project.done("register", "m", "ad1", "--data", DATA[0])["version"] == 1
    assert project.cli("verify", "m/1").code == 0


def test_a_file_that_is_short_is_found_by_size_alone_and_is_healed(project: Project) -> None:
    done = project.register("m", "ad1", data=DATA)
    file = Path(done.filed.record.artifact.location.removeprefix("file://")) / "adapter" / WEIGHTS
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    assert project.cli("verify", "m/1", "--fast").code == 4
    assert project.cli("verify", "m/1", "--heal").code == 0
    assert file.read_bytes() == good


def test_files_on_a_server_are_healed_and_kept(
    project: Project, mlflow_server: str, tmp_path: Path
) -> None:
    name = f"m-{uuid4().hex[:8]}"
    workspace = project.workspace(mlflow_uri=mlflow_server)
    done = project.register(name, "ad1", data=DATA, workspace=workspace)
    model_id = done.filed.record.run.logged_model_id
    put(workspace, model_id, WEIGHTS, b"rotten", tmp_path)
    put(workspace, model_id, "stray.bin", b"stray", tmp_path)
    env = {"MLFLOW_TRACKING_URI": mlflow_server}
    assert project.cli("verify", f"{name}/1", env=env).code == 4
    outcome = project.cli("verify", f"{name}/1", "--heal", env=env)
    assert outcome.code == 0, outcome.stderr
    assert project.cli("verify", f"{name}/1", env=env).code == 0
    folder = project.root / ".git/ft-registry/quarantine"
    assert {file.read_bytes() for file in folder.glob("*/bytes")} == {b"rotten", b"stray"}


def put(workspace: Any, model_id: str, name: str, content: bytes, folder: Path) -> None:
    """Writes into a logged model past the registry."""
    from ft_registry.backends.mlflow.connection import connect

    (folder / name).write_bytes(content)
    connect(workspace.mlflow).log_model_artifact(model_id, str(folder / name), "adapter")
