"""What ft-registry promises, in plain words, and the tests that hold each promise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A promise.

    Attributes:
        name: How it is cited.
        words: What is promised.
        tests: Node ids below `tests/` that hold it.
    """

    name: str
    words: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "P1",
        "A version is its content. Equal weights, data, base and configuration are one version on "
        "every machine; anything else is another.",
        (
            "unit/model/test_model_identity.py",
            "unit/model/test_model_digests.py",
            "unit/model/test_model_canonical.py",
            "mlflow/test_mlflow_register.py::test_the_same_inputs_again_are_the_same_version",
        ),
    ),
    Promise(
        "P2",
        "What `restore` delivers is byte for byte what was registered, or nothing is left behind.",
        (
            "restore/test_restore.py::test_everything_that_made_a_version_comes_back",
            "restore/test_restore.py::test_damaged_weights_are_refused_and_nothing_is_left",
            "data/test_data_bring.py::test_an_interruption_leaves_nothing",
            "unit/backends/test_backend_dvc_copies.py"
            "::test_any_damage_is_told_of_exactly_its_files_and_never_brought",
        ),
    ),
    Promise(
        "P3",
        "A command that was cut off is settled by running it again: nothing doubled, nothing half "
        "that anybody sees.",
        (
            "faults/test_every_point.py",
            "randomised/test_randomised.py",
            "mlflow/test_mlflow_network.py",
            "mlflow/test_mlflow_crashes.py",
            "mlflow/test_mlflow_sync_cut.py",
            "ledger/test_git_settling.py::TestAKillBetweenTheSteps",
            "data/test_data_rot.py"
            "::test_an_interruption_in_the_middle_leaves_data_and_pointers_as_they_were",
        ),
    ),
    Promise(
        "P4",
        "An alias moves by compare-and-set. A promotion that was acknowledged is never lost, nor "
        "undone by an older one that arrives late.",
        (
            "concurrency/test_alias_check.py::test_no_promotion_is_lost_doubled_or_undone",
            "concurrency/test_two_clones.py",
            "cli/test_races.py::test_of_two_promotions_one_wins_and_the_other_is_told_who",
            "ledger/test_git_processes.py",
            "ledger/test_git_remote_processes.py",
            "mlflow/test_mlflow_server.py"
            "::test_a_lost_reply_to_a_move_is_not_repeated_over_a_newer_one",
        ),
    ),
    Promise(
        "P6",
        "Every move of an alias, every override and deletion is in a history that nothing edits. "
        "What was changed past this tool is found.",
        (
            "ledger/test_verify_ledger.py",
            "ledger/test_git_remote.py::TestTheRememberedRemote",
            "mlflow/test_mlflow_sync.py::test_edits_are_told_and_undone_only_when_asked",
        ),
    ),
    Promise(
        "P9",
        "`verify --full` finds any single damage in cache, remote, artifact store or ledger, and "
        "names its place. `verify --heal` repairs it where one good copy is left, and never "
        "destroys the last one.",
        (
            "data/test_data_healing.py"
            "::test_after_any_damage_all_is_whole_or_named_and_no_bad_byte_is_gone",
            "cli/test_cli_heal.py"
            "::test_after_any_damage_all_is_whole_or_named_and_no_bad_byte_is_gone",
            "unit/actions/test_action_verify.py::test_any_one_change_is_found_and_nothing_else",
            "cli/test_cli_verify.py::test_a_flipped_byte_anywhere_is_named_and_blocks_the_way_back",
            "ledger/test_verify_ledger.py::TestStorage",
        ),
    ),
    Promise(
        "P10",
        "Rolling back is one command, brings back the bytes that served before, and is itself on "
        "record. `reproduce` says how far it got and what differs.",
        (
            "cli/test_cli_moves.py"
            "::test_rollback_goes_back_and_back_and_then_says_that_it_is_at_the_first",
            "cli/test_cli_interrupt.py::test_a_rollback_cut_after_its_event_is_not_to_be_repeated",
            "restore/test_reproduce.py",
        ),
    ),
    Promise(
        "P11",
        "No file outside of the folder asked for is written, and no code of artifacts, data or "
        "repositories runs unless you say so.",
        (
            "catalogue/test_nothing_else.py",
            "data/test_data_bring.py::test_a_listing_that_leads_out_of_its_folder_is_refused",
            "data/test_data_bring.py::test_no_link_above_the_new_place_is_followed",
            "ledger/test_code_export.py::test_no_file_is_written_through_a_link",
            "ledger/test_git_untouched.py",
            "trainers/test_register_trained.py"
            "::test_a_pickle_that_would_run_is_refused_and_nothing_is_written",
            "restore/test_reproduce.py::test_a_foreign_commit_runs_only_when_a_person_says_so",
        ),
    ),
    Promise(
        "P14",
        "An error is one sentence with what was expected and found, what to do next and an exit "
        "code to branch on; never a traceback, and nothing has changed.",
        (
            "catalogue/test_catalogue.py::test_a_bad_input_or_fault_ends_as_the_catalogue_says",
            "cli/test_cli_bad_input.py",
        ),
    ),
)
