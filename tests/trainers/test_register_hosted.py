"""A hosted fine-tune is a version like any other, but for the weights: its job stands for them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project
from tests.trainers.jobs import BEDROCK, DPO, OPENAI, RESULTS
from tests.trainers.samples import put

pytestmark = pytest.mark.integration


@pytest.fixture
def project(fresh_template: Path, tmp_path: Path) -> Project:
    """A registry with a job's file, and another in a folder with its results."""
    project = Project.copy(fresh_template, tmp_path / "project")
    put(project.root, "job.json", OPENAI)
    put(project.root, "second/job.json", DPO)
    put(project.root, "second/results.csv", RESULTS)
    project.done("data", "snapshot", "data/train.jsonl")
    return project


def record_of(project: Project, version: str) -> Any:
    return project.done("show", version)["record"]


def test_one_file_is_a_version(project: Project) -> None:
    done = project.done("register", "m", "job.json")
    assert (done["version"], done["created"]) == (1, True)
    assert any("openai says it was file-train1" in notice for notice in done["notices"])
    assert not any("mlflow.transformers" in notice for notice in done["notices"])
    record = record_of(project, "m/1")
    assert (record["kind"], record["method"]) == ("external", "sft")
    assert record["artifact"]["hosted"] == {
        "service": "openai", "model": OPENAI["fine_tuned_model"], "job": "ftjob-abc123"
    }  # fmt: skip
    assert [file["path"] for file in record["artifact"]["files"]] == ["job.json"]
    assert record["base"]["id"] == "gpt-4o-mini-2024-07-18"
    assert record["seeds"] == {"params.yaml.seed": 7, "openai.seed": 42}
    assert record["cost"]["tokens"] == 5768
    assert project.done("register", "m", "job.json")["created"] is False
    shown = project.cli("show", "m/1").stdout
    assert "made by     sft -> external" in shown
    assert "hosted      openai serves it as" in shown
    assert OPENAI["fine_tuned_model"] in shown
    assert "settings    n_epochs 3, batch_size 1, learning_rate_multiplier 1.8" in shown
    assert "base        gpt-4o-mini-2024-07-18" in shown
    assert "job         1 files" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_same_job_in_other_bytes_is_told(project: Project) -> None:
    project.register("m", "job.json")
    put(project.root, "job.json", json.dumps(OPENAI, indent=2))
    done = project.done("register", "m", "job.json")
    assert done["version"] == 2
    assert (
        "the job ftjob-abc123 of openai is that of m/1 as well, which has other files, data, "
        "configuration or base"
    ) in done["notices"]
    assert not any("is that of" in notice for notice in project.done(
        "register", "other", "job.json"
    )["notices"])  # fmt: skip


def test_mlflow_knows_that_it_is_external(project: Project) -> None:
    project.register("m", "job.json")
    client = project.client()
    version = client.get_model_version("m", "1")
    assert version.tags["ftr.kind"] == "external"
    assert f"`{OPENAI['fine_tuned_model']}`" in version.description
    plain = version.description.replace("\\", "")
    assert plain.startswith("external by SFT on gpt-4o-mini-2024-07-18")
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    assert model.tags["mlflow.model.isExternal"] == "true"
    assert model.params["training.n_epochs"] == "3"
    place = Path(str(model.artifact_location).removeprefix("file://"))
    assert json.loads((place / "job" / "job.json").read_text()) == OPENAI


