"""What people do to a real MLflow by hand is named, and undone or put on record."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.project import Project, environment, items
from tests.mlflow.hands import DATA, Hands, make_three

from ft_registry.errors import BackendUnavailable, Conflict, IntegrityError, Refused

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def three(built_once: Callable[[str, Callable[[Path], None]], Path], data_template: Path) -> Path:
    return built_once("three", lambda folder: make_three(folder, data_template))


@pytest.fixture
def hands(three: Path, tmp_path: Path) -> Hands:
    """A registry of one's own; the bytes of what is there already stay where they are."""
    return Hands(Project.copy(three, tmp_path / "own"))


@pytest.fixture
def alone(data_template: Path, tmp_path: Path) -> Hands:
    """A registry of which no other copy is left: what is lost here is lost."""
    make_three(tmp_path / "alone", data_template)
    return Hands(Project(tmp_path / "alone"))


def test_a_registry_nobody_touched_shows_no_drift_and_sync_does_nothing(hands: Hands) -> None:
    before = hands.project.state()
    assert hands.drift() == []
    done = hands.sync()
    assert (done.done, done.failure) == ((), None)
    assert hands.project.state() == before


def test_alias_rows_tags_and_descriptions_come_back_by_a_plain_sync(hands: Hands) -> None:
    before = {n: (v.description, v.tags, v.aliases) for n, v in hands.versions().items()}
    hands.sql(
        "DELETE FROM registered_model_aliases", "DELETE FROM model_version_tags",
        "DELETE FROM registered_model_tags", "UPDATE model_versions SET description = NULL",
    )  # fmt: skip
    kinds = {kind for kind, _ in hands.kinds()}
    assert kinds == {"alias_missing", "tag_missing", "description_missing"}
    assert hands.sync().failure is None
    assert hands.drift() == []
    for number, version in hands.versions().items():
        description, tags, aliases = before[number]
        tags.pop("ftr.txn")  # a random word that is known nowhere else
        assert (version.description, version.tags, version.aliases) == (description, tags, aliases)


def test_an_alias_moved_by_hand_is_left_alone_by_a_plain_sync(hands: Hands) -> None:
    hands.client.set_registered_model_alias("m", "champion", "2")
    assert hands.kinds() == [("alias_moved", "m@champion")]
    failure = hands.sync().failure
    assert isinstance(failure, Conflict)
    assert "alias moved m@champion" in failure.message
    assert hands.champion() == 2


def test_restore_moves_aliases_back_and_takes_away_what_is_not_on_record(hands: Hands) -> None:
    hands.client.set_registered_model_alias("m", "champion", "2")
    hands.client.set_registered_model_alias("m", "By-Hand", "1")
    head = hands.project.head()
    hands.restore()
    assert list(hands.client.get_registered_model("m").aliases) == ["champion"]
    assert hands.project.head() == head


def test_adopt_puts_moves_by_hand_on_record_with_where_they_were_found(hands: Hands) -> None:
    hands.client.set_registered_model_alias("m", "champion", "2")
    hands.client.set_registered_model_alias("m", "canary", "1")
    assert hands.sync("adopt").failure is None
    assert hands.drift() == []
    *_, canary, champion = hands.workspace.log("m")[1::-1]
    assert champion.event.subject == "adopt m@champion at 2 from MLflow (was 3)"
    assert canary.event.subject == "adopt m@canary at 1 from MLflow"
    assert (champion.event.previous, champion.event.to) == (3, 2)
    assert champion.event.actor.name == "Ada"
    found = champion.event.provenance
    assert (found["store"], found["uri"]) == ("mlflow", hands.workspace.mlflow.uri)
    assert found["seen_at"] <= champion.event.time
    assert hands.workspace.show("m@champion").filed.record.version == 2
    plan = hands.workspace.plan_rollback("m@champion", reason="worse")
    assert plan.to == 3, "an adopted move counts as a promotion"


def test_adopt_takes_an_alias_away_that_was_removed_by_hand(hands: Hands) -> None:
    hands.client.delete_registered_model_alias("m", "champion")
    assert hands.sync("adopt").failure is None
    assert hands.drift() == []
    newest = hands.workspace.log("m")[0].event
    assert (newest.type, newest.previous, newest.to) == ("adopt", 3, None)
    assert hands.workspace.status().models[0].aliases == {}
    moved = hands.workspace.plan_promotion("m/2", "champion")
    hands.workspace.move(moved)
    assert hands.drift() == []


