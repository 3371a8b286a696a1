"""A folder straight from a trainer is registered with one command; nothing else need be said."""

import json
from pathlib import Path

import pytest
from tests.cli.project import Project, lora_bytes, weights
from tests.trainers.samples import ADAPTER, STATE, arguments, card, put, torch_zip

pytestmark = pytest.mark.integration

LONG = {
    "global_step": 500,
    "log_history": [{"step": step, "loss": float(step)} for step in range(500)],
}


@pytest.fixture
def project(fresh_template: Path, tmp_path: Path) -> Project:
    """A registry with what TRL leaves in `out`."""
    project = Project.copy(fresh_template, tmp_path / "project")
    out = project.adapter("ad3", **{**ADAPTER, "base_model_name_or_path": "base"})
    put(
        out, "training_args.bin", arguments({"run_name": "x" * 7000, "hub_token": "hf_" + "a" * 30})
    )
    put(out, "trainer_state.json", STATE)
    put(out, "README.md", card("tags: [trl, sft]\ndatasets: [acme/chat]", "\n- TRL: 1.16.0\n"))
    return project


def test_one_command_puts_the_training_on_record(project: Project) -> None:
    done = project.done("register", "m", "ad3")
    assert any("trl says it was acme/chat" in notice for notice in done["notices"])
    record = project.done("show", "m/1")["record"]
    assert record["method"] == "sft"
    assert record["cost"]["tokens"] == 30
    assert record["seeds"] == {"params.yaml.seed": 7, "trl.seed": 11}
    assert record["training"]["trainer"] == "trl"
    assert record["training"]["hyperparameters"]["run_name"] == "x" * 7000
    assert record["training"]["hyperparameters"]["hub_token"] == "***"
    shown = project.cli("show", "m/1").stdout
    assert "made by     sft -> adapter" in shown
    assert "trained     trl 1.16.0, 3 steps, 1.5 epochs, 30 tokens, 9.5 s" in shown
    assert "settings    learning_rate 0.001" in shown
    assert "loss 2 -> 1, eval_loss 1.7, 2 more" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_mlflow_shows_settings_and_curves(project: Project) -> None:
    project.register("m", "ad3")
    client = project.client()
    version = client.get_model_version("m", "1")
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    assert model.params["training.learning_rate"] == "0.001"
    assert model.params["adapter.lora_dropout"] == "0.05"
    assert model.params["training.run_name"].startswith("(7000 characters")
    assert "training.data_seed" not in model.params
    history = client.get_metric_history(model.source_run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(1, 2.0), (2, 1.5), (3, 1.0)]


def test_a_run_that_is_named_keeps_its_own_curves(project: Project) -> None:
    client = project.client()
    run = client.create_run(client.create_experiment("mine"))
    client.log_metric(run.info.run_id, "loss", 9.0, step=1)
    project.register("m", "ad3", run_id=run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(1, 9.0)]


def test_names_and_steps_that_mlflow_would_refuse_keep_nobody_from_registering(
    project: Project,
) -> None:
    odd = {".": 1.0, "..": 2.0, "../x": 3.0, "/abs": 4.0, "a//b": 5.0, "loss (%)": 6.0}
    lines = [{"step": 1, **odd}, {"step": 2**70, "loss": 1.0}]
    state = {"global_step": 1e300, "num_input_tokens_seen": 2**70, "log_history": lines}
    put(project.root / "ad3", "trainer_state.json", state)
    project.done("register", "m", "ad3")
    run = project.client().get_run(project.done("show", "m/1")["record"]["run"]["run_id"])
    assert run.data.metrics == {
        "_.": 1.0, "_..": 2.0, "_.._x": 3.0, "_abs": 4.0, "a__b": 5.0, "loss ___": 6.0,
    }  # fmt: skip


def test_the_description_is_that_of_the_ledger_in_whatever_order_a_trainer_wrote(
    project: Project,
) -> None:
    lines = [{"step": 3, "train_runtime": 1.0, "train_loss": 2.0, "b": 1, "a\U00010000": 1, "a": 3}]
    put(project.root / "ad3", "trainer_state.json", {"global_step": 3, "log_history": lines})
    project.register("m", "ad3")
    assert project.done("status")["drift"] == []


def test_every_point_of_a_thinned_curve_lies_beside_the_weights(project: Project) -> None:
    put(project.root / "ad3", "trainer_state.json", LONG)
    project.register("m", "ad3")
    record = project.done("show", "m/1")["record"]
    assert len(record["training"]["curves"][0]["points"]) <= 200
    client = project.client()
    model = client.get_logged_model(record["run"]["logged_model_id"])
    place = model.artifact_location
    file = Path(str(place).removeprefix("file://")) / record["training"]["all_points"]["path"]
    assert len(json.loads(file.read_text())["loss"]) == 500
    assert "2 attachments" in project.cli("verify", "m/1").stdout
    file.write_bytes(file.read_bytes().replace(b"499", b"498"))
    outcome = project.cli("verify", "m/1")
    assert outcome.code == 4
    assert "changed  ftr/curves.json" in outcome.stdout