def test_it_goes_the_way_of_every_version(project: Project, tmp_path: Path) -> None:
    project.register("m", "job.json")
    done = project.register("m", "second", base="m/1", data=("data/train.jsonl",))
    assert done.filed.record.base.source == "version"  # type: ignore[union-attr]
    assert done.filed.record.training.curves[0].name == "train_loss"  # type: ignore[union-attr]
    project.done("promote", "m/1", "--to", "champion", "--reason", "first")
    lock = project.done("promote", "m/2", "--to", "champion", "--reason", "better")["lock"]
    assert lock["hosted"]["model"] == DPO["fine_tuned_model"]
    project.done("rollback", "m@champion", "--reason", "worse")
    for version in ("m/1", "m/2"):
        verified = project.cli("verify", version)
        assert verified.code == 0
        assert verified.stdout.startswith(f"{version}  ok  ")
        assert "ok  ," not in verified.stdout
    rows = project.done("list", "m")["versions"]
    assert [row["kind"] for row in rows] == ["external", "external"]
    graph = project.done("lineage", "m/2")
    assert "gpt-4o-mini-2024-07-18" in {node["label"] for node in graph["nodes"]}
    assert {"m/1 sft external", "m/2 dpo external"} <= {node["label"] for node in graph["nodes"]}
    differing = project.cli("diff", "m/1", "m/2").stdout
    assert "trainer.beta: - -> 0.1" in differing
    assert "openai keeps the weights of m/1: here is no more than its job" in differing
    into = tmp_path / "back"
    project.done("restore", "m/2", "--into", into)
    brought = into / "artifact"
    assert json.loads((brought / "job.json").read_text()) == DPO
    assert (brought / "results.csv").read_text() == RESULTS
    assert project.cli("advise", "m").code == 0
    assert project.cli("report", "--into", tmp_path / "site").code == 0


def test_its_bytes_are_stored_anew_from_a_damaged_store(project: Project) -> None:
    project.register("m", "job.json")
    client = project.client()
    client.delete_registered_model("m")
    project.done("sync", "--restore")
    version = client.get_model_version("m", "1")
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    assert model.tags["mlflow.model.isExternal"] == "true"


@pytest.mark.parametrize("argument", ["base", "acme/tiny@" + "a" * 40, "gpt-4o", "m/1"])
def test_another_base_than_the_jobs_is_refused(project: Project, argument: str) -> None:
    project.register("m", "job.json")
    put(project.root, "job.json", BEDROCK)
    before = project.state()
    outcome = project.cli("register", "m", "job.json", "--base", argument, "--json")
    assert outcome.code == 1
    assert outcome.error["message"].startswith(
        "expected the base that the job names, amazon.titan-text-lite-v1:0:4k of bedrock, found"
    )
    assert project.state() == before


def test_weights_are_not_tuned_from_what_a_service_keeps(project: Project) -> None:
    project.register("m", "job.json")
    project.adapter("ad3")
    outcome = project.cli("register", "m", "ad3", "--base", "m/1", "--json")
    assert outcome.code == 1
    assert outcome.error["message"] == (
        "expected a base whose weights one can have, found m/1, which openai keeps as "
        + OPENAI["fine_tuned_model"]
    )


def test_what_is_no_finished_job_writes_nothing(project: Project, tmp_path: Path) -> None:
    put(project.root, "running.json", {**OPENAI, "status": "running"})
    put(project.root, "weights.safetensors", b"x")
    (project.root / "linked.json").symlink_to("job.json")
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "large.gguf").open("wb") as large:
        large.truncate(1 << 40)  # it takes no room, and hours to hash
    before = project.state()
    for name, found in (
        ("running.json", "found 'running'"),
        ("weights.safetensors", "found a file that is no JSON"),
        ("../large.gguf", "found a file of 1099511627776 bytes"),
        ("linked.json", "found a link"),
        ("../pipe.json", "found a pipe, socket or device"),
        ("none.json", "found none at"),
        ("n" * 300, "found none at"),
        ("params.yaml", "found a file that is no JSON"),
    ):
        outcome = project.cli("register", "m", name, "--json")
        assert outcome.code == 1, name
        assert outcome.error["message"].startswith("expected"), name
        assert found in outcome.error["message"], name
    assert project.state() == before


def test_a_method_that_contradicts_the_job_is_refused(project: Project) -> None:
    outcome = project.cli("register", "m", "job.json", "--method", "dpo", "--json")
    assert outcome.code == 1
    assert outcome.error["message"] == (
        "expected the method that the files of openai tell, sft, found --method dpo"
    )


def test_the_dry_run_tells_what_the_job_says(project: Project) -> None:
    document = project.done("register", "m", "job.json", "--dry-run")
    assert document["kind"] == "external"
    assert document["base"]["service"] == "openai"
    assert document["training"]["trainer"] == "openai"
    said = project.cli("register", "m", "job.json", "--dry-run").stdout
    assert "base gpt-4o-mini-2024-07-18" in said
    assert "trained by openai, 3 epochs, 5768 tokens" in said


