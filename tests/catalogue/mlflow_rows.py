"""Rows 98 to 108: what becomes of MLflow, and what hands do in it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.catalogue.adapter_rows import REGISTER
from tests.catalogue.rows import Row, case
from tests.catalogue.score_rows import PROMOTE
from tests.catalogue.storage_rows import rot
from tests.cli.project import Project
from tests.mlflow.hands import Hands, forget_connections

NOWHERE = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}


def files(project: Project, version: int) -> Path:
    """Returns where MLflow keeps a version's files."""
    record = project.workspace().show(f"m/{version}").filed.record
    return project.root / "mlartifacts/m/models" / record.run.logged_model_id / "artifacts"


@case(6, "127.0.0.1:9", environment=NOWHERE)
def a_server_that_is_down(project: Project) -> Sequence[str]:
    project.adapter("ad3")
    return REGISTER


@case(0, environment=NOWHERE)
def a_server_that_is_down_for_who_reads(project: Project) -> Sequence[str]:
    return "show", "m/1"


@case(6, "database")
def a_database_of_a_later_mlflow(project: Project) -> Sequence[str]:
    Hands(project).sql("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    project.adapter("ad3")
    return REGISTER


@case(6, "mlflow.db")
def a_database_that_is_none(project: Project) -> Sequence[str]:
    project.write("mlflow.db", "this is no database")
    project.adapter("ad3")
    return REGISTER


@case(0, "m/1", "deleted")
def a_version_deleted_by_hand_seen_by_status(project: Project) -> Sequence[str]:
    Hands(project).client.delete_model_version("m", "1")
    return ("status",)


@case(4, "m/1")
def a_version_deleted_by_hand_that_is_promoted(project: Project) -> Sequence[str]:
    Hands(project).client.delete_model_version("m", "1")
    return PROMOTE


def _has_version(project: Project) -> None:
    assert 1 in Hands(project).versions()


@case(0, "m/1", changes=True, after=_has_version)
def a_version_deleted_by_hand_that_is_restored(project: Project) -> Sequence[str]:
    Hands(project).client.delete_model_version("m", "1")
    forget_connections()
    return "sync", "--restore"


@case(4, "adapter_model.safetensors")
def files_that_mlflow_threw_away(project: Project) -> Sequence[str]:
    shutil.rmtree(files(project, 1))
    return "verify", "m/1"


@case(0, "ftr.record", "m/1")
def a_tag_edited_by_hand(project: Project) -> Sequence[str]:
    Hands(project).client.set_model_version_tag("m", "1", "ftr.record", "sha256:" + 64 * "0")
    return ("status",)


@case(0, "champion")
def an_alias_moved_by_hand(project: Project) -> Sequence[str]:
    Hands(project).client.set_registered_model_alias("m", "champion", "1")
    return ("status",)


@case(0, '"version": 2')
def an_alias_moved_by_hand_for_who_asks_what_serves(project: Project) -> Sequence[str]:
    Hands(project).client.set_registered_model_alias("m", "champion", "1")
    return "show", "m@champion"


@case(0, "database_behind")
def a_database_put_back_from_an_older_copy(project: Project) -> Sequence[str]:
    copy = Hands(project).back_up()
    project.adapter("ad3")
    project.done(*REGISTER)
    Hands(project).lose_database(copy)
    return ("status",)


@case(4, "m/1")
def another_registry_with_the_same_names(project: Project) -> Sequence[str]:
    other = Project.copy(project.root, project.root.parent / "other")
    work = Hands(other)
    work.client.delete_model_version("m", "1")
    work.client.delete_registered_model("m")
    work.client.create_registered_model("m")
    work.client.create_model_version("m", "s3://elsewhere/weights")
    forget_connections()
    work.back_up().rename(project.root / "mlflow.db")
    for rest in ("-wal", "-shm"):
        (project.root / f"mlflow.db{rest}").unlink(missing_ok=True)
    return PROMOTE


@case(4, "adapter_model.safetensors")
def weights_overwritten_after_they_were_registered(project: Project) -> Sequence[str]:
    rot(files(project, 1) / "adapter" / "adapter_model.safetensors")
    return PROMOTE


@case(4, "extra.bin")
def a_file_added_to_the_weights(project: Project) -> Sequence[str]:
    (files(project, 1) / "adapter" / "extra.bin").write_bytes(b"more")
    return PROMOTE


@case(1, "trash", "mlflow experiments restore")
def an_experiment_that_was_archived(project: Project) -> Sequence[str]:
    client = Hands(project).client
    for experiment in client.search_experiments():
        if experiment.name != "Default":
            client.delete_experiment(experiment.experiment_id)
    forget_connections()
    project.adapter("ad3")
    return REGISTER


@case(0)
def names_that_a_terminal_would_obey(project: Project) -> Sequence[str]:
    Hands(project).sql(
        "INSERT INTO registered_model_aliases (alias, version, name) "
        "VALUES ('red' || char(27) || '[31m' || char(8238), 1, 'm')",
        "INSERT INTO registered_models (name) VALUES ('evil' || char(27) || '[2J')",
    )
    return ("status",)


SYNC = "mlflow/test_mlflow_sync.py"
AWAY = "cli/test_cli_mlflow_away.py"

ROWS = (
    Row(98, "a server that is down, a database of another MLflow, or none",
        "reading goes on; writing is refused, with where and why",
        (a_server_that_is_down, a_server_that_is_down_for_who_reads,
         a_database_of_a_later_mlflow, a_database_that_is_none),
        (f"{AWAY}::test_writing_is_refused_while_mlflow_is_away_and_nothing_changes",
         "mlflow/test_mlflow_drift.py::test_a_database_of_another_shape_is_told",
         "cli/test_cli_doctor.py::test_the_version_of_a_server_is_judged")),
    Row(99, "a version deleted in MLflow", "`status` names it, it serves no more, "
        "`sync --restore` makes it again under its number",
        (a_version_deleted_by_hand_seen_by_status, a_version_deleted_by_hand_that_is_promoted,
         a_version_deleted_by_hand_that_is_restored),
        (f"{SYNC}::test_a_deleted_version_comes_back_under_its_number",)),
    Row(100, "a run deleted, and `mlflow gc`",
        "`verify` names what is lost; what survives comes back",
        (files_that_mlflow_threw_away,),
        (f"{SYNC}::test_a_run_that_gc_took_is_made_again_from_the_record",
         f"{SYNC}::test_bytes_that_are_lost_are_told_and_the_rest_goes_on")),
    Row(101, "tags edited in MLflow", "`status` names them; nothing relies on them",
        (a_tag_edited_by_hand,),
        (f"{SYNC}::test_edits_are_told_and_undone_only_when_asked",)),
    Row(102, "an alias moved in MLflow", "not believed; `status` names it",
        (an_alias_moved_by_hand, an_alias_moved_by_hand_for_who_asks_what_serves),
        ("cli/test_cli_moves.py"
         "::test_an_alias_that_was_moved_by_hand_in_mlflow_is_not_believed",
         "cli/test_cli_gate.py"
         "::test_what_was_moved_in_mlflow_is_not_adopted_around_the_gate")),
    Row(103, "a database put back from an older copy",
        "`status` says so; `sync` brings it up to date",
        (a_database_put_back_from_an_older_copy,),
        (f"{SYNC}::test_an_older_backup_of_the_database_is_brought_up_to_date",
         f"{SYNC}::test_numbers_that_an_older_backup_gave_out_again_are_taken_back")),
    Row(104, "another registry with the same names", "versions are held by their digest: refused",
        (another_registry_with_the_same_names,)),
    Row(105, "weights overwritten after they were registered", "refused, with both digests",
        (weights_overwritten_after_they_were_registered,),
        ("mlflow/test_mlflow_artifacts.py"
         "::test_weights_overwritten_by_mlflow_itself_are_changed",)),
    Row(106, "a file added to a version", "refused, by name", (a_file_added_to_the_weights,)),
    Row(107, "an experiment that was archived", "refused, with how to bring it back",
        (an_experiment_that_was_archived,)),
    Row(108, "names that a terminal would obey", "shown without what it would obey",
        (names_that_a_terminal_would_obey,),
        ("cli/test_cli_sync.py::test_hostile_names_obey_nobody",
         "mlflow/test_mlflow_artifacts.py"
         "::test_only_names_that_could_be_registered_are_files")),
)  # fmt: skip
