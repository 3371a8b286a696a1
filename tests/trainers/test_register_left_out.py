"""What a trainer leaves beside its weights is not kept, unless a person says why."""

import shutil
from pathlib import Path

import pytest
from tests.cli.project import Project
from tests.trainers.samples import ADAPTER, STATE, arguments, put, torch_zip

from ft_registry.model.canonical import digest_bytes

pytestmark = pytest.mark.integration
LEFT = ("training_args.bin", "optimizer.pt", "checkpoint-3/optimizer.pt")
KEPT = ("adapter_config.json", "adapter_model.safetensors")
POLICY = "aliases:\n  champion:\n    all: [artifact: {format: safetensors}]\n"


@pytest.fixture
def project(fresh_template: Path, tmp_path: Path) -> Project:
    """A registry with what a trainer leaves in `ad3`."""
    project = Project.copy(fresh_template, tmp_path / "project")
    out = project.adapter("ad3", **{**ADAPTER, "base_model_name_or_path": "base"})
    put(out, "training_args.bin", arguments())
    put(out, "optimizer.pt", torch_zip(b"\x80\x02}q\0."))
    put(out, "checkpoint-3/optimizer.pt", torch_zip(b"\x80\x02}q\0."))
    put(out, "checkpoint-3/trainer_state.json", STATE)
    return project


def stored(project: Project, version: str) -> set[str]:
    """Returns what lies in MLflow's store of a version's weights."""
    record = project.done("show", version)["record"]
    model = project.client().get_logged_model(record["run"]["logged_model_id"])
    root = Path(str(model.artifact_location).removeprefix("file://")) / record["artifact"]["folder"]
    return {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}


def test_states_and_pickles_are_left_out_read_and_told(project: Project) -> None:
    planned = project.done("register", "m", "ad3", "--dry-run")
    done = project.done("register", "m", "ad3")
    told = [notice for notice in done["notices"] if notice.startswith("left out: ")]
    assert told == [notice for notice in planned["notices"] if notice.startswith("left out: ")]
    state = project.root / "ad3" / "training_args.bin"
    assert told[0].startswith("left out: checkpoint-3/ (2 files, ")
    assert f"left out: training_args.bin ({state.stat().st_size:,} bytes), a pickle" in told[2]
    assert [one["what"] for one in planned["left_out"]] == [
        "checkpoint-3/", "optimizer.pt", "training_args.bin",
    ]  # fmt: skip
    record = project.done("show", "m/1")["record"]
    assert [entry["path"] for entry in record["artifact"]["files"]] == list(KEPT)
    assert stored(project, "m/1") == set(KEPT)
    assert record["training"]["hyperparameters"]["learning_rate"] == 0.001
    assert record["training"]["steps"] == 3
    digests = {one["path"]: one["digest"] for one in record["training"]["files"]}
    assert digests["training_args.bin"] == digest_bytes(state.read_bytes())
    assert "checkpoint-3/trainer_state.json" in digests
    assert "exemptions" not in record
    assert project.cli("verify", "m/1").code == 0


def test_what_is_restored_is_the_same_version(project: Project, tmp_path: Path) -> None:
    project.done("register", "m", "ad3")
    restored = project.cli("restore", "m/1", "--into", str(tmp_path / "again"))
    assert "artifact bytes verified" in restored.stdout
    weights = tmp_path / "again" / "artifact"
    assert sorted(file.name for file in weights.rglob("*") if file.is_file()) == list(KEPT)
    shutil.rmtree(project.root / "ad3" / "checkpoint-3")
    again = project.done("register", "m", "ad3")
    assert (again["version"], again["created"]) == (1, False)


def test_a_gate_that_asks_for_safetensors_lets_a_trainers_folder_pass(project: Project) -> None:
    project.done("register", "m", "ad3")
    project.done("register", "m", "ad3", "--allow-pickle", "we resume from it")
    project.write("policy.yaml", POLICY)
    project.done("policy", "apply", "policy.yaml", "--reason", "no pickles")
    assert project.cli("gate", "m/2", "--to", "champion").code == 3
    assert project.cli("gate", "m/1", "--to", "champion").code == 0


def test_pickles_are_kept_with_a_reason_that_is_shown_for_ever(project: Project) -> None:
    reason = ("--allow-pickle", "training goes on from it next week")
    planned = project.cli("register", "m", "ad3", *reason, "--dry-run")
    assert "pickle allowed: checkpoint-3/optimizer.pt, optimizer.pt" in planned.stdout
    project.done("register", "m", "ad3", *reason)
    assert stored(project, "m/1") == {*KEPT, *LEFT, "checkpoint-3/trainer_state.json"}
    record = project.done("show", "m/1")["record"]
    assert record["exemptions"] == [{"door": "pickle", "reason": reason[1], "places": sorted(LEFT)}]
    shown = project.cli("show", "m/1").stdout
    assert "allowed     holds files that may run something: checkpoint-3/optimizer.pt" in shown
    assert f"because: {reason[1]}" in shown
    assert max(map(len, shown.splitlines())) <= 80
    described = project.client().get_model_version("m", "1").description
    assert "**holds files that may run something**: `checkpoint-3/optimizer.pt`" in described
    assert project.done("log", "--json")["events"][0]["overrides"] == ["pickle"]
    assert project.done("status")["drift"] == []


def test_what_was_registered_with_all_its_files_is_that_version(project: Project) -> None:
    project.done("register", "m", "ad3", "--allow-pickle", "as it was before")
    again = project.done("register", "m", "ad3")
    assert (again["version"], again["created"], again["notices"]) == (1, False, [])


@pytest.mark.parametrize("reason", ["", "  ", "a\x1b[2Jb"])
def test_a_reason_that_cannot_stand_on_record_is_refused(project: Project, reason: str) -> None:
    before = project.state()
    outcome = project.cli("register", "m", "ad3", "--allow-pickle", reason)
    assert outcome.code == 2
    assert project.state() == before


def test_weights_that_are_pickles_alone_are_refused(project: Project) -> None:
    out = project.root / "ad3"
    (out / "adapter_model.safetensors").unlink()
    put(out, "adapter_model.bin", torch_zip(b"\x80\x02}q\0."))
    before = project.state()
    outcome = project.cli("register", "m", "ad3")
    assert outcome.code == 1
    assert "found adapter_model.bin alone" in outcome.stderr
    assert project.state() == before
    project.done("register", "m", "ad3", "--allow-pickle", "an old one")


def test_scores_that_name_a_folder_with_a_trainers_state_are_those_of_its_weights(
    project: Project,
) -> None:
    project.done("register", "m", "ad3")
    results = {
        "results": {"t": {"alias": "t", "acc,none": 0.5}},
        "config": {"model": "hf", "model_args": f"pretrained=base,peft={project.root / 'ad3'}"},
        "n-samples": {"t": {"original": 10, "effective": 10}}, "n-shot": {"t": 0},
        "versions": {"t": 1}, "higher_is_better": {"t": {"acc": True}}, "configs": {"t": {}},
    }  # fmt: skip
    put(project.root, "results_1.json", results)
    outcome = project.cli("eval", "add", "m/1", "results_1.json", "--allow-partial")
    assert "other bytes" not in outcome.stderr, outcome.stderr
    assert outcome.code == 0, outcome.stderr
