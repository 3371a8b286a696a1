"""What a registration puts into the real MLflow, and what it does not do twice."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, items, tree_digests

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pages.md"
DATA = ("data/train.jsonl", "data/dates.jsonl:eval")


def record_of(project: Project, reference: str = "m/1") -> Any:
    return project.workspace().show(reference).filed


@pytest.mark.parametrize("reference", ["m/1", "m@champion"])
def test_what_mlflow_gives_back_is_what_was_registered(
    registered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    from mlflow.artifacts import download_artifacts

    monkeypatch.setenv("MLFLOW_TRACKING_URI", registered.workspace().mlflow.uri)
    path = download_artifacts(f"models:/{reference}", dst_path=str(tmp_path))
    assert tree_digests(Path(path) / "adapter") == tree_digests(registered.root / "ad1")


def test_the_version_points_to_the_bytes_by_the_record_s_uri(registered: Project) -> None:
    version = registered.client().get_model_version("m", "1")
    record = record_of(registered).record
    assert version.source == record.artifact.uri
    assert version.run_id == record.run.run_id


def test_where_a_site_is_served_the_version_links_to_its_line_there(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FT_REGISTRY_SITE", "https://pages.example.org/models/")
    project.register("m", "ad1", data=DATA)
    link = project.client().get_model_version("m", "1").run_link
    assert link.startswith("https://pages.example.org/models/models/m/index.html#m-")
    project.client().delete_model_version("m", "1")
    project.done("sync", "--restore")
    assert project.client().get_model_version("m", "1").run_link == link
    project.done("report", "--into", tmp_path / "site")
    page, _, line = link.removeprefix("https://pages.example.org/models/").partition("#")
    assert f'id="{line}"' in (tmp_path / "site" / page).read_text()


def test_the_version_is_tagged_for_search(registered: Project) -> None:
    tags = registered.client().get_model_version("m", "1").tags
    filed = record_of(registered)
    trained, measured = filed.record.data[1], filed.record.data[0]
    random = ("ftr.txn", "ftr.description")
    assert {name: tags[name] for name in tags if name not in random} == {
        "ftr.identity": filed.record.identity,
        "ftr.record": filed.digest,
        "ftr.artifact": filed.record.artifact.digest,
        "ftr.config": filed.record.config.digest,
        "ftr.kind": "adapter",
        "ftr.method": "sft",
        "ftr.base": "base",
        "ftr.base.digest": filed.record.base.digest,
        "ftr.commit": filed.record.code.commit,
        "ftr.dirty": "false",
        "ftr.data.train.train.dvc": trained.dvc.md5,
        "ftr.data.train.train.sha256": trained.sha256,
        "ftr.data.eval.dates.dvc": measured.dvc.md5,
        "ftr.data.eval.dates.sha256": measured.sha256,
    }


@pytest.mark.parametrize("tag", ["ftr.identity", "ftr.record", "ftr.data.train.train.sha256"])
def test_a_hash_finds_the_version(mine: Project, tag: str) -> None:
    mine.register("m", "ad2")
    client = mine.client()
    value = client.get_model_version("m", "1").tags[tag]
    found = client.search_model_versions(f"tags.`{tag}` = '{value}'")
    assert [(version.name, int(version.version)) for version in found] == [("m", 1)]


def test_the_documented_search_finds_versions_by_their_data(mine: Project) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (asked,) = re.findall(r'search_model_versions\("(tags[^"]*)"\)', page)
    (like,) = re.findall(r"``(tags\.`ftr.base` LIKE .*?)``", page)
    mine.register("m", "ad2", data=DATA)
    train = next(d for d in record_of(mine).record.data if d.role == "train")
    client = mine.client()
    sha256 = train.sha256.removeprefix("sha256:")
    found = client.search_model_versions(asked.replace("{sha256}", sha256))
    assert sorted(int(version.version) for version in found) == [1, 2]
    assert client.search_model_versions(asked.replace("{sha256}", "0" * 64)) == []
    assert len(client.search_model_versions(like.replace("qwen%", "bas%"))) == 2


def test_pages_that_tell_of_the_version_lie_among_the_artifacts(registered: Project) -> None:
    filed = record_of(registered)
    model = registered.client().get_logged_model(filed.record.run.logged_model_id)
    folder = Path(model.artifact_location[7:])
    report = (folder / "ftr" / "report.html").read_text(encoding="utf-8")
    assert "dates.exact_match" in report
    assert "@champion" in report
    assert "the &lt;first&gt; one" in report
    assert "train.jsonl" in (folder / "ftr" / "lineage.html").read_text(encoding="utf-8")


def test_the_page_of_the_model_tells_its_champion(registered: Project) -> None:
    told = registered.client().get_registered_model("m").description
    assert told.startswith("m: 1 version, champion is version 1")
    assert "the first" not in told


def test_a_version_is_held_against_the_champion_where_it_is_registered(mine: Project) -> None:
    mine.write("new/dates.jsonl", items(good=8))
    mine.register("m", "ad2", data=DATA, evaluations=("new/dates.jsonl",))
    told = mine.client().get_model_version("m", "2").description.replace("\\", "")
    assert told.splitlines()[-1] == ("- m/1, @champion: dates.exact_match 0.5000 (+0.3000 here)")
    assert mine.workspace().status().drift == ()
    mine.workspace().move(mine.workspace().plan_promotion("m/2", "champion"))
    assert mine.workspace().status().drift == ()


def test_the_record_lies_among_the_artifacts_under_its_own_name(registered: Project) -> None:
    filed = record_of(registered)
    client = registered.client()
    folder = Path(client.get_logged_model(filed.record.run.logged_model_id).artifact_location[7:])
    content = (folder / "ftr" / "record.json").read_bytes()
    assert content == filed.content
    tag = client.get_model_version("m", "1").tags["ftr.record"]
    assert "sha256:" + hashlib.sha256(content).hexdigest() == tag


def test_the_description_tells_what_it_is_and_escapes_the_note(registered: Project) -> None:
    description = registered.client().get_model_version("m", "1").description
    assert "SFT" in description
    assert "data/train.jsonl" in description
    assert "<first>" not in description


def test_the_run_holds_the_parameters(registered: Project) -> None:
    run = registered.client().get_run(record_of(registered).record.run.run_id)
    assert run.data.params["params.yaml.train.lr"] == "0.001"
    assert run.data.params["adapter.r"] == "8"
    assert run.info.status == "FINISHED"


def test_the_run_has_the_datasets_as_inputs_with_dvc_s_own_hash(registered: Project) -> None:
    record = record_of(registered).record
    inputs = registered.client().get_run(record.run.run_id).inputs.dataset_inputs
    found = {
        (i.dataset.name, i.dataset.digest, {t.key: t.value for t in i.tags}["mlflow.data.context"])
        for i in inputs
    }
    assert found == {
        ("train", record.data[1].dvc.md5, "training"),
        ("dates", record.data[0].dvc.md5, "evaluation"),
    }


def test_a_score_is_tied_to_the_model_and_to_the_data_it_was_measured_on(
    registered: Project,
) -> None:
    record = record_of(registered).record
    model = registered.client().get_logged_model(record.run.logged_model_id)
    found = [(m.key, m.value, m.dataset_name, m.dataset_digest) for m in model.metrics]
    assert found == [("dates.exact_match", 0.5, "dates", record.data[0].dvc.md5)]


def test_the_items_of_an_evaluation_lie_among_the_artifacts(registered: Project) -> None:
    shown = registered.workspace().show("m/1")
    (evaluation,) = shown.evaluations
    model = registered.client().get_logged_model(shown.filed.record.run.logged_model_id)
    content = (Path(model.artifact_location[7:]) / evaluation.items.artifact).read_bytes()
    assert "sha256:" + hashlib.sha256(content).hexdigest() == evaluation.items.digest


def test_the_same_inputs_again_are_the_same_version(mine: Project) -> None:
    before = mine.state()
    again = mine.register("m", "ad1", data=DATA, evaluations=("dates.jsonl",), method="sft")
    assert (again.created, again.filed.record.version, again.evaluations) == (False, 1, ())
    assert mine.state() == before


def test_the_same_weights_from_other_data_are_another_version(mine: Project) -> None:
    assert mine.register("m", "ad1").filed.record.version == 2


def test_the_same_weights_under_another_name_are_another_model(mine: Project) -> None:
    done = mine.register("other", "ad1", data=DATA)
    assert (done.created, done.filed.record.reference) == (True, "other/1")


def test_scores_can_be_added_later_by_registering_again(mine: Project) -> None:
    mine.write("math.jsonl", items(4, metric="pass", good=1))
    before = mine.mlflow_rows()
    done = mine.register("m", "ad1", data=DATA, evaluations=("math.jsonl",))
    assert (done.created, [e.suite for e in done.evaluations]) == (False, ["math"])
    assert mine.mlflow_rows() == before
    assert mine.events()[-1] == "evaluate m/1: math"
    (row,) = mine.workspace().list_versions("m")
    assert row.scores == {"dates.exact_match": 0.5, "math.pass": 0.25}
    model_id = record_of(mine).record.run.logged_model_id
    metrics = mine.client().get_logged_model(model_id).metrics
    assert {m.key: m.value for m in metrics} == row.scores
    assert "math" in mine.client().get_model_version("m", "1").description


def test_an_uncommitted_change_is_kept_as_a_patch_that_makes_the_tree_again(
    project: Project, tmp_path: Path
) -> None:
    project.write("params.yaml", "seed: 8\n")
    project.write("new.py", "print(1)\n")
    record = project.register("m", "ad1").filed.record
    assert record.code.dirty
    model = project.client().get_logged_model(record.run.logged_model_id)
    patch = Path(model.artifact_location[7:]) / record.code.patch.artifact
    project.git("worktree", "add", "-q", "--detach", str(tmp_path / "again"), record.code.commit)
    project.git("apply", str(patch), cwd=tmp_path / "again")
    assert (tmp_path / "again" / "params.yaml").read_text() == "seed: 8\n"
    assert (tmp_path / "again" / "new.py").read_text() == "print(1)\n"


def test_registering_changes_neither_work_tree_nor_index_nor_branches(project: Project) -> None:
    project.write("staged.py", "")
    project.git("add", "staged.py")
    project.write("params.yaml", "seed: 9\n")
    before = project.state()
    project.register("m", "ad1", data=DATA)
    after = project.state()
    assert (after["files"], after["index"]) == (before["files"], before["index"])
    assert project.git("log", "-1", "--format=%H") in before["refs"]


def test_the_cited_commit_survives_git_s_gc(project: Project) -> None:
    project.write("code.py", "1")
    cited = project.commit("code.py")
    project.register("m", "ad1")
    project.git("reset", "-q", "--hard", "HEAD~1")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    assert project.git("cat-file", "-t", cited) == "commit"


@pytest.mark.parametrize(
    "metric", ["pass@1", "exact match (%)", "f1/macro", "größe", "a//b", "x" * 200, "../up", "/"]
)
def test_a_metric_may_be_called_as_evaluations_call_it(project: Project, metric: str) -> None:
    project.write("scores.jsonl", json.dumps({"id": "q", metric: 1}) + "\n")
    done = project.register("m", "ad1", evaluations=("scores.jsonl",))
    assert [score.metric for score in done.evaluations[0].scores] == [metric]
    assert done.notices[:1] != ["m/1 is on record; MLflow does not show all of it yet"]
    metrics = project.client().get_logged_model(done.filed.record.run.logged_model_id).metrics
    assert [m.value for m in metrics] == [1.0]


@pytest.mark.parametrize(
    "config",
    [
        "a//b: 1\n",
        "../up: 1\n",
        '"": 1\n',
        "[1, 2]",
        "x: " + "y" * 7000,
        "\"pass@1\": 1\n'größe (cm)': 2\n",
        f"{'k' * 300}: 1\n",
        "".join(f"k{n}: {n}\n" for n in range(250)),
        "nothing: null\nempty: ''\nlist: []\n",
    ],
)
def test_a_configuration_may_hold_what_yaml_can(project: Project, config: str) -> None:
    project.write("odd.yaml", config)
    done = project.register("m", "ad1", configs=("odd.yaml",))
    assert done.created
    assert "odd.yaml" in done.filed.record.config.files
