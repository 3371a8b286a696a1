"""Weights that `ft-registry run` made are registered without a flag: their bytes name the run."""

import json
import sys
from pathlib import Path

import pytest
from tests.cli.project import SOURCE, Project, jsonl
from tests.mlflow.training import python, run_in

from ft_registry.actions.run_command import RunEnded
from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import IntegrityError, Refused
from ft_registry.model.run_document import RUN_TAG

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"
MAKE = """\
import json, pathlib, sys
out = pathlib.Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)
(out / "adapter_config.json").write_text(json.dumps({
    "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v"],
    "base_model_name_or_path": "base"}))
tensor = {"dtype": "U8", "shape": [8, 100], "data_offsets": [0, 800]}
header = json.dumps({"base_model.model.v.lora_A.weight": tensor}).encode()
content = len(header).to_bytes(8, "little") + header + sys.argv[2].encode() * 800
(out / "adapter_model.safetensors").write_bytes(content)
"""


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A registry with a program that writes weights; it is the current folder."""
    monkeypatch.chdir(project.root)
    project.write("make.py", MAKE)
    project.commit("make.py", message="make")
    return project


def make(
    project: Project,
    out: str = "out",
    *,
    letter: str = "a",
    data: tuple[str, ...] = (TRAIN,),
    model: str | None = "m",
    env: dict[str, str] | None = None,
) -> RunEnded:
    """Trains as a run."""
    return run_in(
        project.root, sys.executable, "make.py", out, letter, data=data, model=model, env=env
    )


def test_the_weights_alone_name_their_run(here: Project) -> None:
    here.write("params.yaml", "seed: 9\n")
    ended = make(here)
    assert ended.made == ("out",)
    here.git("checkout", "--quiet", "params.yaml")
    # On another machine the folder has another name, and the data need not be there.
    (here.root / "out").rename(here.root / "weights")
    (here.root / TRAIN).unlink()
    planned = here.done("register", "m", "weights", "--dry-run")
    assert planned["run_id"] == ended.run_id
    assert [one["path"] for one in planned["data"]] == [TRAIN]
    assert f"run {ended.run_id} made these very weights" in planned["notices"][0]
    assert f"data {TRAIN}" in planned["notices"][0]
    done = here.done("register", "m", "weights")
    assert f"run {ended.run_id} made these very weights" in done["notices"][0]
    record = here.done("show", "m/1")["record"]
    assert record["run"]["run_id"] == ended.run_id
    assert record["run"]["admitted"] == ["code", "config", "data", "environment"]
    assert [(one["path"], one["rows"]) for one in record["data"]] == [(TRAIN, 120)]
    assert record["config"]["files"]["params.yaml"] == {"seed": 9}
    again = here.done("register", "m", "weights")
    assert (again["created"], again["version"]) == (False, 1)


def test_of_several_runs_the_newest_counts_if_all_were_given_the_same(here: Project) -> None:
    make(here, data=())  # forgot to say what it trains on
    make(here)
    newest = make(here)
    assert here.register("m", "out").filed.record.run.run_id == newest.run_id


def test_runs_that_were_given_different_things_are_told_and_one_may_be_named(
    here: Project,
) -> None:
    here.workspace().datasets.snapshot(here.write("data/more.jsonl", jsonl(130)))
    first = make(here)
    second = make(here, data=("data/more.jsonl",))
    with pytest.raises(Refused, match="expected one run that made these weights") as error:
        here.register("m", "out")
    assert first.run_id in error.value.message
    assert f"--run {second.run_id}" in error.value.hints[0]
    record = here.register("m", "out", run_id=first.run_id).filed.record
    assert [one.path for one in record.data] == [TRAIN]


def test_what_contradicts_the_run_is_refused_and_none_is_wanted_by_name(here: Project) -> None:
    here.workspace().datasets.snapshot(here.write("data/more.jsonl", jsonl(130)))
    ended = make(here)
    outcome = here.cli("--json", "register", "m", "out", "--data", "data/more.jsonl")
    assert outcome.code == 1
    assert f"--data to be what run {ended.run_id} was given" in outcome.error["message"]
    assert "--run none" in " ".join(outcome.error["hints"])
    with pytest.raises(Refused, match="expected a run for x, found that run"):
        here.register("x", "out")
    done = here.done("register", "m", "out", "--data", "data/more.jsonl", "--run", "none")
    record = here.done("show", "m/1")["record"]
    assert [one["path"] for one in record["data"]] == ["data/more.jsonl"]
    assert record["run"]["run_id"] != ended.run_id
    assert done["created"]


def test_a_run_that_somebody_changed_is_told(here: Project) -> None:
    ended = make(here)
    connect(here.workspace().mlflow).set_tag(ended.run_id, RUN_TAG, f"sha256:{'0' * 64}")
    with pytest.raises(IntegrityError, match=r"expected ftr/run\.json of run"):
        here.register("m", "out")


def test_runs_that_failed_or_were_deleted_made_nothing(here: Project) -> None:
    failed = run_in(
        here.root, *python("exec(open('make.py').read()); sys.exit(1)"), "out", "a", data=(TRAIN,)
    )
    assert (failed.exit_code, failed.made) == (1, ())
    deleted = make(here)
    connect(here.workspace().mlflow).delete_run(deleted.run_id)
    assert here.register("m", "out").filed.record.run.document is None


def test_a_folder_of_no_run_says_how_its_data_is_known(here: Project) -> None:
    done = here.done("register", "m", "ad1")
    (notice,) = [one for one in done["notices"] if one.startswith("no data on record")]
    assert "ft-registry run --data PATH" in notice
    assert "a stage of dvc.yaml" in notice


def test_where_mlflow_is_away_a_plan_tells_it_and_nothing_is_registered(here: Project) -> None:
    make(here)
    nobody = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    outcome = here.cli("--json", "register", "m", "out", "--dry-run", env=nobody)
    assert outcome.code == 0, outcome.stderr
    assert "could not be asked which run made the weights" in outcome.document["notices"][0]
    outcome = here.cli("--json", "register", "m", "out", env=nobody)
    assert outcome.code == 6
    assert [event for event in here.events() if event.startswith("register")] == []


def test_it_works_through_a_server(here: Project, mlflow_server: str) -> None:
    ended = make(here, env={"MLFLOW_TRACKING_URI": mlflow_server}, letter="s", model="served")
    workspace = here.workspace(mlflow_uri=mlflow_server)
    record = here.register("served", "out", workspace=workspace).filed.record
    assert record.run.run_id == ended.run_id
    assert [one.path for one in record.data] == [TRAIN]


def test_a_stage_and_its_run_agree(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE / 'registry'}:{SOURCE / 'cli'}")
    run = f"{sys.executable} -m ft_registry_cli.main run --name m --data {TRAIN} --"
    stage = {
        "cmd": f"{run} {sys.executable} make.py out a", "deps": [TRAIN, "make.py"],
        "outs": ["out"],
    }  # fmt: skip
    here.write("dvc.yaml", json.dumps({"stages": {"train": stage}}))
    here.commit("dvc.yaml", message="pipeline")
    here.dvc("repro")
    record = here.register("m", "out").filed.record
    assert record.run.admitted == ("code", "config", "data", "environment")
    assert [one.path for one in record.data] == [TRAIN]
    assert record.as_json()["pipeline"]["stage"] == "train"
    assert Path("out").is_dir()
