"""What does `register` add to what MLflow needs to store a model and to make a version?"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from history import MODEL
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_PEER = """
import sys
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

name, folder = sys.argv[1:]
client = MlflowClient()
experiment = client.get_experiment_by_name(name)
experiment = experiment.experiment_id if experiment else client.create_experiment(name)
run = client.create_run(experiment)
model = client.create_logged_model(experiment, name=name, source_run_id=run.info.run_id)
client.log_model_artifacts(model.model_id, folder, "adapter")
client.finalize_logged_model(model.model_id, "READY")
client.set_terminated(run.info.run_id)
try:
    client.create_registered_model(name)
except MlflowException as error:
    if error.error_code != "RESOURCE_ALREADY_EXISTS":
        raise
made = client.create_model_version(
    name, f"models:/{model.model_id}", run_id=run.info.run_id, model_id=model.model_id
)
print(made.version)
"""
_SECONDS_TO_START = 120


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields the cost of a registration with a database, and with a server."""
    megabytes = 20 if plan.small else 200
    peer = lab.folder / "peer"
    peer.mkdir()
    yield _question(
        "SQLite and local files",
        megabytes,
        ours=lab.registry("ours"),
        peer=lab.at(peer, MLFLOW_TRACKING_URI=f"sqlite:///{peer / 'mlflow.db'}"),
    ).answer(plan.rounds)
    with _server(lab) as uri:
        yield _question(
            "an MLflow server",
            megabytes,
            ours=lab.registry("served", MLFLOW_TRACKING_URI=uri),
            peer=lab.at(lab.folder, MLFLOW_TRACKING_URI=uri),
        ).answer(plan.rounds)


def _question(where: str, megabytes: int, *, ours: Lab, peer: Lab) -> Question:
    adapter = ours.folder / "adapter"
    (ours.folder / ".gitignore").write_text("/adapter/\n/mlflow.db*\n/mlartifacts/\n")
    ours.commit("what git leaves alone")
    numbers = count(1)

    def ours_registers() -> None:
        ours.run("ft-registry", "register", MODEL, "adapter", "--method", "sft")

    return Question(
        f"Registering an adapter of {megabytes} MB, {where}",
        [
            # Another adapter each round: registering the same one again would be nothing to do.
            Contender(
                "ft-registry register",
                ours_registers,
                prepare=lambda: _write_adapter(adapter, next(numbers), megabytes),
            ),
            Contender(
                "bare MlflowClient script",
                lambda: peer.python(_PEER, f"{MODEL}-peer", adapter),
                prepare=os.sync,
            ),
        ],
        unit="bare MlflowClient script",
        targets=[Target("ft-registry register", 1.3, to="bare MlflowClient script")],
        notes=[
            "The script: run, logged model, log_model_artifacts, finalize, model version from "
            "models:/m-...; no hash, no record, no check of what arrived"
        ],
    )


def _write_adapter(folder: Path, number: int, megabytes: int) -> None:
    folder.mkdir(exist_ok=True)
    config = {"peft_type": "LORA", "r": 16, "base_model_name_or_path": "base", "round": number}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    size = megabytes * 10**6
    entry = {"dtype": "U8", "shape": [16, size // 16], "data_offsets": [0, size]}
    header = json.dumps({"base_model.model.q.lora_A.weight": entry}).encode()
    content = len(header).to_bytes(8, "little") + header + os.urandom(size)
    (folder / "adapter_model.safetensors").write_bytes(content)
    os.sync()


@contextmanager
def _server(lab: Lab) -> Iterator[str]:
    """Runs an MLflow server with one worker; yields its address."""
    folder = lab.folder / "server"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
            "--artifacts-destination", str(folder / "artifacts"),
        ],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**lab.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    )  # fmt: skip
    try:
        uri = f"http://127.0.0.1:{port}"
        _wait(uri, process)
        yield uri
    finally:
        # The session is ours alone: the server and its worker.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(uri: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{uri}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"expected an MLflow server at {uri}, found none that answers")
