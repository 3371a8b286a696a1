"""`ft-registry run`: a command as an MLflow run that knows what it was given."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, environment, jsonl, run_cli
from tests.mlflow.training import document, python, run_in, status, stored

from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import (
    BackendUnavailable,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
)
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.registered import PackageList
from ft_registry.model.run_document import PACKAGES, PATCH, RUN_JSON, RUN_TAG

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"
SHOW = "import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))"


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A registry with tracked data that is the current folder as well."""
    monkeypatch.chdir(project.root)
    return project


def seen(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "seen.json").read_text())
    return found


def test_a_run_knows_data_code_config_and_environment(here: Project) -> None:
    here.write("params.yaml", "seed: 9\n")
    here.write("extra.json", '{"lr": 0.5}')
    ended = run_in(
        here.root, *python("pass"), data=(TRAIN, "data/dates.jsonl:eval"), model="m",
        configs=("extra.json",),
    )  # fmt: skip
    assert (ended.status, ended.exit_code, ended.experiment) == ("FINISHED", 0, "m")
    run = stored(here.workspace().runs, ended.run_id)
    made = document(here, ended.run_id)
    tracked = {d.name: d for d in made.data}
    assert tracked["train"].rows == 120
    assert tracked["dates"].role == "eval"
    assert run.tags["ftr.data.train.train.dvc"] == tracked["train"].key
    assert run.tags["ftr.data.train.train.sha256"] == tracked["train"].sha256
    assert run.tags[RUN_TAG] == ended.document == digest_bytes(run.attachments[RUN_JSON])
    assert made.config.files == {"params.yaml": {"seed": 9}, "extra.json": {"lr": 0.5}}
    assert made.code.commit == here.git("rev-parse", "HEAD")
    assert made.code.dirty is True
    assert not isinstance(made.code.patch, Unknown)
    assert digest_bytes(run.attachments[PATCH]) == made.code.patch.digest
    assert b"+seed: 9" in run.attachments[PATCH]
    packages = PackageList.parse(run.attachments[PACKAGES], what="packages")
    assert packages.digest == made.environment.packages
    assert "mlflow" in packages.packages
    inputs = connect(here.workspace().mlflow).get_run(ended.run_id).inputs.dataset_inputs
    assert {one.dataset.digest for one in inputs} == {d.key for d in made.data}


def test_the_command_finds_its_run(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    ended = run_in(here.root, *python(SHOW), model="m")
    found = seen(here.root)
    assert found["MLFLOW_RUN_ID"] == found["FT_REGISTRY_RUN"] == ended.run_id
    assert found["MLFLOW_TRACKING_URI"] == f"sqlite:///{here.root / 'mlflow.db'}"
    assert found["MLFLOW_EXPERIMENT_NAME"] == "m"
    assert found["MLFLOW_FLATTEN_PARAMS"] == "1"
    assert found["HF_MLFLOW_LOG_ARTIFACTS"] == "0"
    # What MLflow's client is set to for us is nothing that a training should get.
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in found


def test_what_the_user_has_set_stays(here: Project) -> None:
    env = {
        "MLFLOW_EXPERIMENT_NAME": "mine", "MLFLOW_FLATTEN_PARAMS": "0",
        "HF_MLFLOW_LOG_ARTIFACTS": "1",
    }  # fmt: skip
    ended = run_in(here.root, *python(SHOW), model="m", env=env)
    assert ended.experiment == "mine"
    assert env.items() <= seen(here.root).items()


def test_plain_mlflow_code_logs_to_the_run(here: Project) -> None:
    code = "import mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('loss', 0.5)"
    ended = run_in(here.root, *python(code), model="m")
    found = connect(here.workspace().mlflow).get_run(ended.run_id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "FINISHED")


TRAINER = """
import torch
from torch import nn
from transformers import Trainer, TrainingArguments

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
    def forward(self, x, labels):
        return {"loss": ((self.layer(x) - labels) ** 2).mean()}

data = [{"x": torch.ones(2), "labels": torch.ones(1)}] * 8
settings = TrainingArguments(
    "out", max_steps=2, logging_steps=1, report_to="mlflow", use_cpu=True, save_strategy="no")
Trainer(Model(), settings, train_dataset=data).train()
"""


def test_a_trainer_of_transformers_logs_to_the_run(here: Project) -> None:
    pytest.importorskip("torch", reason="PyTorch is in the extra `train`")
    pytest.importorskip("transformers", reason="transformers is in the extra `train`")
    ended = run_in(here.root, *python(TRAINER), data=(TRAIN,), model="hf")
    client = connect(here.workspace().mlflow)
    found = client.get_run(ended.run_id)
    assert (ended.exit_code, found.info.status) == (0, "FINISHED")
    assert {"loss", "train_loss"} <= found.data.metrics.keys()
    assert found.data.params["max_steps"] == "2"
    assert len(client.search_runs([found.info.experiment_id])) == 1


@pytest.mark.parametrize(
    ("code", "exit_code", "ended"),
    [
        ("raise SystemExit(3)", 3, "FAILED"),
        ("import os; os.abort()", 128 + signal.SIGABRT, "FAILED"),
        ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL, "KILLED"),
        ("raise SystemExit(143)", 143, "KILLED"),
    ],
)
def test_it_ends_as_the_command_ended(here: Project, code: str, exit_code: int, ended: str) -> None:
    found = run_in(here.root, *python(code))
    assert (found.exit_code, found.status) == (exit_code, ended)
    assert status(here, found.run_id) == ended
    assert found.experiment == here.root.name


