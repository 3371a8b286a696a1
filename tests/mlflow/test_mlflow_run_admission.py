"""`register --run`: what a training was given, taken from its run by whoever registers later."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import SOURCE, Project, jsonl
from tests.mlflow.training import document, python, run_in

from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.record import VersionRecord
from ft_registry.model.run_document import PACKAGES, PATCH, RUN_JSON, RUN_TAG

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"
EVAL = "data/dates.jsonl:eval"
PASS = python("pass")


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A registry with tracked data that is the current folder as well."""
    monkeypatch.chdir(project.root)
    return project


def registered(project: Project, run_id: str, path: str = "ad1", **request: Any) -> VersionRecord:
    return project.register("m", path, run_id=run_id, **request).filed.record


def rewrite(project: Project, run_id: str, name: str, content: bytes, *, tag: bool = False) -> None:
    """Puts another artifact in a run's place, and its digest in the tag if asked."""
    client = connect(project.workspace().mlflow)
    folder = project.root.parent / "rewritten"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    client.log_artifacts(run_id, str(folder))
    if tag:
        client.set_tag(run_id, RUN_TAG, digest_bytes(content))


def forge(project: Project, run_id: str, /, **changes: Any) -> None:
    """Writes another document into a run, with its digest."""
    value = {**document(project, run_id).as_json(), **changes}
    rewrite(project, run_id, RUN_JSON, json.dumps(value).encode(), tag=True)


def test_the_record_says_what_the_training_was_given(here: Project) -> None:
    here.write("params.yaml", "seed: 9\n")
    ended = run_in(here.root, *PASS, data=(TRAIN, EVAL), model="m")
    made = document(here, ended.run_id)
    here.write("params.yaml", "seed: 1\n")
    here.commit("params.yaml", message="later")
    for gone in (TRAIN, f"{TRAIN}.dvc", "data/dates.jsonl"):
        (here.root / gone).unlink()
    record = registered(here, ended.run_id)
    assert record.run.run_id == ended.run_id
    assert record.run.document is not None
    assert f"sha256:{record.run.document.sha256}" == ended.document
    assert record.run.admitted == ("code", "config", "data", "environment")
    assert [(d.role, d.name, d.sha256) for d in record.data] == [
        (d.role, d.name, d.sha256) for d in made.data
    ]
    assert record.data[1].records_root != made.data[1].records_root  # the snapshot's index
    assert record.config.files == {"params.yaml": {"seed": 9}}
    assert record.seeds == {"params.yaml.seed": 9}
    assert (record.code.commit, record.code.patch) == (made.code.commit, made.code.patch)
    assert record.environment == made.environment
    assert {RUN_JSON, PATCH} <= set(_shelf(here, record).sizes)
    run_json = _shelf(here, record).folder / RUN_JSON
    run_json.write_bytes(run_json.read_bytes() + b" ")
    assert f"{RUN_JSON}" in here.cli("verify", "m/1").stdout


def _shelf(project: Project, record: VersionRecord) -> Any:
    from ft_registry.actions.homes import home_of
    from ft_registry.actions.resolve import read_record
    from ft_registry.model.reference import VersionReference

    workspace = project.workspace()
    filed = read_record(workspace.ledger, VersionReference("m", record.version))
    return workspace.artifacts.shelf(home_of(workspace.ledger, filed))


def test_the_same_weights_registered_again_are_the_same_version(here: Project) -> None:
    run = run_in(here.root, *PASS, data=(TRAIN,), model="m").run_id
    first = here.register("m", "ad1", run_id=run)
    again = here.register("m", "ad1", run_id=run)
    assert (first.created, again.created) == (True, False)
    # Identity knows neither run nor code: what was captured from the same files is the same.
    assert here.register("m", "ad1", data=(TRAIN,)).created is False


def test_a_run_of_another_program_is_taken_as_before(here: Project) -> None:
    client = connect(here.workspace().mlflow)
    run = client.create_run(client.create_experiment("other")).info.run_id
    record = registered(here, run, data=(TRAIN,))
    assert (record.run.run_id, record.run.document, record.run.admitted) == (run, None, ())
    assert "document" not in record.as_json()["run"]
    with pytest.raises(NotFound, match="expected an MLflow run"):
        registered(here, "0" * 32)


