"""What kinds of weights can be registered, and what they may be tuned from."""

import json
import re
from typing import Any

import pytest
from tests.cli.project import Project, weights

from ft_registry.errors import FtRegistryError, NotFound, Refused

pytestmark = pytest.mark.integration

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def record(project: Project, reference: str) -> Any:
    return project.workspace().show(reference).filed.record


def full_weights(project: Project, name: str = "full") -> str:
    project.write(f"{name}/config.json", '{"model_type": "tiny"}')
    project.write(f"{name}/model-00001-of-00002.safetensors", weights(400, name="one"))
    project.write(f"{name}/model-00002-of-00002.safetensors", weights(400, name="two"))
    project.write(f"{name}/tokenizer.json", "{}")
    return name


def test_full_weights_are_stored_whole(project: Project) -> None:
    done = project.register("big", full_weights(project))
    artifact = done.filed.record.artifact
    assert (done.filed.record.kind, artifact.folder) == ("full", "model")
    listed = project.client().list_logged_model_artifacts(
        done.filed.record.run.logged_model_id, "model"
    )
    assert {info.path.removeprefix("model/"): info.file_size for info in listed} == {
        entry.path: entry.size for entry in artifact.files
    }


def test_folders_within_the_weights_are_kept(project: Project) -> None:
    project.adapter("ad9")
    project.write("ad9/inner/deep/notes.txt", "kept")
    done = project.register("m", "ad9")
    listed = project.client().list_logged_model_artifacts(
        done.filed.record.run.logged_model_id, "adapter/inner/deep"
    )
    assert [info.path for info in listed] == ["adapter/inner/deep/notes.txt"]


@pytest.mark.parametrize("name", ["a#b.txt", "per%20cent.txt", "what?.txt", "a:b.txt", "größe.txt"])
def test_a_file_comes_back_under_its_own_name_or_is_refused_before_the_upload(
    project: Project, name: str
) -> None:
    project.adapter("ad9")
    project.write(f"ad9/{name}", "text")
    before = project.mlflow_rows()
    if set(name) & set("#%?"):
        with pytest.raises(Refused, match=re.escape(name)):
            project.register("m", "ad9")
        assert project.mlflow_rows() == before
        return
    done = project.register("m", "ad9")
    listed = project.client().list_logged_model_artifacts(
        done.filed.record.run.logged_model_id, "adapter"
    )
    assert f"adapter/{name}" in [info.path for info in listed]


def test_a_base_folder_is_named_by_its_bytes(project: Project) -> None:
    first = project.register("m", "ad1").filed.record.base
    project.write("base/model.safetensors", weights(300, b"other"))
    second = project.register("m", "ad1").filed.record
    assert (first.source, first.id, second.version) == ("folder", "base", 2)
    assert first.digest != second.base.digest


def test_a_base_of_a_hub_is_named_by_its_commit(project: Project) -> None:
    base = project.register("m", "ad1", base=f"org/model@{COMMIT}").filed.record.base
    assert (base.source, base.id, base.revision) == ("hub", "org/model", COMMIT)


def test_the_adapter_s_own_configuration_names_the_base_and_its_revision(project: Project) -> None:
    project.adapter("ad9", base_model_name_or_path="org/model", revision=COMMIT)
    base = project.register("m", "ad9").filed.record.base
    assert (base.id, base.revision) == ("org/model", COMMIT)


def test_a_base_that_is_not_pinned_is_told_as_a_notice(project: Project) -> None:
    project.adapter("ad9", base_model_name_or_path="org/model", revision=None)
    done = project.register("m", "ad9")
    assert any("not pinned" in notice for notice in done.notices)
    assert "no revision" in done.filed.record.base.revision.unknown


def test_a_chain_of_versions_is_walked_in_both_directions(project: Project) -> None:
    project.register("cpt", full_weights(project))
    for name in ("ad1", "ad2"):
        project.adapter(name, base_model_name_or_path="full")
    project.register("sft", "ad1", base="cpt/1")
    project.register("dpo", "ad2", base="sft/latest")
    up = project.workspace().lineage("dpo/1")
    down = project.workspace().lineage("cpt/1", down=True)
    assert [node for node in up.nodes if node.startswith("version:")] == [
        "version:dpo/1",
        "version:sft/1",
        "version:cpt/1",
    ]
    assert list(down.nodes) == ["version:cpt/1", "version:sft/1", "version:dpo/1"]


def test_a_child_cites_the_record_of_its_parent(project: Project) -> None:
    parent = project.register("sft", "ad1").filed
    child = project.register("dpo", "ad2", base="sft/1").filed.record
    assert (child.base.version, child.base.record) == ("sft/1", parent.digest)
    assert child.parents == (parent.digest,)


