"""Rows 67 to 76: several at once, kills, locks, clocks, full disks."""

import json
from collections.abc import Sequence

from tests.catalogue.data_rows import folder
from tests.catalogue.rows import Row, case
from tests.cli.project import Project


@case(5, "2", "1")
def a_promotion_that_believes_an_older_state(project: Project) -> Sequence[str]:
    return "promote", "m/1", "--to", "champion", "--expect", "1", "--reason", "r"


def _lock(project: Project, content: str) -> Sequence[str]:
    project.write(".dvc/tmp/rwlock", content)
    return folder(project)


@case(6, "rwlock")
def a_lock_of_dvc_whose_process_number_lives_again(project: Project) -> Sequence[str]:
    held = {"pid": 1, "cmd": "dvc add many"}
    return _lock(project, json.dumps({"write": {str(project.root / "many"): held}, "read": {}}))


@case(6, "rwlock")
def a_lock_of_dvc_that_is_damaged(project: Project) -> Sequence[str]:
    return _lock(project, "{")


@case(0, changes=True)
def a_lock_of_dvc_whose_process_is_gone(project: Project) -> Sequence[str]:
    held = {"pid": 2**22 + 1, "cmd": "dvc add many"}
    return _lock(project, json.dumps({"write": {str(project.root / "many"): held}, "read": {}}))


@case(0, changes=True)
def a_lock_of_git_s_index_that_nobody_holds(project: Project) -> Sequence[str]:
    project.write(".git/index.lock", "")
    return "promote", "m/1", "--to", "staging", "--reason", "r"


@case(0, changes=True, environment={"FT_REGISTRY_ACTOR": "Bo <bo@example.org>"})
def a_lock_of_ours_that_nobody_holds(project: Project) -> Sequence[str]:
    for name in ("write.lock", "mlflow-create.lock"):
        project.write(f".git/ft-registry/{name}", "999999999")
    return "promote", "m/1", "--to", "staging", "--reason", "r"


@case(4, "commit")
def an_event_whose_bytes_never_reached_the_disk(project: Project) -> Sequence[str]:
    blob = project.git("rev-parse", "ft-registry:models/m/versions/0/1.json")
    place = project.root / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(b"")
    return ("verify",)


RACES = "cli/test_races.py"
SERVER = "mlflow/test_mlflow_server.py"
CRASHES = "mlflow/test_mlflow_crashes.py"

ROWS = (
    Row(67, "two promotions of one alias at once", "one wins, the other is told who",
        (a_promotion_that_believes_an_older_state,),
        (f"{RACES}::test_of_two_promotions_one_wins_and_the_other_is_told_who",
         "concurrency/test_alias_check.py::test_no_promotion_is_lost_doubled_or_undone",
         "concurrency/test_conflicts.py::test_what_comes_second_ends_as_the_matrix_says")),
    Row(68, "a promotion while the version is deleted", "no alias names what is not there",
        tests=("cli/test_cli_moves.py::test_a_version_that_mlflow_lost_is_not_moved_to",
               "mlflow/test_mlflow_sync.py"
               "::test_the_deletion_of_what_an_alias_names_is_not_adopted"), ends=(4,)),
    Row(69, "the same weights registered twice at once", "one version",
        tests=(f"{RACES}::test_the_same_weights_at_once_are_one_version",), ends=(0,)),
    Row(70, "a kill at any step", "the old state or the new one; the next run settles it",
        tests=("faults/test_every_point.py::test_whatever_point_it_is_cut_off_at",
               f"{CRASHES}::test_a_kill_before_the_record_leaves_no_claim",
               f"{CRASHES}::test_the_next_run_takes_up_the_version_of_a_killed_one",
               "mlflow/test_mlflow_sync_cut.py::test_a_rebuild_that_is_killed_anywhere_is_settled")),
    Row(71, "a reply that was lost after the work was done", "one version, one event",
        tests=("mlflow/test_mlflow_network.py"
               "::test_a_version_is_registered_once_whatever_becomes_of_the_reply",
               f"{SERVER}::test_a_lost_reply_to_the_creation_of_a_version_makes_one_version",
               "ledger/test_git_remote_failures.py"
               "::TestALostReply::test_to_what_was_taken_does_not_double_it"), ends=(0, 8)),
    Row(72, "a retry that arrives after a newer promotion", "has no effect",
        tests=(f"{SERVER}::test_a_lost_reply_to_a_move_is_not_repeated_over_a_newer_one",
               "mlflow/test_mlflow_network.py"
               "::test_a_promotion_that_arrives_late_is_told_and_the_ledger_stands"),
        ends=(0,)),
    Row(73, "a stale lock", "ours and git's are passed; of DVC's, whose process number lives again "
        "or that is damaged, the message says which file to remove",
        (a_lock_of_dvc_whose_process_number_lives_again, a_lock_of_dvc_that_is_damaged,
         a_lock_of_dvc_whose_process_is_gone, a_lock_of_git_s_index_that_nobody_holds,
         a_lock_of_ours_that_nobody_holds),
        ("faults/test_disks.py::test_a_lock_that_ends_with_its_process_is_in_nobody_s_way",
         "cli/test_cli_doctor.py::test_locks_of_dvc_that_hold_for_ever_are_told")),
    Row(74, "a disk that is full", "an error; nothing half-written is taken for whole",
        tests=("faults/test_disks.py::test_a_full_disk_is_told_and_room_is_all_it_takes",
               "restore/test_restore.py::test_a_full_disk_leaves_nothing",
               "cli/test_cli_output.py::test_a_full_disk_under_the_output_is_told",
               "data/test_data_bring.py::test_a_disk_that_fails_leaves_nothing",
               "mlflow/test_mlflow_sync.py"
               "::test_an_upload_that_failed_leaves_nothing_that_counts_and_is_done_again"),
        ends=(6,)),
    Row(75, "a clock that goes back or ahead", "the ledger's order counts, not the clock's",
        tests=("ledger/test_ledger_contract.py"
               "::test_the_order_of_events_is_the_ledgers_not_the_clocks",
               "unit/model/test_model_alias.py::test_the_ledgers_order_counts_and_not_the_clocks",
               "concurrency/test_two_clones.py"
               "::test_moves_of_two_clones_whose_clocks_differ_by_an_hour_make_one_chain",
               "cli/test_cli_doctor.py::test_a_clock_behind_the_last_event_is_told"), ends=(0,)),
    Row(76, "power lost before bytes reached the disk", "found; never taken for whole",
        (an_event_whose_bytes_never_reached_the_disk,),
        ("ledger/test_verify_ledger.py::TestStorage::test_a_loose_object_that_is_not_itself_is_named",
         "data/test_data_rot.py::test_a_copy_that_is_cut_never_takes_the_place_of_the_data")),
)  # fmt: skip