def test_what_contradicts_the_run_is_refused(here: Project) -> None:
    run = run_in(here.root, *PASS, data=(TRAIN,), model="m").run_id
    same = here.write("copy/train.jsonl", jsonl(120))
    here.workspace().datasets.snapshot(same, name="copy")
    here.workspace().datasets.snapshot(here.write("data/more.jsonl", jsonl(130)))
    with pytest.raises(Refused, match="expected a run for x, found that run"):
        here.register("x", "ad1", run_id=run)
    with pytest.raises(Refused, match=rf"--data to be what run {run} was given, found data/more"):
        registered(here, run, data=("data/more.jsonl",))
    here.write("params.yaml", "seed: 1\n")
    with pytest.raises(Refused, match=r"--config params.yaml to hold the values"):
        registered(here, run, configs=("params.yaml",))
    with pytest.raises(Refused, match="found no such file there"):
        registered(here, run, configs=("base/config.json",))
    # The same bytes elsewhere are no contradiction; data to measure on is new.
    record = registered(here, run, data=("copy/train.jsonl", EVAL))
    assert [(d.role, d.path) for d in record.data] == [
        ("eval", "data/dates.jsonl"), ("train", TRAIN),
    ]  # fmt: skip


def test_a_run_without_data_takes_what_is_named(here: Project) -> None:
    run = run_in(here.root, *PASS, model="m").run_id
    record = registered(here, run, data=(TRAIN,))
    assert [d.path for d in record.data] == [TRAIN]
    assert record.run.admitted == ("code", "config", "environment")


def test_a_run_that_failed_or_lost_its_commit_is_told_of(here: Project) -> None:
    run = run_in(here.root, *python("raise SystemExit(1)"), data=(TRAIN,)).run_id
    code = document(here, run).code.model_dump(mode="json")
    forge(here, run, code={**code, "commit": "c" * 40})
    done = here.register("m", "ad1", run_id=run)
    assert "is FAILED, not FINISHED" in done.notices[0]
    assert "cccccccccccc that the run had is not in this clone" in done.notices[1]
    assert done.filed.record.code.commit == "c" * 40
    run = run_in(here.root, *PASS, data=(TRAIN,)).run_id
    forge(here, run, code={**code, "commit": {"unknown": "no git"}, "patch": {"unknown": "x"}})
    done = here.register("m", "ad2", run_id=run)
    assert "the run does not know its commit (no git)" in done.notices[0]
    assert done.filed.record.code.commit == here.git("rev-parse", "HEAD")
    assert "code" not in done.filed.record.run.admitted


def test_a_document_that_changed_since_is_refused(here: Project) -> None:
    here.write("params.yaml", "seed: 2\n")
    run = run_in(here.root, *PASS, data=(TRAIN,), model="m").run_id
    events = here.events()
    for name in (RUN_JSON, PATCH, PACKAGES):
        good = _artifact(here, run, name)
        rewrite(here, run, name, good + b" ")
        with pytest.raises(IntegrityError, match=f"expected {name} of run {run} at sha256"):
            registered(here, run)
        rewrite(here, run, name, good)
    assert here.events() == events
    assert registered(here, run).version == 1


def _artifact(project: Project, run: str, name: str) -> bytes:
    return project.workspace().runs.read(run, (name,)).attachments[name]


DATASET = {
    "path": TRAIN, "dvc": {"md5": "0" * 32, "size": 1, "nfiles": 1}, "sha256": "sha256:" + "0" * 64,
    "rows": 1, "role": "train", "name": "train", "pointer": "", "records_root": {"unknown": "x"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run_id": "0" * 32}, "found that of 000"),
        ({"config": {"files": {"a": 1}, "digest": "sha256:" + "0" * 64}}, "found other values"),
        ({"data": [{**DATASET, "path": "../../etc/passwd"}]}, "expected a relative path"),
        ({"data": [{**DATASET, "role": "root"}]}, "found 'root'"),
        ({"data": [{**DATASET, "name": "a/../b"}]}, "a dataset name"),
        ({"data": [DATASET, DATASET]}, "found one twice"),
        ({"data": [{**DATASET, "dvc": {"md5": "x", "size": 1, "nfiles": 1}}]}, "md5"),
        ({"data": "all of it"}, "data"),
        ({"schema": "ft-registry/run/2"}, "a newer ft-registry wrote it"),
        ({"schema": "ft-registry/version/1"}, "in schema ft-registry/run/1"),
        ({"code": {"source": "git", "commit": "--output=x"}}, "code"),
        ({"command": [1]}, "command"),
    ],
    ids=str,
)
def test_a_forged_document_is_refused(here: Project, changes: dict[str, Any], words: str) -> None:
    run = run_in(here.root, *PASS, data=(TRAIN,), model="m").run_id
    forge(here, run, **changes)
    with pytest.raises(FtRegistryError) as error:
        registered(here, run)
    assert error.value.exit_code in (1, 4)
    assert words in " ".join([error.value.message, *error.value.hints])