def test_an_alias_as_base_is_resolved_to_the_version_it_names_now(project: Project) -> None:
    project.register("sft", "ad1")
    project.workspace().move(project.workspace().plan_promotion("sft/1", "champion"))
    base = project.register("dpo", "ad2", base="sft@champion").filed.record.base
    assert base.version == "sft/1"


@pytest.mark.parametrize(
    ("base", "error"),
    [
        ("nowhere", Refused),
        ("./nowhere", NotFound),
        ("org/model@main", FtRegistryError),
        ("org/model", Refused),
        ("ghost/3", NotFound),
        ("ghost@champion", NotFound),
        ("", FtRegistryError),
        ("data", Refused),
        ("params.yaml", NotFound),
    ],
)
def test_a_base_that_is_not_there_is_refused_and_nothing_is_stored(
    project: Project, base: str, error: type[FtRegistryError]
) -> None:
    before = project.state()
    with pytest.raises(error):
        project.register("m", "ad1", base=base)
    assert project.state() == before


def test_an_existing_run_is_the_version_s_run(project: Project) -> None:
    client = project.client()
    run = client.create_run(client.create_experiment("training"), run_name="tune")
    client.log_param(run.info.run_id, "lr", "0.1")
    done = project.register("m", "ad1", run_id=run.info.run_id, evaluations=("dates.jsonl",))
    assert done.filed.record.run.run_id == run.info.run_id
    found = client.get_run(run.info.run_id)
    assert found.data.params == {"lr": "0.1"}
    assert found.data.metrics == {"dates.exact_match": 0.5}
    assert found.info.status == "RUNNING", "whoever opened it ends it"


@pytest.mark.parametrize("run_id", ["0" * 32, "../../etc", "no run"])
def test_a_run_that_is_not_there_is_told_and_nothing_is_stored(
    project: Project, run_id: str
) -> None:
    before = project.state()
    with pytest.raises(NotFound, match="run"):
        project.register("m", "ad1", run_id=run_id)
    assert project.state() == before


def test_peft_s_settings_are_on_record_in_one_order(project: Project) -> None:
    project.adapter("ad9", target_modules=["v", "o", "q"])
    peft = project.register("m", "ad9").filed.record.artifact.peft
    assert (peft.peft_type, peft.r, peft.target_modules) == ("LORA", 8, ["o", "q", "v"])


def test_two_datasets_of_one_file_name_are_both_searchable(project: Project) -> None:
    for folder in ("a", "b"):
        project.write(f"{folder}/train.jsonl", json.dumps({"p": folder}) + "\n")
        project.workspace().datasets.snapshot(project.root / folder / "train.jsonl")
    done = project.register("m", "ad1", data=("a/train.jsonl", "b/train.jsonl"))
    tags = project.client().get_model_version("m", "1").tags
    for dataset in done.filed.record.data:
        assert dataset.sha256 in tags.values()


def test_data_whose_file_name_is_no_name_can_be_registered_after_it_was_named(
    project: Project,
) -> None:
    project.write("donn\u00e9es 1.jsonl", '{"p": 1}\n')
    project.workspace().datasets.snapshot(project.root / "donn\u00e9es 1.jsonl", name="donnees")
    done = project.register("m", "ad1", data=("donn\u00e9es 1.jsonl",))
    assert [(d.path, d.name) for d in done.filed.record.data] == [
        ("donn\u00e9es 1.jsonl", "donnees")
    ]


def test_data_that_was_never_named_is_called_as_its_file(project: Project) -> None:
    project.write("donn\u00e9es 1.jsonl", '{"p": 1}\n')
    project.dvc("add", "--quiet", "donn\u00e9es 1.jsonl")
    done = project.register("m", "ad1", data=("donn\u00e9es 1.jsonl",))
    assert done.filed.record.data[0].name == "donn-es-1"


def test_a_baseline_is_a_model_whose_weights_are_elsewhere(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import load_model

    project.write("prompt.txt", "Say the date.")
    label = ("--label", "few-shot", "--base", "acme/tiny", "--config", "prompt.txt")
    added = project.done("baseline", "add", "m", *label, "--eval", "dates.jsonl")
    uri = added["baseline"]["uri"]
    model = project.client().get_logged_model(uri.removeprefix("models:/"))
    assert model.tags["mlflow.model.isExternal"] == "true"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.root / 'mlflow.db'}")
    with pytest.raises(MlflowException, match="external"):
        load_model(uri)