def test_a_run_of_the_users_own_is_bound_and_left_open(here: Project) -> None:
    client = connect(here.workspace().mlflow)
    mine = client.create_run(client.create_experiment("mine")).info.run_id
    ended = run_in(here.root, *python(SHOW), data=(TRAIN,), env={"MLFLOW_RUN_ID": mine})
    assert (ended.run_id, ended.experiment) == (mine, "mine")
    assert status(here, mine) == "RUNNING"
    assert document(here, mine).data[0].path == TRAIN
    with pytest.raises(Refused, match="has one"):
        run_in(here.root, *python("pass"), env={"MLFLOW_RUN_ID": mine})
    with pytest.raises(NotFound, match="expected an MLflow run"):
        run_in(here.root, *python("pass"), env={"MLFLOW_RUN_ID": "0" * 32})


def test_a_run_inside_a_run_is_a_part_of_it(here: Project) -> None:
    above = run_in(here.root, *python("pass"), model="m").run_id
    env = {"MLFLOW_RUN_ID": above, "FT_REGISTRY_RUN": above}
    inner = run_in(here.root, *python("pass"), env=env).run_id
    assert inner != above
    tags = connect(here.workspace().mlflow).get_run(inner).data.tags
    assert tags["mlflow.parentRunId"] == above


