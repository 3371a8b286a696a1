"""Rows 77 to 86: what is unusual about the repository."""

import os
import shutil
from collections.abc import Sequence

from tests.catalogue.adapter_rows import REGISTER, WEIGHTS
from tests.catalogue.rows import Row, case
from tests.catalogue.score_rows import ruled
from tests.cli.project import Project

POINTER = """\
version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""


def _outside(project: Project) -> str:
    return str(project.root.parent / "elsewhere")


@case(1, "git init")
def a_folder_outside_any_repository(project: Project) -> Sequence[str]:
    (project.root.parent / "elsewhere").mkdir()
    return "list", "--root", _outside(project)


@case(1, "ft-registry init")
def a_repository_without_a_commit(project: Project) -> Sequence[str]:
    project.git("init", "--quiet", _outside(project))
    shutil.copytree(project.root / "ad1", project.root.parent / "elsewhere" / "ad1")
    return "register", "m", "ad1", "--root", _outside(project)


@case(3, "clean")
def a_version_made_of_uncommitted_code(project: Project) -> Sequence[str]:
    project.write("params.yaml", "seed: 8\n")
    project.adapter("ad3")
    project.done(*REGISTER)
    ruled(project, "lineage: {clean: true}")
    return "promote", "m/3", "--to", "champion", "--reason", "r"


@case(0, changes=True)
def a_detached_head(project: Project) -> Sequence[str]:
    project.git("checkout", "--quiet", "--detach")
    project.adapter("ad3")
    return REGISTER


@case(0, changes=True)
def a_shallow_clone(project: Project) -> Sequence[str]:
    place = _outside(project)
    project.git("clone", "--quiet", "--no-single-branch", "--depth", "1",
                f"file://{project.root}", place)  # fmt: skip
    return "show", "m/1", "--root", place


@case(0, "data/train.jsonl")
def a_linked_work_tree_whose_cache_is_empty(project: Project) -> Sequence[str]:
    project.git("worktree", "add", "--quiet", _outside(project))
    return "verify", "m/1", "--root", _outside(project)


@case(0, changes=True)
def a_commit_that_no_branch_has_any_more(project: Project) -> Sequence[str]:
    project.git("checkout", "--quiet", "--orphan", "squashed")
    project.git("commit", "--quiet", "-m", "all of it")
    project.git("branch", "-D", "main")
    _forget(project)
    return "restore", "m/1", "--into", str(project.root.parent / "back")


@case(4, "commit")
def a_commit_that_is_gone(project: Project) -> Sequence[str]:
    for ref in project.git("for-each-ref", "--format=%(refname)", "refs/ft-registry").split():
        project.git("update-ref", "-d", ref)
    project.git("checkout", "--quiet", "--orphan", "squashed")
    project.git("commit", "--quiet", "-m", "all of it")
    project.git("branch", "-D", "main")
    _forget(project)
    return ("verify",)


def _forget(project: Project) -> None:
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "--quiet", "--prune=now")


@case(4, "adapter_model.safetensors", "the repository was moved")
def a_repository_that_was_moved(project: Project) -> Sequence[str]:
    shutil.copytree(project.root, _outside(project), symlinks=True)
    shutil.rmtree(project.root / "mlartifacts")
    shutil.rmtree(project.root / ".dvc" / "cache")
    return "verify", "m/1", "--root", _outside(project)


@case(1, "safe.directory", only_if=lambda: os.geteuid() == 0)
def a_repository_of_another_user(project: Project) -> Sequence[str]:
    for path in (project.root, project.root / ".git"):
        os.chown(path, 65534, 65534)
    return ("list",)


def _nothing_ran(project: Project) -> None:
    assert not (project.root / "ran").exists()


@case(0, changes=True, after=_nothing_ran)
def hooks_and_a_file_system_monitor(project: Project) -> Sequence[str]:
    for name in ("post-commit", "reference-transaction", "pre-commit", "pre-push"):
        hook = project.write(f".git/hooks/{name}", f"#!/bin/sh\ntouch {project.root}/ran\n")
        hook.chmod(0o755)
    project.git("config", "core.fsmonitor", f"touch {project.root}/ran")
    (project.root / "ran").unlink(missing_ok=True)
    project.adapter("ad3")
    return REGISTER


@case(1, "odd.jsonl", "not-json")
def a_pointer_of_git_lfs_for_data(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", POINTER)
    return "data", "snapshot", "odd.jsonl"


@case(4, "adapter_model.safetensors")
def a_pointer_of_git_lfs_for_weights(project: Project) -> Sequence[str]:
    project.adapter("ad3")
    project.write(WEIGHTS, POINTER)
    return REGISTER


PLACES = "ledger/test_git_places.py"

ROWS = (
    Row(77, "no repository, or one without a commit", "refused, with how to begin",
        (a_folder_outside_any_repository, a_repository_without_a_commit),
        ("cli/test_cli_places.py::test_outside_git_every_command_says_so",
         "cli/test_cli_places.py::test_before_the_first_commit_registering_says_so")),
    Row(78, "changes that are not committed", "on record as a patch; the gate refuses where asked",
        (a_version_made_of_uncommitted_code,),
        ("mlflow/test_mlflow_register.py"
         "::test_an_uncommitted_change_is_kept_as_a_patch_that_makes_the_tree_again",)),
    Row(79, "a detached head", "works, and the record says that there is no branch",
        (a_detached_head,),
        ("ledger/test_code_state.py::test_a_detached_head_has_no_branch_and_says_so",)),
    Row(80, "a shallow clone", "works as far as it goes, and says so", (a_shallow_clone,),
        (f"{PLACES}::TestAShallowClone"
         "::test_does_not_pass_a_piece_of_the_history_for_the_whole",
         "ledger/test_verify_ledger.py"
         "::test_a_shallow_clone_is_looked_at_as_far_as_it_goes")),
    Row(81, "a submodule, a linked work tree",
        "works, with the DVC cache of the main work tree",
        (a_linked_work_tree_whose_cache_is_empty,),
        (f"{PLACES}::test_it_works_in_a_submodule",
         "data/test_data_places.py"
         "::test_a_snapshot_in_a_linked_work_tree_is_one_of_the_same_registry",
         "cli/test_cli_doctor.py::test_a_work_tree_with_an_empty_cache_is_told")),
    Row(82, "a commit that was squashed away", "kept by a pin; `restore` brings it",
        (a_commit_that_no_branch_has_any_more,),
        ("mlflow/test_mlflow_register.py::test_the_cited_commit_survives_git_s_gc",)),
    Row(83, "a commit that is gone", "`verify` names it; weights and data come back without it",
        (a_commit_that_is_gone,),
        ("restore/test_restore.py::test_a_commit_that_is_not_here_lowers_the_level",)),
    Row(84, "a repository that was moved or renamed",
        "the ledger and data work; of weights in files of a local MLflow the old place is named",
        (a_repository_that_was_moved,)),
    Row(85, "hooks, monitors, a repository of another user", "not run; refused as git does",
        (a_repository_of_another_user, hooks_and_a_file_system_monitor),
        ("ledger/test_git_untouched.py::test_the_hooks_of_a_repository_do_not_run",
         "ledger/test_git_untouched.py::test_a_file_system_monitor_is_not_started")),
    Row(86, "a pointer of Git LFS in place of its file", "refused",
        (a_pointer_of_git_lfs_for_data, a_pointer_of_git_lfs_for_weights)),
)  # fmt: skip