def scores(project: Project, model: str) -> Path:
    """Writes scores that name the model which they are of."""
    items = [{"id": f"q{n}", "exact_match": n % 2} for n in range(6)]
    return put(project.root, "s.json", {"suite": "sums", "model": model, "items": items})


def test_scores_are_of_the_name_that_the_service_is_asked_for(project: Project) -> None:
    hosted = OPENAI["fine_tuned_model"]
    for model, found in (
        (OPENAI["model"], "the base 'gpt-4o-mini-2024-07-18', which the job in job.json was tuned"),
        (DPO["fine_tuned_model"], "which is no name of the job in job.json"),
    ):
        scored = ("--eval", scores(project, model))
        outcome = project.cli("register", "m", "job.json", *scored, "--json")
        assert outcome.code == 1
        assert found in outcome.error["message"]
    asked = scores(project, f"openai/{hosted}")
    assert project.done("register", "m", "job.json", "--eval", asked)["evaluations"]
    project.done("eval", "add", "m/1", put(project.root, "t.json", {
        **json.loads(asked.read_text()), "suite": "more", "model": f"openai:chat:{hosted}"
    }))  # fmt: skip
    wrong = scores(project, OPENAI["model"])
    assert project.cli("eval", "add", "m/1", wrong).code == 1


def test_a_gate_asks_what_can_be_known(project: Project) -> None:
    project.register("m", "job.json", data=("data/train.jsonl",))
    policy = (
        "aliases:\n  champion:\n    all:\n      - integrity: {verified: true}\n"
        "      - lineage: {complete: true}\n"
    )
    more = "      - artifact: {format: safetensors}\n      - lineage: {base_pinned: true}\n"
    put(project.root, "policy.yaml", policy)
    project.done("policy", "apply", "policy.yaml", "--reason", "from now on")
    assert project.cli("gate", "m/1", "--to", "champion").code == 0
    put(project.root, "policy.yaml", policy + more)
    project.done("policy", "apply", "policy.yaml", "--reason", "and more")
    outcome = project.cli("gate", "m/1", "--to", "champion")
    assert outcome.code == 7
    said = " ".join(outcome.stdout.split())
    assert "format and size of weights that openai keeps" in said
    assert "openai keeps these weights: nobody else can hash them" in said


def test_a_suite_asks_the_service_by_name(project: Project) -> None:
    project.register("m", "job.json")
    project.adapter("ad3")
    project.register("m", "ad3")
    put(
        project.root,
        "score.py",
        "import json, sys\n"
        "items = [{'id': f'q{n}', 'pass': n % 2} for n in range(6)]\n"
        "found = {'suite': 'odd', 'model': sys.argv[1], 'items': items}\n"
        "open(sys.argv[2], 'w').write(json.dumps(found))\n",
    )
    suite = "[suites.{}]\ncmd = 'python score.py {{{}}} {{out}}'\nmetric = 'pass'\n"
    settings = project.root / "ft-registry.toml"
    kept = settings.read_text() if settings.exists() else ""
    put(
        project.root, settings.name,
        f"{kept}\n{suite.format('asked', 'model')}{suite.format('loaded', 'weights')}",
    )  # fmt: skip
    added = project.done("eval", "run", "m/1", "--suite", "asked")
    assert added["evaluation"]["scores"][0]["value"] == 0.5
    outcome = project.cli("eval", "run", "m/1", "--suite", "loaded", "--json")
    assert outcome.code == 1
    assert outcome.error["message"] == (
        "expected the suite loaded to ask openai for m/1, found {weights} in its command: openai "
        "keeps them"
    )
    outcome = project.cli("eval", "run", "m/2", "--suite", "asked", "--json")
    assert outcome.code == 1
    assert outcome.error["message"] == (
        "expected a hosted version for {model} of the suite asked, found m/2, of kind adapter"
    )


def test_a_secret_in_a_job_is_refused(project: Project, tmp_path: Path) -> None:
    token = "hf_" + "QzWxEcRvTbYnUmIkOl" + "PaSdFgHjKlZxCvBn"
    put(tmp_path, "elsewhere.json", {**OPENAI, "metadata": {"token": token}})
    outcome = project.cli("register", "m", tmp_path / "elsewhere.json")
    assert outcome.code == 1
    assert "elsewhere.json, line 1 (a Hugging Face token)" in outcome.stderr
    assert token not in outcome.stderr