def test_adopt_takes_no_alias_of_a_version_that_is_not_on_record(hands: Hands) -> None:
    hands.register_natively(1)
    hands.client.set_registered_model_alias("m", "champion", "4")
    head = hands.project.head()
    failure = hands.sync("adopt").failure
    assert isinstance(failure, Conflict)
    assert hands.project.head() == head
    hands.sync("restore")
    assert hands.champion() == 3
    assert 4 in hands.versions(), "it may be being registered"


def test_an_alias_that_mlflow_missed_follows_by_a_plain_sync(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ft_registry.backends.mlflow.store import MlflowModels
    from ft_registry.errors import BackendUnavailable

    def away(*_arguments: object, **_options: object) -> None:
        raise BackendUnavailable("expected MLflow, found none")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowModels, "set_alias", away)
        workspace = hands.workspace
        assert workspace.move(workspace.plan_promotion("m/2", "champion")).notices
    assert hands.kinds() == [("description_missing", "m"), ("alias_stale", "m@champion")]
    assert hands.sync().failure is None
    assert hands.drift() == []
    assert hands.champion() == 2


@pytest.mark.parametrize("number", [2, 3])
def test_a_deleted_version_comes_back_under_its_number(
    hands: Hands, number: int, tmp_path: Path
) -> None:
    """The middle one, and the newest one, which champion names."""
    hands.client.set_registered_model_tag("m", "team", "search")
    hands.client.set_model_version_tag("m", "1", "mine", "kept")
    hands.client.delete_model_version("m", str(number))
    assert hands.kinds() == [("version_deleted", f"m/{number}")]
    assert isinstance(hands.sync().failure, Conflict)
    hands.restore()
    assert sorted(hands.versions()) == [1, 2, 3]
    assert hands.versions()[1].tags["mine"] == "kept"
    assert hands.client.get_registered_model("m").tags["team"] == "search"
    assert hands.champion() == 3
    hands.loads(number, f"ad{number}", tmp_path)
    hands.project.adapter("ad4")
    assert hands.project.register("m", "ad4", data=DATA[:1]).filed.record.version == 4


def test_an_adopted_deletion_is_expected_no_more(hands: Hands) -> None:
    hands.client.delete_model_version("m", "2")
    assert hands.sync("adopt").failure is None
    assert hands.drift() == []
    assert hands.workspace.log()[0].event.subject == "adopt the deletion of m/2 from MLflow"
    with pytest.raises(Refused, match="m/2, called deleted"):
        hands.project.register("m", "ad2", data=DATA[:1], method="sft")


def test_the_deletion_of_what_an_alias_names_is_not_adopted(hands: Hands) -> None:
    hands.client.delete_model_version("m", "3")
    head = hands.project.head()
    assert isinstance(hands.sync("adopt").failure, Conflict)
    assert hands.project.head() == head


def test_a_run_in_the_trash_is_taken_out_by_a_plain_sync(hands: Hands) -> None:
    run_id = hands.versions()[2].run_id
    hands.client.delete_run(run_id)
    assert hands.kinds() == [("run_deleted", "m/2")]
    assert hands.sync().failure is None
    assert hands.client.get_run(run_id).info.lifecycle_stage == "active"


def gc(hands: Hands) -> None:
    uri = hands.workspace.mlflow.uri
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", uri],
        env=environment({"MLFLOW_TRACKING_URI": uri}), cwd=hands.project.root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_run_that_gc_took_is_made_again_from_the_record(hands: Hands, tmp_path: Path) -> None:
    before = hands.client.get_run(hands.versions()[1].run_id)
    hands.client.delete_run(before.info.run_id)
    gc(hands)
    assert hands.kinds() == [("run_gone", "m/1")]
    hands.restore()
    version = hands.versions()[1]
    after = hands.client.get_run(version.run_id)
    assert after.info.run_id != before.info.run_id
    assert after.data.params == before.data.params
    assert after.data.metrics == before.data.metrics
    names = [{(d.dataset.name, d.dataset.digest) for d in run.inputs.dataset_inputs}
             for run in (before, after)]  # fmt: skip
    assert names[0] == names[1]
    hands.loads(1, "ad1", tmp_path)
    assert hands.workspace.log()[0].event.type == "relocate"