def test_a_document_that_is_no_json_is_refused(here: Project) -> None:
    run = run_in(here.root, *PASS).run_id
    for content in (b"", b"\x80\x02", b"{" * 5000, b"[]", b'{"schema": 1}'):
        rewrite(here, run, RUN_JSON, content, tag=True)
        with pytest.raises(IntegrityError):
            registered(here, run)


def test_data_with_the_md5_of_a_snapshot_and_other_bytes_is_refused(here: Project) -> None:
    run = run_in(here.root, *PASS, data=(TRAIN,)).run_id
    made = document(here, run).data[0].model_dump(mode="json")
    forge(here, run, data=[{**made, "sha256": "sha256:" + "0" * 64}])
    with pytest.raises(IntegrityError, match="as the snapshot train has it"):
        registered(here, run)


def test_it_works_through_a_server(here: Project, mlflow_server: str) -> None:
    env = {"MLFLOW_TRACKING_URI": mlflow_server}
    code = "import mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('loss', 0.5)"
    here.write("params.yaml", "seed: 4\n")
    ended = run_in(here.root, *python(code), data=(TRAIN,), model="served", env=env)
    here.git("checkout", "--quiet", "params.yaml")
    (here.root / TRAIN).unlink()
    workspace = here.workspace(mlflow_uri=mlflow_server)
    done = here.register("served", "ad1", run_id=ended.run_id, workspace=workspace)
    record = done.filed.record
    assert record.config.files["params.yaml"] == {"seed": 4}
    assert [d.path for d in record.data] == [TRAIN]
    found = connect(workspace.mlflow).get_run(ended.run_id)
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"loss": 0.5})
    assert not (here.root / "mlruns").exists()


# Pipelines.

STAGES = """\
stages:
  train:
    cmd: {cmd}
    deps: [data/train.jsonl]
    params: [seed]
    outs: [out]
"""
MAKE = """\
import json, pathlib
out = pathlib.Path("out"); out.mkdir(exist_ok=True)
(out / "adapter_config.json").write_text(json.dumps({
    "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v"],
    "base_model_name_or_path": "base"}))
values = (open("params.yaml", "rb").read() * 50)[:800].ljust(800)
tensor = {"dtype": "U8", "shape": [8, 100], "data_offsets": [0, 800]}
header = json.dumps({"base_model.model.v.lora_A.weight": tensor}).encode()
content = len(header).to_bytes(8, "little") + header + values
(out / "adapter_model.safetensors").write_bytes(content)
"""


@pytest.fixture
def pipeline(here: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A pipeline whose stage trains by `ft-registry run`."""
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE / 'registry'}:{SOURCE / 'cli'}")
    here.write("make.py", MAKE)
    run = f"{sys.executable} -m ft_registry_cli.main run --name m --data {TRAIN} --"
    here.write("dvc.yaml", STAGES.format(cmd=f"{run} {sys.executable} make.py"))
    here.commit("make.py", "dvc.yaml", message="pipeline")
    return here


def runs_of(project: Project, path: Path | None = None) -> list[Any]:
    client = connect(project.workspace().mlflow)
    experiment = client.get_experiment_by_name("m")
    return list(client.search_runs([experiment.experiment_id]))


def test_a_stage_of_a_pipeline_is_a_run(pipeline: Project) -> None:
    pipeline.dvc("repro")
    (run,) = runs_of(pipeline)
    assert run.data.tags["ftr.dvc.stage"].endswith("train")
    record = registered(pipeline, run.info.run_id, path="out")
    assert not isinstance(record.pipeline, Unknown)
    assert [d.path for d in record.data] == [TRAIN]
    assert record.run.admitted == ("code", "config", "data", "environment")


def test_weights_of_another_run_of_the_stage_are_refused(pipeline: Project) -> None:
    pipeline.dvc("repro")
    (run,) = runs_of(pipeline)
    pipeline.write(TRAIN, jsonl(121))
    pipeline.workspace().datasets.snapshot(pipeline.root / TRAIN)
    pipeline.dvc("repro")
    with pytest.raises(Refused, match="made the weights from md5"):
        registered(pipeline, run.info.run_id, path="out")


def test_a_queued_experiment_leaves_its_run_in_the_repository(pipeline: Project) -> None:
    pipeline.dvc("exp", "run", "--temp", "--name", "try", "-S", "seed=11")
    (run,) = runs_of(pipeline)
    assert run.data.tags["ftr.dvc.experiment"] == "try"
    assert run.info.status == "FINISHED"
    assert document(pipeline, run.info.run_id).config.files["params.yaml"]["seed"] == 11