def test_nothing_starts_that_cannot_be_on_record(here: Project) -> None:
    before = here.mlflow_rows()
    touch = python("open('started', 'w')")
    with pytest.raises(NotFound, match="none called 'no-such-program'"):
        run_in(here.root, "no-such-program")
    here.write(TRAIN, jsonl(3, word="other"))
    with pytest.raises(IntegrityError, match=r"expected data/train\.jsonl at md5"):
        run_in(here.root, *touch, data=(TRAIN,))
    with pytest.raises(Refused, match=r"no pointer to params\.yaml"):
        run_in(here.root, *touch, data=("params.yaml",))
    with pytest.raises(InvalidInput, match="a model name"):
        run_in(here.root, *touch, model="a/b")
    with pytest.raises(NotFound, match="expected a configuration"):
        run_in(here.root, *touch, configs=("none.yaml",))
    with pytest.raises(InvalidInput, match="expected one MLflow"):
        run_in(
            here.root, *touch,
            env={"MLFLOW_TRACKING_URI": "sqlite:///a.db", "FT_REGISTRY_MLFLOW_URI": "sqlite:///b.db"},
        )  # fmt: skip
    with pytest.raises(BackendUnavailable):
        run_in(here.root, *touch, env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert here.mlflow_rows() == before
    assert not (here.root / "started").exists()


def test_a_server_that_goes_away_takes_no_training_along(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ft_registry.backends.mlflow.runs import MlflowRuns

    def gone(*_: object) -> None:
        raise BackendUnavailable("expected MLflow to end a run, found: nobody there")

    monkeypatch.setattr(MlflowRuns, "close", gone)
    ended = run_in(here.root, *python("raise SystemExit(0)"))
    assert ended.exit_code == 0
    assert "was not told that the run is FINISHED" in ended.notices[0]


def test_another_python_is_asked_for_its_packages(here: Project, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    script = here.write("launcher", f"#!{tmp_path / 'v' / 'bin' / 'python'}\n")
    script.chmod(0o755)
    for command in (str(tmp_path / "v" / "bin" / "python"), "./launcher"):
        ended = run_in(here.root, command, *(["-c", "pass"] if command != "./launcher" else []))
        run = stored(here.workspace().runs, ended.run_id)
        packages = PackageList.parse(run.attachments[PACKAGES], what="packages").packages
        assert "mlflow" not in packages


def test_accelerators_are_named(here: Project, tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'H100'\necho 'H100'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = run_in(here.root, *python("pass"), env={"PATH": path})
    assert document(here, ended.run_id).environment.accelerator == "2 x H100"


def test_it_needs_no_ledger(here: Project) -> None:
    here.git("branch", "-D", "ft-registry")
    assert run_in(here.root, *python("pass"), data=(TRAIN,)).status == "FINISHED"
    assert not here.git("branch", "--list", "ft-registry")


# Without git.


@pytest.fixture
def container(here: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a repository without its history, as in a container."""
    folder = tmp_path / "app"
    shutil.copytree(
        here.root, folder, ignore=shutil.ignore_patterns(".git", "cache", "mlartifacts")
    )
    monkeypatch.chdir(folder)
    return folder


def loose_document(folder: Path, run_id: str) -> Any:
    from ft_registry.backends.mlflow.connection import MlflowPlace
    from ft_registry.backends.mlflow.runs import MlflowRuns
    from ft_registry.model.run_document import RunDocument

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    runs = MlflowRuns(MlflowPlace.at(uri, home=folder, scratch=folder))
    return RunDocument.parse(stored(runs, run_id).attachments[RUN_JSON], what="the document")


def test_in_a_container_the_code_is_what_variables_say(container: Path) -> None:
    commit = "a" * 40
    env = {
        "GITHUB_SHA": commit, "GITHUB_REPOSITORY": "acme/bot", "CI_COMMIT_SHA": "b" * 40,
        "GITHUB_SERVER_URL": "https://git.example.org",
    }  # fmt: skip
    for path in (TRAIN, f"{TRAIN}.dvc"):
        ended = run_in(container, *python("pass"), data=(path,), env=env)
        made = loose_document(container, ended.run_id)
        assert (made.code.source, made.code.commit) == ("environment", commit)
        assert made.code.repo == "https://git.example.org/acme/bot"
        assert isinstance(made.code.dirty, Unknown)
        assert [(d.path, d.rows, d.pointer) for d in made.data] == [(TRAIN, 120, f"{TRAIN}.dvc")]


def test_in_a_container_what_nobody_says_is_unknown(container: Path) -> None:
    ended = run_in(container, *python("pass"))
    made = loose_document(container, ended.run_id)
    assert made.code.source == "none"
    assert "no variable FT_REGISTRY_COMMIT" in made.code.commit.unknown
    assert made.config.files["params.yaml"]["seed"] == 7


def test_in_a_container_data_is_hashed_where_it_lies(container: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted.jsonl").write_text(jsonl(5))
    (container / "raw.jsonl").write_text(jsonl(6))
    data = ("raw.jsonl", "../mounted.jsonl:eval")
    ended = run_in(container, *python("pass"), data=data)
    found = loose_document(container, ended.run_id).data
    assert [(d.path, d.rows, d.pointer) for d in found] == [
        ("mounted.jsonl", 5, ""), ("raw.jsonl", 6, ""),
    ]  # fmt: skip
    (container / TRAIN).unlink()
    ended = run_in(container, *python("pass"), data=(f"{TRAIN}.dvc",))
    (alone,) = loose_document(container, ended.run_id).data
    assert isinstance(alone.sha256, Unknown)
    (container / TRAIN).write_text("other\n")
    with pytest.raises(IntegrityError, match=r"expected data/train\.jsonl at md5"):
        run_in(container, *python("pass"), data=(TRAIN,))
    with pytest.raises(InvalidInput, match="found the revision"):
        run_in(container, *python("pass"), data=("raw.jsonl@HEAD",))
    with pytest.raises(NotFound, match=r"found neither none\.jsonl"):
        run_in(container, *python("pass"), data=("none.jsonl",))
    with pytest.raises(InvalidInput, match="a whole commit in FT_REGISTRY_COMMIT"):
        run_in(container, *python("pass"), env={"FT_REGISTRY_COMMIT": "main"})


# The command line.


def test_the_command_line_keeps_the_streams_apart(here: Project) -> None:
    done = run_cli(
        "run", "--name", "m", "--data", TRAIN, "--",
        *python("import sys; print(sys.stdin.read()); raise SystemExit(5)"),
        cwd=here.root, stdin="read it",
    )  # fmt: skip
    assert (done.code, done.stdout) == (5, "read it\n")
    assert "failed run" in done.stderr
    done = run_cli("--json", "run", "--", "echo", "--json", cwd=here.root)
    assert (done.code, done.document["status"]) == (0, "FINISHED")
    assert "--json\n" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(here: Project, number: int) -> None:
    code = (
        "import signal, sys, time\n"
        "def stop(number, _):\n"
        "    open('got', 'w').write(str(number)); sys.exit(128 + number)\n"
        f"signal.signal({int(number)}, stop)\n"
        "open('ready', 'w')\n"
        "time.sleep(60)\n"
    )
    process = here.start(
        "--json", "run", "--", *python(code), env=environment(), start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (here.root / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert (here.root / "got").read_text() == str(int(number))
    assert process.returncode == 128 + number
    expected = "FAILED" if number == signal.SIGUSR1 else "KILLED"
    assert json.loads(out)["status"] == expected