def test_a_deleted_logged_model_whose_bytes_survive_is_stored_anew(
    hands: Hands, tmp_path: Path
) -> None:
    hands.client.delete_logged_model(hands.versions()[2].source.removeprefix("models:/"))
    assert hands.kinds() == [("logged_model_gone", "m/2")]
    hands.restore()
    hands.loads(2, "ad2", tmp_path)
    assert hands.workspace.verify("m/2").ok
    home = hands.versions()[2]
    shown = hands.project.cli("show", "m/2").stdout
    assert f"{home.source} (run {home.run_id[:12]})" in shown, "where it lies now"
    assert hands.project.done("show", "m/2")["uri"] == home.source


def test_bytes_that_are_lost_are_told_and_the_rest_goes_on(alone: Hands) -> None:
    alone.client.delete_logged_model(alone.versions()[2].source.removeprefix("models:/"))
    gc(alone)
    alone.client.set_registered_model_alias("m", "champion", "1")
    done = alone.sync("restore")
    assert isinstance(done.failure, IntegrityError)
    assert [str(version) for version in done.lost] == ["m/2"]
    assert done.failure.message.endswith("found 1 that cannot be: m/2")
    assert alone.kinds() == [("logged_model_gone", "m/2")]
    assert alone.champion() == 3


def test_bytes_that_changed_are_not_stored_anew(alone: Hands) -> None:
    version = alone.versions()[2]
    model = alone.client.get_logged_model(version.source.removeprefix("models:/"))
    weights = Path(model.artifact_location.removeprefix("file://"))
    weights = weights / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    alone.client.delete_logged_model(model.model_id)
    done = alone.sync("restore")
    assert isinstance(done.failure, IntegrityError)
    assert ["adapter_model.safetensors" in why for why in done.lost.values()] == [True]
    assert alone.workspace.log()[0].event.type == "promote"


def test_edits_are_told_and_undone_only_when_asked(hands: Hands) -> None:
    hands.client.set_model_version_tag("m", "1", "ftr.kind", "full")
    hands.client.set_model_version_tag("m", "1", "ftr.mine", "1")
    hands.client.update_model_version("m", "1", description="the best")
    hands.client.delete_model_version_tag("m", "1", "ftr.commit")
    failure = hands.sync().failure
    assert isinstance(failure, Conflict)
    assert [kind for kind, _ in hands.kinds()] == [
        "description_edited", "tag_edited", "tag_edited",
    ], "what was missing is back"  # fmt: skip
    assert isinstance(hands.sync("adopt").failure, Conflict), "pages are no source of truth"
    hands.restore()
    assert "ftr.mine" not in hands.versions()[1].tags


def test_an_older_backup_of_the_database_is_brought_up_to_date(
    three: Path, hands: Hands, tmp_path: Path
) -> None:
    backup = hands.back_up()
    hands.project.adapter("ad4")
    hands.project.adapter("ad5")
    for name in ("ad4", "ad5"):
        hands.project.register("m", name, data=DATA[:1])
    workspace = hands.workspace
    workspace.move(workspace.plan_promotion("m/5", "champion"))
    hands.lose_database(backup)
    assert set(hands.kinds()) == {("alias_stale", "m@champion"), ("database_behind", "m")}
    failure = hands.sync().failure
    assert isinstance(failure, Conflict)
    hands.restore()
    assert sorted(hands.versions()) == [1, 2, 3, 4, 5]
    hands.loads(5, "ad5", tmp_path)
    assert hands.champion() == 5


def test_numbers_that_an_older_backup_gave_out_again_are_taken_back(
    hands: Hands, tmp_path: Path
) -> None:
    backup = hands.back_up()
    hands.project.adapter("ad4")
    hands.project.register("m", "ad4", data=DATA[:1])
    hands.lose_database(backup)
    hands.register_natively(1)
    assert hands.kinds() == [("version_replaced", "m/4")]
    hands.restore()
    hands.loads(4, "ad4", tmp_path)


def test_a_lost_database_is_made_again_from_the_ledger_and_the_bytes(
    hands: Hands, tmp_path: Path
) -> None:
    hands.lose_database()
    assert hands.kinds() == [("database_lost", "MLflow")]
    hands.restore_as_process()
    assert sorted(hands.versions()) == [1, 2, 3]
    assert hands.champion() == 3
    for number in (1, 2, 3):
        hands.loads(number, f"ad{number}", tmp_path / str(number))
        assert hands.workspace.verify(f"m/{number}").ok
    run = hands.client.get_run(hands.versions()[1].run_id)
    assert run.data.metrics == {"dates.exact_match": 0.5}
    record = hands.workspace.show("m/1").filed
    model = hands.client.get_logged_model(hands.versions()[1].source.removeprefix("models:/"))
    folder = Path(model.artifact_location.removeprefix("file://"))
    assert (folder / "ftr/record.json").read_bytes() == record.content


