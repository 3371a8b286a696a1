"""What is no data is refused with its reason, and everything is as it was."""

import os
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

from ft_registry.errors import (
    FtRegistryError,
    InvalidInput,
    NotARegistry,
    NotFound,
    Refused,
)

pytestmark = pytest.mark.integration


def missing(project: Project) -> str:
    return "data/none.jsonl"


def outside(project: Project) -> str:
    (project.root.parent / "outside.jsonl").write_text(jsonl(1))
    return "../outside.jsonl"


def the_repository_itself(project: Project) -> str:
    return "."


def empty_file(project: Project) -> str:
    project.write("empty.jsonl", "")
    return "empty.jsonl"


def empty_folder(project: Project) -> str:
    (project.root / "hollow" / "inner").mkdir(parents=True)
    return "hollow"


def folder_of_empty_files(project: Project) -> str:
    project.write("hollow/a.jsonl", "")
    return "hollow"


def link(project: Project) -> str:
    (project.root / "link.jsonl").symlink_to("data/train.jsonl")
    return "link.jsonl"


def link_to_a_folder(project: Project) -> str:
    (project.root / "link").symlink_to("data")
    return "link"


def dangling_link(project: Project) -> str:
    (project.root / "link.jsonl").symlink_to("nowhere")
    return "link.jsonl"


def link_to_itself(project: Project) -> str:
    (project.root / "loop").symlink_to("loop")
    return "loop"


def link_inside(project: Project) -> str:
    project.write("prefs/a.jsonl", jsonl(1))
    (project.root / "prefs" / "passwords").symlink_to("/etc/passwd")
    return "prefs"


def pipe(project: Project) -> str:
    os.mkfifo(project.root / "pipe.jsonl")
    return "pipe.jsonl"


def pipe_inside(project: Project) -> str:
    project.write("prefs/a.jsonl", jsonl(1))
    os.mkfifo(project.root / "prefs" / "pipe")
    return "prefs"


def device(project: Project) -> str:
    return "/dev/zero"


def tracked_by_git(project: Project) -> str:
    project.write("kept.jsonl", jsonl(1))
    project.commit("kept.jsonl")
    return "kept.jsonl"


def folder_with_a_file_that_git_tracks(project: Project) -> str:
    project.write("kept/a.jsonl", jsonl(1))
    project.write("kept/b.jsonl", jsonl(2))
    project.commit("kept/a.jsonl")
    return "kept"


def inside_tracked_data(project: Project) -> str:
    project.write("prefs/a.jsonl", jsonl(1))
    project.workspace().datasets.snapshot(project.root / "prefs")
    return "prefs/a.jsonl"


def around_tracked_data(project: Project) -> str:
    project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    project.write("data/more.jsonl", jsonl(2))
    return "data"


def hidden_by_dvcignore(project: Project) -> str:
    project.write(".dvcignore", "*.tmp.jsonl\n")
    project.write("prefs/a.jsonl", jsonl(1))
    project.write("prefs/b.tmp.jsonl", jsonl(1))
    return "prefs"


def hidden_with_its_folder(project: Project) -> str:
    project.write(".dvcignore", "inner/\n")
    project.write("prefs/a.jsonl", jsonl(1))
    project.write("prefs/inner/b.jsonl", jsonl(1))
    return "prefs"


def hidden_by_the_data_itself(project: Project) -> str:
    project.write("prefs/.dvcignore", "b*\n")
    project.write("prefs/a.jsonl", jsonl(1))
    project.write("prefs/b.jsonl", jsonl(1))
    return "prefs"


def left_by_a_killed_checkout(project: Project) -> str:
    project.write("prefs/a.jsonl", jsonl(1))
    project.write("prefs/.q7Kx_Zr2-LmVt9sWcYb4Na.tmp", "{")
    return "prefs"


def file_hidden_by_dvcignore(project: Project) -> str:
    project.write(".dvcignore", "*.tmp.jsonl\n")
    project.write("b.tmp.jsonl", jsonl(1))
    return "b.tmp.jsonl"


def broken_csv(project: Project) -> str:
    project.write("latin.csv", b"prompt\ncaf\xe9\n")
    return "latin.csv"


def broken_parquet(project: Project) -> str:
    project.write("table.parquet", "PAR1 but no more")
    return "table.parquet"


def name_without_a_letter(project: Project) -> str:
    project.write("数据.jsonl", jsonl(1))
    return "数据.jsonl"


def name_with_a_line_feed(project: Project) -> str:
    project.write("prefs/a\nb.jsonl", jsonl(1))
    return "prefs"


def name_that_is_no_unicode(project: Project) -> str:
    name = os.fsdecode(b"prefs/caf\xe9.jsonl")
    project.write(name, jsonl(1))
    return "prefs"


def name_that_is_an_address(project: Project) -> str:
    project.write("prefs/50%.jsonl", jsonl(1))
    return "prefs"


def file_whose_name_is_an_address(project: Project) -> str:
    project.write("what?.jsonl", jsonl(1))
    return "what?.jsonl"