@pytest.mark.parametrize("method", ["sft", "cpt", "merge", "SFT"])
def test_a_method_that_fits_the_files_is_taken(project: Project, method: str) -> None:
    project.done("register", "m", "ad3", "--method", method)
    assert project.done("show", "m/1")["record"]["method"] == method.lower()


def test_a_method_that_contradicts_the_files_is_refused(project: Project) -> None:
    before = project.state()
    outcome = project.cli("register", "m", "ad3", "--method", "dpo", "--json")
    assert outcome.code == 1
    assert outcome.error["message"] == (
        "expected the method that the files of trl tell, sft, found --method dpo"
    )
    assert project.state() == before


def test_a_pickle_that_would_run_is_refused_and_nothing_is_written(project: Project) -> None:
    put(project.root / "ad3", "training_args.bin", torch_zip(b"cos\nsystem\n(S'touch x'\ntR."))
    before = project.state()
    outcome = project.cli("register", "m", "ad3", "--json")
    assert outcome.code == 1
    assert "would run os.system when it is loaded (it was not)" in outcome.error["message"]
    assert project.state() == before
    assert not (project.root / "x").exists()


def test_the_dry_run_tells_what_the_trainer_left(project: Project) -> None:
    outcome = project.cli("register", "m", "ad3", "--dry-run")
    assert "trained by trl 1.16.0, 3 steps" in outcome.stdout
    document = project.done("register", "m", "ad3", "--dry-run")
    assert document["method"] == "sft"
    assert document["training"]["steps"] == 3


def test_what_differs_between_trainings_is_part_of_the_configuration(project: Project) -> None:
    other = project.adapter("ad4", **{**ADAPTER, "base_model_name_or_path": "base"})
    put(other, "training_args.bin", arguments({"learning_rate": 0.01, "optim": None}))
    project.register("m", "ad3")
    project.register("m", "ad4")
    shown = project.cli("diff", "m/1", "m/2").stdout
    assert "trainer.learning_rate: 0.001 -> 0.01" in shown
    assert "optim" not in shown


def test_a_link_out_of_the_folder_is_refused(project: Project, tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.json", {"global_step": 1})
    (project.root / "ad3" / "trainer_state.json").unlink()
    (project.root / "ad3" / "trainer_state.json").symlink_to(secret)
    outcome = project.cli("register", "m", "ad3")
    assert outcome.code == 1
    assert "found a link" in outcome.stderr


def test_a_base_that_the_trainer_denies_is_refused_unless_on_trust(project: Project) -> None:
    full = project.write("full/model.safetensors", weights(4000)).parent
    put(full, "config.json", {"model_type": "tiny"})
    put(full, "torchtune_config.yaml", "output_dir: out\nloss: {_component_: x.CrossEntropyLoss}\n")
    put(full, "original_repo_id.json", {"repo_id": "acme/tiny"})
    before = project.state()
    given = ("register", "m", "full", "--base", f"acme/other@{'c' * 40}")
    outcome = project.cli("--json", *given)
    assert outcome.code == 1
    assert "torchtune name the base 'acme/tiny'" in outcome.error["message"]
    assert "where acme/other@cccc" in outcome.error["message"]
    assert project.state() == before
    project.done(*given, "--trust")
    assert "'acme/tiny'" in project.done("show", "m/1")["record"]["base"]["trusted"]


@pytest.mark.parametrize("more", [(), ("--trust",), ("--method", "quantize")])
def test_the_base_itself_is_no_tuned_version(project: Project, more: tuple[str, ...]) -> None:
    before = project.state()
    outcome = project.cli("--json", "register", "m", "base", "--base", "base", *more)
    assert outcome.code == 1
    assert "expected weights that were tuned from the base base" in outcome.error["message"]
    assert project.state() == before


def test_weights_in_floating_point_were_not_quantised(project: Project) -> None:
    full = project.write("full/model.safetensors", lora_bytes()).parent
    put(full, "config.json", {"model_type": "tiny"})
    packed = ("register", "m", "full", "--base", "base", "--method", "quantize")
    outcome = project.cli("--json", *packed)
    assert outcome.code == 1
    assert "found tensors of F32, and no quantization_config" in outcome.error["message"]
    put(full, "config.json", {"quantization_config": {"quant_method": "compressed-tensors"}})
    project.done(*packed)
    assert project.done("show", "m/1")["record"]["kind"] == "quantized"