def measure(hands: Hands, name: str, *, good: int) -> None:
    hands.project.write(name, items(good=good))
    hands.project.done("eval", "add", "m/1", name, "--suite", "dates")


def measured_of(hands: Hands) -> list[tuple[str, float, int]]:
    model = hands.client.get_logged_model(hands.versions()[1].source.removeprefix("models:/"))
    return sorted((one.key, one.value, one.timestamp) for one in model.metrics)


def test_a_version_that_was_measured_more_than_once_comes_back_whole(alone: Hands) -> None:
    measure(alone, "again.jsonl", good=7)
    measure(alone, "third.jsonl", good=6)
    before = measured_of(alone)
    assert sorted(value for _, value, _ in before) == [0.5, 0.6, 0.7]
    alone.lose_database()
    alone.restore_as_process()
    assert [one[:2] for one in measured_of(alone)] == [one[:2] for one in before]
    run_id = alone.versions()[1].run_id
    history = alone.client.get_metric_history(run_id, "dates.exact_match")
    by_time = sorted(history, key=lambda one: one.timestamp)
    assert [one.value for one in by_time] == [0.5, 0.7, 0.6]
    assert alone.client.get_run(run_id).data.metrics == {"dates.exact_match": 0.6}
    assert [one for one in alone.workspace.verify("m/1").findings if one.state != "ok"] == []
    model = alone.client.get_logged_model(alone.versions()[1].source.removeprefix("models:/"))
    folder = Path(model.artifact_location.removeprefix("file://"))
    assert (folder / "ftr/report.html").is_file()
    assert (folder / "ftr/lineage.html").is_file()