def names_that_differ_by_case(project: Project) -> str:
    project.write("prefs/A/x.jsonl", jsonl(1))
    project.write("prefs/a/y.jsonl", jsonl(1))
    return "prefs"


def pointer_of_another_kind(project: Project) -> str:
    project.write("data/train.jsonl.dvc", "outs:\n- md5: 0\n  path: elsewhere\n")
    return "data/train.jsonl"


def pointer_of_a_pipe(project: Project) -> str:
    project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    (project.root / "data" / "train.jsonl").unlink()
    os.mkfifo(project.root / "data" / "train.jsonl")
    return "data/train.jsonl"


def without_dvc(project: Project) -> str:
    project.git("rm", "-rq", "--cached", ".dvc")
    (project.root / ".dvc").rename(project.root.parent / "dvc-aside")
    project.git("commit", "-qm", "no dvc")
    return "data/train.jsonl"


CASES = [
    (missing, NotFound, "nothing at data/none.jsonl"),
    (outside, InvalidInput, "inside the repository"),
    (the_repository_itself, InvalidInput, "inside the repository"),
    (empty_file, Refused, "no bytes"),
    (empty_folder, Refused, "no bytes"),
    (folder_of_empty_files, Refused, "no bytes"),
    (link, Refused, "a link"),
    (link_to_a_folder, Refused, "a link"),
    (dangling_link, NotFound, "link.jsonl"),
    (link_to_itself, FtRegistryError, "loop"),
    (link_inside, Refused, "passwords"),
    (pipe, Refused, "pipe"),
    (pipe_inside, Refused, "pipe"),
    (device, InvalidInput, "inside the repository"),
    (tracked_by_git, Refused, "git"),
    (folder_with_a_file_that_git_tracks, Refused, "git"),
    (inside_tracked_data, Refused, "inside prefs"),
    (around_tracked_data, Refused, "train.jsonl"),
    (hidden_by_dvcignore, Refused, "b.tmp.jsonl"),
    (hidden_with_its_folder, Refused, "inner/b.jsonl"),
    (hidden_by_the_data_itself, Refused, "b.jsonl"),
    (left_by_a_killed_checkout, Refused, ".q7Kx_Zr2-LmVt9sWcYb4Na.tmp"),
    (file_hidden_by_dvcignore, Refused, "dvcignore"),
    (broken_csv, Refused, "latin.csv"),
    (broken_parquet, Refused, "table.parquet"),
    (name_without_a_letter, InvalidInput, "dataset name"),
    (name_with_a_line_feed, Refused, "control characters"),
    (name_that_is_no_unicode, Refused, "UTF-8"),
    (name_that_is_an_address, Refused, "'%'"),
    (file_whose_name_is_an_address, InvalidInput, "what?"),
    (names_that_differ_by_case, Refused, "by more than case"),
    (pointer_of_another_kind, Refused, "train.jsonl.dvc"),
    (pointer_of_a_pipe, Refused, "pipe"),
    (without_dvc, NotARegistry, "DVC project"),
]


@pytest.mark.parametrize(
    ("make", "error", "words"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_what_is_no_data_is_refused_and_nothing_changes(
    project: Project, make: object, error: type[FtRegistryError], words: str
) -> None:
    path = Path(make(project))
    before = project.state()
    with pytest.raises(error) as caught:
        project.workspace().datasets.snapshot(path if path.is_absolute() else project.root / path)
    told = " ".join([caught.value.message, *caught.value.hints])
    assert words in told
    assert project.state() == before


@pytest.mark.parametrize(
    "make",
    [tracked_by_git, inside_tracked_data, link, pipe, empty_folder, name_that_is_an_address],
    ids=lambda make: make.__name__,
)
def test_a_dry_run_refuses_what_the_run_refuses(project: Project, make: object) -> None:
    path = project.root / make(project)
    with pytest.raises(FtRegistryError):
        project.workspace().datasets.plan_snapshot(path)


def test_a_folder_without_a_ledger_is_told_before_anything_is_tracked(project: Project) -> None:
    project.git("branch", "-qD", "ft-registry")
    before = project.git("status", "--porcelain", "--ignored")
    with pytest.raises(NotARegistry):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    assert project.git("status", "--porcelain", "--ignored") == before


def test_a_name_that_is_taken_by_no_grammar_is_told_before_anything_is_tracked(
    project: Project,
) -> None:
    before = project.state()
    with pytest.raises(InvalidInput):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", name="../evil")
    assert project.state() == before


def test_dvc_at_work_in_another_process_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc import lock as dvc_lock

    monkeypatch.setattr(dvc_lock, "DEFAULT_TIMEOUT", 0)
    held = dvc_lock.make_lock(
        str(project.root / ".dvc" / "tmp" / "lock"), tmp_dir=str(project.root / ".dvc" / "tmp")
    )
    before = project.state()
    with held, pytest.raises(FtRegistryError) as caught:
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    assert caught.value.exit_code == 6
    assert project.state() == before
