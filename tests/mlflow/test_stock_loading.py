"""MLflow's own loader returns the tuned model: it answers as PEFT and transformers make it do."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.project import SOURCE, Project, environment

pytestmark = pytest.mark.integration

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NEEDED = ("torch", "transformers", "peft", "accelerate")
PROBE = """
import json, os, sys
leave = os._exit
def tell(code):
    names = {name.partition('.')[0] for name in sys.modules}
    print('MODULES', json.dumps(sorted(names)), file=sys.stderr, flush=True)
    leave(code)
os._exit = tell
from ft_registry_cli.main import main
main()
"""


def program(name: str, *arguments: str, cwd: Path, env: dict[str, str]) -> str:
    """Runs one of the programs beside this file."""
    paths = environment({"HF_HUB_OFFLINE": "1", "HF_HOME": str(cwd / "hf"), **env})
    paths["PYTHONPATH"] = f"{SOURCE}{os.pathsep}{paths['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-m", f"tests.mlflow.{name}", *arguments],
        cwd=cwd, env=paths, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def loaded(project: Project, *models: str, **env: str) -> dict[str, Any]:
    """Loads champions by MLflow, from the top level; returns what each did."""
    named = [f"{model}={project.root / 'tuned' / model.split('-of-')[0]}" for model in models]
    # In the place's own words, as a notebook beside the database would say it.
    at = {"MLFLOW_TRACKING_URI": f"sqlite:///{project.root / 'mlflow.db'}", **env}
    told = program("loaded", *named, cwd=project.root, env=at)
    return {name: said for line in told.splitlines() for name, said in json.loads(line).items()}


def mlmodel(project: Project, model: str) -> Any:
    """Returns what the logged model's MLmodel says."""
    run = project.done("show", f"{model}/1")["record"]["run"]
    place = project.root / "mlartifacts" / model / "models" / run["logged_model_id"]
    return yaml.safe_load((place / "artifacts" / "MLmodel").read_text())


def make_tuned(folder: Path, fresh: Path) -> None:
    project = Project.copy(fresh, folder)
    project.write(".gitignore", "/base/\n/ad*/\n/dates.jsonl\n/tuned/\n/hf/\n")
    program("tuned", str(folder / "tuned"), cwd=folder, env={})
    shutil.rmtree(folder / "hf", ignore_errors=True)
    shutil.rmtree(folder / "base")  # other weights by the name that these adapters give theirs
    # As the hub's cache keeps a model at a commit.
    cached = folder / "hf" / "hub" / "models--acme--tiny"
    shutil.copytree(folder / "tuned" / "base", cached / "snapshots" / COMMIT)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(COMMIT)


@pytest.fixture(scope="module")
def tuned_template(
    built_once: Callable[[str, Callable[[Path], None]], Path], fresh_template: Path
) -> Path:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}, of the train extra")
    return built_once("tuned", lambda folder: make_tuned(folder, fresh_template))


@pytest.fixture
def project(tuned_template: Path, tmp_path: Path) -> Project:
    return Project.copy(tuned_template, tmp_path / "p")


def champion(project: Project, model: str, folder: str, base: str | None = None) -> list[str]:
    """Registers a folder, lets champion name it and returns the notices."""
    done = project.register(model, f"tuned/{folder}", base=base)
    workspace = project.workspace()
    workspace.move(workspace.plan_promotion(f"{model}/1", "champion"))
    return [notice for notice in done.notices if "mlflow" in notice]


def test_the_champion_answers_as_peft_and_transformers_do(project: Project) -> None:
    project.done("register", "adapter", "tuned/adapter", "--base", "tuned/base")
    project.done("promote", "adapter/1", "--to", "champion")
    for name, base in [("alone", "tuned/base"), ("rater", "tuned/base")]:
        assert champion(project, name, name, base) == []
    for name in ("full", "judge"):
        assert champion(project, name, name) == []
    found = loaded(project, "adapter", "alone", "rater", "full", "judge")
    assert {name: said["class"] for name, said in found.items()} == {
        "adapter": "PeftModelForCausalLM",
        "alone": "PeftModelForCausalLM",
        "rater": "PeftModelForSequenceClassification",
        "full": "LlamaForCausalLM",
        "judge": "LlamaForSequenceClassification",
    }
    for name, said in found.items():
        assert said["equal"], name
        assert said.get("tuned", True), f"{name}: the adapter does nothing, the test says nothing"
        if name == "alone":  # no tokenizer was saved with it
            assert not said["tokenizer"]
            continue
        assert said["tokenizer"] == said["expected_tokens"]
        assert said["equal_in_pipeline"]
    assert found["adapter"]["answer"][0]["generated_text"].startswith("we met on the first of may")
    assert found["judge"]["answer"][0]["label"] == "LABEL_0"
    # MLflow leaves a file beside the weights when it loads from a folder.
    assert project.done("verify", "adapter/1", "--full")["ok"]