def test_an_upload_that_failed_leaves_nothing_that_counts_and_is_done_again(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    hands.client.delete_logged_model(hands.versions()[1].source.removeprefix("models:/"))
    head, rows = hands.project.head(), hands.project.mlflow_rows()
    for broken in ("log_model_artifacts", "finalize_logged_model", "log_batch", "log_outputs"):

        def fails(*_arguments: object, **_more: object) -> None:
            raise MlflowException("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, broken, fails)
            with pytest.raises(BackendUnavailable, match="the disk is full"):
                hands.sync("restore")
        assert hands.project.head() == head, broken
        experiment = hands.client.get_experiment_by_name("m").experiment_id
        live = hands.client.search_logged_models([experiment])
        assert {model.model_id for model in live} == {
            hands.versions()[number].source.removeprefix("models:/") for number in (2, 3)
        }, broken
        assert len(hands.client.search_runs([experiment])) == rows["runs"], broken
    hands.restore()


def test_what_is_added_after_a_loss_goes_to_where_the_version_lies_since(hands: Hands) -> None:
    hands.lose_database()
    hands.restore_as_process()
    hands.project.write("more.jsonl", items(8, good=4))
    hands.project.register("m", "ad1", data=DATA, evaluations=("more.jsonl",), method="sft")
    assert hands.drift() == []
    run = hands.client.get_run(hands.versions()[1].run_id)
    assert set(run.data.metrics) == {"dates.exact_match", "more.exact_match"}


def test_the_log_of_a_lost_database_is_not_mixed_into_a_new_one(hands: Hands) -> None:
    log = hands.database.with_name("mlflow.db-wal")
    content = os.urandom(100)
    hands.lose_database()
    log.write_bytes(content)
    found = hands.workspace.status()
    assert (found.drift, "found only its log" in found.unchecked) == ((), True)
    outcome = hands.project.cli("sync", "--restore")
    assert (outcome.code, "found only its log" in outcome.stderr) == (6, True)
    assert (hands.database.exists(), log.read_bytes()) == (False, content)
    log.unlink()
    hands.restore_as_process()


def test_a_database_that_a_command_wrote_is_whole_in_one_file(hands: Hands) -> None:
    hands.project.done("promote", "m/1", "--to", "champion")
    hands.lose_database(instead=Path(shutil.copy(hands.database, hands.project.root / "copy.db")))
    assert hands.drift() == []


def test_what_mlflow_still_knows_is_restored_only_if_its_bytes_are_whole(alone: Hands) -> None:
    for number in (1, 2):
        model = alone.client.get_logged_model(
            alone.versions()[number].source.removeprefix("models:/")
        )
        weights = Path(model.artifact_location.removeprefix("file://")) / "adapter"
        weights = weights / "adapter_model.safetensors"
        alone.client.delete_model_version("m", str(number))
        if number == 1:
            weights.unlink()
        else:
            weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    done = alone.sync("restore")
    assert isinstance(done.failure, IntegrityError)
    assert {str(version): why.split("found ")[1] for version, why in done.lost.items()} == {
        "m/1": "no such file",
        "m/2": "other bytes",
    }
    assert sorted(alone.versions()) == [3]


def test_a_registered_model_deleted_by_hand_comes_back(hands: Hands) -> None:
    hands.client.delete_registered_model("m")
    assert hands.kinds() == [("database_lost", "MLflow")]
    hands.restore()
    assert sorted(hands.versions()) == [1, 2, 3]


def test_a_copy_of_the_record_beside_the_weights_comes_back(alone: Hands) -> None:
    model = alone.client.get_logged_model(alone.versions()[2].source.removeprefix("models:/"))
    copy = Path(model.artifact_location.removeprefix("file://")) / "ftr" / "record.json"
    content = copy.read_bytes()
    copy.unlink()
    assert alone.sync().failure is None
    assert copy.read_bytes() == content


def test_a_description_of_the_model_that_a_hand_wrote_is_put_back(hands: Hands) -> None:
    before = hands.client.get_registered_model("m").description
    hands.client.update_registered_model("m", "the best model")
    assert hands.kinds() == [("description_edited", "m")]
    assert hands.sync().failure is not None
    assert hands.client.get_registered_model("m").description == "the best model"
    hands.restore()
    assert hands.client.get_registered_model("m").description == before
    assert "champion is version 3" in before


def test_restore_leaves_no_word_of_an_alias_whose_event_is_gone(alone: Hands) -> None:
    workspace = alone.workspace
    workspace.move(workspace.plan_promotion("m/1", "stable"))
    project = alone.project
    project.git("update-ref", "refs/heads/ft-registry", f"{project.head()}^")
    assert alone.kinds() == [("alias_ahead", "m@stable")]
    alone.restore()
    assert "stable" not in alone.client.get_registered_model("m").description


def test_pages_of_a_version_that_is_put_back_are_made_again(alone: Hands) -> None:
    model = alone.client.get_logged_model(alone.versions()[1].source.removeprefix("models:/"))
    folder = Path(model.artifact_location.removeprefix("file://")) / "ftr"
    for name in ("record.json", "report.html", "lineage.html"):
        (folder / name).unlink()
    assert alone.sync().failure is None
    assert "dates.exact" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "lineage.html").is_file()


def test_a_database_of_another_shape_is_asked_through_mlflow(hands: Hands) -> None:
    hands.client.set_registered_model_alias("m", "champion", "2")
    workspace = hands.workspace
    quick = workspace.view(patience=1, may_import=False).shown(["m"])
    from ft_registry.backends.mlflow import view_client

    found = view_client.ask_client(workspace.mlflow, ["m", "m~rebuild", "no-such-model"])
    assert set(found.models) == {"m"}
    assert found.models["m"].aliases == dict(quick["m"].aliases)
    assert found.models["m"].description == quick["m"].description
    by_client = {
        n: (v.description, v.tags, v.source) for n, v in found.models["m"].versions.items()
    }
    assert by_client == {
        n: (v.description, dict(v.tags), v.uri) for n, v in quick["m"].versions.items()
    }
    assert set(found.runs.values()) == {"active"}
    assert set(found.logged_models.values()) == {True}


def test_a_prompt_under_the_name_of_a_model_is_no_model(hands: Hands) -> None:
    hands.client.set_registered_model_tag("m", "mlflow.prompt.is_prompt", "true")
    view = hands.workspace.view(patience=1, may_import=False)
    assert view.shown(["m"]) == {}


def test_without_database_and_bytes_every_loss_is_told(alone: Hands) -> None:
    shutil.rmtree(alone.project.root / "mlartifacts")
    alone.lose_database()
    head = alone.project.head()
    outcome = alone.project.cli("--json", "sync", "--restore")
    assert (outcome.code, len(outcome.document["lost"])) == (4, 3), outcome.stderr
    assert alone.project.head() == head