def test_a_base_of_a_hub_is_loaded_at_its_commit_and_a_version_after_it_was_restored(
    project: Project,
) -> None:
    (foreign,) = champion(project, "adapter-of-hub", "adapter", f"acme/tiny@{COMMIT}")
    assert "tokenizer from the hub" in foreign
    assert champion(project, "alone-of-hub", "alone", f"acme/tiny@{COMMIT}") == []
    project.register("cpt", "tuned/base")
    assert champion(project, "adapter-of-cpt", "adapter", "cpt/1") == []
    project.done("restore", "cpt/1", "--level", "R1", "--into", "../cpt-1")
    found = loaded(project, "adapter-of-hub", "alone-of-hub", "adapter-of-cpt")
    for name, said in found.items():
        assert (name, said["equal"], said["tuned"]) == (name, True, True)
        assert said["tokenizer"] == said["expected_tokens"]
        assert said["equal_in_pipeline"]


def test_what_mlflow_would_load_wrongly_has_no_flavor_for_it_and_a_notice(
    project: Project,
) -> None:
    before = shutil.copytree(project.root / "tuned/adapter", project.root / "tuned/before")
    weights = before / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    assert champion(project, "sft", "before", "tuned/base") == []
    (stacked,) = champion(project, "dpo", "adapter", "sft/1")
    assert "sft/1 is an adapter itself" in stacked
    (labels,) = champion(project, "judge", "judge-adapter", "tuned/base")
    assert "labels of its head: 1, of the base as loaded: 2" in labels
    for name in ("dpo", "judge"):
        assert list(mlmodel(project, name)["flavors"]) == ["ft_registry"]


def test_registering_an_adapter_imports_nothing_that_could_run_it(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "register", "m", "tuned/adapter", "--base", "tuned/base"],
        cwd=project.root, env=environment(), capture_output=True, text=True, check=True,
        timeout=120,
    )  # fmt: skip
    line = next(line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    modules = set(json.loads(line.removeprefix("MODULES ")))
    assert "mlflow" in modules
    assert not modules & {*NEEDED, "safetensors", "tokenizers"}
    flavor = mlmodel(project, "m")["flavors"]["transformers"]
    assert flavor["local_base_model_path"] == str(project.root / "tuned" / "base")


def test_a_server_is_not_told_where_the_base_lies_here(
    project: Project, mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.artifacts import download_artifacts

    workspace = project.workspace(mlflow_uri=mlflow_server)
    project.register("elsewhere", "tuned/adapter", base="tuned/base", workspace=workspace)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    got = Path(download_artifacts("models:/elsewhere/1", dst_path=str(tmp_path / "got")))
    text = (got / "MLmodel").read_text()
    flavor = yaml.safe_load(text)["flavors"]["transformers"]
    assert flavor["local_base_model_path"] == "./tuned/base"
    assert str(project.root) not in text


def test_the_second_copy_of_a_tokenizer_is_verified_as_the_first(project: Project) -> None:
    done = project.register("m", "tuned/adapter", base="tuned/base")
    model_id = done.filed.record.run.logged_model_id
    place = project.root / "mlartifacts" / "m" / "models" / model_id / "artifacts" / "components"
    copy = place / "tokenizer" / "tokenizer.json"
    copy.write_bytes(copy.read_bytes().replace(b"noon", b"moon"))
    outcome = project.cli("verify", "m/1", "--full")
    assert outcome.code == 4
    assert "components/tokenizer/tokenizer.json" in outcome.stdout


def test_bytes_that_are_stored_anew_are_loaded_as_before(project: Project) -> None:
    assert champion(project, "adapter", "adapter", "tuned/base") == []
    client = project.client()
    model_id = project.done("show", "adapter/1")["record"]["run"]["logged_model_id"]
    client.delete_logged_model(model_id)
    project.done("sync", "--restore")
    source = client.get_model_version("adapter", "1").source
    assert source != f"models:/{model_id}"
    said = loaded(project, "adapter")["adapter"]
    assert (said["equal"], said["equal_in_pipeline"]) == (True, True)
