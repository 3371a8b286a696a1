"""Snapshots with the real DVC: what is tracked is what lies there, once."""

import os
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl, tree_digests

from ft_registry.actions.snapshot import Snapshotted
from ft_registry.errors import IntegrityError

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"


def snapshot(project: Project, path: str = TRAIN, **options: object) -> Snapshotted:
    return project.workspace().datasets.snapshot(project.root / path, **options)


def folder_of_data(project: Project, name: str = "prefs") -> str:
    project.write(f"{name}/a.jsonl", jsonl(3, word="a"))
    project.write(f"{name}/deep/b.jsonl", jsonl(4, word="b"))
    project.write(f"{name}/deep/empty.jsonl", "")
    return name


def test_the_pointer_of_a_file_is_the_one_that_dvc_writes(project: Project) -> None:
    snapshot(project)
    ours = (project.root / f"{TRAIN}.dvc").read_bytes()
    (project.root / f"{TRAIN}.dvc").unlink()
    project.dvc("add", "--quiet", TRAIN)
    assert (project.root / f"{TRAIN}.dvc").read_bytes() == ours


def test_dvc_finds_nothing_to_do_after_a_snapshot(project: Project) -> None:
    snapshot(project, folder_of_data(project))
    assert "up to date" in project.dvc("status")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_dvc_restores_the_bytes_of_a_snapshot(project: Project, kind: str) -> None:
    path = TRAIN if kind == "file" else folder_of_data(project)
    before = tree_digests(project.root, leave_out=(".git", ".dvc"))
    snapshot(project, path)
    project.git("clean", "-fdxq", "--", path)
    project.dvc("checkout", "--quiet")
    after = tree_digests(project.root, leave_out=(".git", ".dvc"))
    assert {name: after[name] for name in before if name.startswith(path)} == {
        name: digest for name, digest in before.items() if name.startswith(path)
    }


def test_a_snapshot_is_an_event_and_a_commit_of_the_pointer(project: Project) -> None:
    done = snapshot(project)
    assert done.created
    assert project.events()[-1] == f"snapshot train {done.snapshot.content.dvc.md5[:12]}, 120 rows"
    files = project.git("show", "--name-only", "--format=", str(done.commit)).splitlines()
    assert files == ["data/.gitignore", f"{TRAIN}.dvc", f"{TRAIN}.examples.arrow.dvc"]


def test_a_snapshot_leaves_a_clean_work_tree(project: Project) -> None:
    snapshot(project)
    assert project.git("status", "--porcelain") == ""


def test_the_same_bytes_again_are_no_new_snapshot(project: Project) -> None:
    snapshot(project)
    before = project.state()
    again = snapshot(project)
    assert (again.created, again.commit) == (False, None)
    assert project.state() == before


def test_other_bytes_are_a_new_snapshot(project: Project) -> None:
    first = snapshot(project)
    project.write(TRAIN, jsonl(121))
    second = snapshot(project)
    assert second.created
    assert second.snapshot.content.rows == 121
    assert second.snapshot.content.dvc.md5 != first.snapshot.content.dvc.md5


def test_one_changed_byte_of_equal_size_and_time_is_seen(project: Project) -> None:
    snapshot(project)
    file = project.root / TRAIN
    status = file.stat()
    content = file.read_bytes()
    file.write_bytes(content[:-3] + b"X" + content[-2:])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    done = snapshot(project, allow_faults=True)
    assert done.created
    assert project.cached(done.snapshot.content.dvc.md5).read_bytes() == file.read_bytes()


def test_going_back_to_old_bytes_is_no_new_snapshot_but_moves_the_pointer(project: Project) -> None:
    content = (project.root / TRAIN).read_bytes()
    snapshot(project)
    project.write(TRAIN, jsonl(5))
    snapshot(project)
    project.write(TRAIN, content)
    back = snapshot(project)
    assert not back.created
    assert back.commit is not None
    assert "up to date" in project.dvc("status")


def test_what_the_user_has_staged_stays_staged_and_uncommitted(project: Project) -> None:
    project.write("code.py", "print(1)\n")
    project.git("add", "code.py")
    project.write("params.yaml", "seed: 8\n")
    snapshot(project)
    assert set(project.git("status", "--porcelain").splitlines()) == {
        "A  code.py",
        " M params.yaml",
    }


def test_a_name_of_ones_own_is_kept(project: Project) -> None:
    assert snapshot(project, name="support-v2").snapshot.name == "support-v2"


def test_a_file_whose_name_is_no_dataset_name_can_be_named(project: Project) -> None:
    project.write("données 1.jsonl", jsonl(2))
    done = snapshot(project, "données 1.jsonl", name="donnees")
    assert done.snapshot.content.path == "données 1.jsonl"


def test_the_user_may_write_to_the_data_after_a_snapshot(project: Project) -> None:
    before = (project.root / TRAIN).stat().st_mode
    snapshot(project)
    assert (project.root / TRAIN).stat().st_mode == before


def test_a_changed_file_does_not_change_the_snapshot_in_the_cache(project: Project) -> None:
    done = snapshot(project)
    content = (project.root / TRAIN).read_bytes()
    with (project.root / TRAIN).open("ab") as file:
        file.write(b"more\n")
    assert project.cached(done.snapshot.content.dvc.md5).read_bytes() == content


def test_nothing_of_ours_stays_in_dvcs_folder(project: Project) -> None:
    snapshot(project)
    assert not list((project.root / ".dvc" / "tmp").glob("ft-registry-*"))


def parquet(path: Path, rows: int) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["p"] * rows}), path)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("blank-lines.jsonl", '{"a": 1}\n\n  \n{"a": 2}', 2),
        ("line-separator.jsonl", '{"a": "\u2028"}\n', 1),
        ("quoted-newlines.csv", 'prompt,completion\n"a\nb",c\nd,e\n', 2),
        ("header-only.csv", "prompt,completion\n", 0),
    ],
)
def test_rows_are_examples(project: Project, name: str, content: str, rows: int) -> None:
    project.write(name, content)
    assert snapshot(project, name, allow_faults=True).snapshot.content.rows == rows


def test_rows_of_parquet_are_counted(project: Project) -> None:
    parquet(project.root / "table.parquet", 17)
    assert snapshot(project, "table.parquet").snapshot.content.rows == 17


def test_rows_of_a_folder_are_those_of_its_files(project: Project) -> None:
    assert snapshot(project, folder_of_data(project)).snapshot.content.rows == 7


def test_rows_of_another_kind_of_file_are_unknown_with_the_reason(project: Project) -> None:
    project.write("corpus.txt", "once upon a time\n")
    rows = snapshot(project, "corpus.txt").snapshot.content.rows
    assert rows.unknown == "rows of .txt are not counted"


def test_a_registry_that_was_made_by_hand_with_dvc_add_is_taken_over(project: Project) -> None:
    project.dvc("add", "--quiet", TRAIN)
    done = snapshot(project)
    assert done.created
    assert done.commit is not None


def test_lost_cache_objects_come_back_from_the_work_tree(project: Project) -> None:
    done = snapshot(project)
    project.cached(done.snapshot.content.dvc.md5).unlink()
    snapshot(project)
    assert project.cached(done.snapshot.content.dvc.md5).exists()


def test_data_that_changes_while_it_is_tracked_is_not_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    real = Repo.add

    def add(self: Repo, *arguments: object, **options: object) -> object:
        project.write(TRAIN, jsonl(3, word="later"))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Repo, "add", add)
    before = project.events()
    with pytest.raises(IntegrityError):
        snapshot(project)
    assert project.events() == before


def test_a_snapshot_whose_commit_failed_is_finished_by_the_next_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ft_registry.backends.git.code import GitCode

    def fails(*arguments: object) -> None:
        raise OSError("cut off")

    monkeypatch.setattr(GitCode, "commit_files", fails)
    with pytest.raises(OSError, match="cut off"):
        snapshot(project)
    monkeypatch.undo()
    done = snapshot(project)
    assert done.created
    files = project.git("show", "--name-only", "--format=", str(done.commit)).splitlines()
    assert files == ["data/.gitignore", f"{TRAIN}.dvc", f"{TRAIN}.examples.arrow.dvc"]
    assert project.git("status", "--porcelain") == ""


def test_what_the_user_adds_to_gitignore_later_is_the_user_s_to_commit(project: Project) -> None:
    snapshot(project)
    with (project.root / "data/.gitignore").open("a") as file:
        file.write("/scratch\n")
    project.write(TRAIN, jsonl(3))
    assert snapshot(project).created
    assert project.git("status", "--porcelain") == " M data/.gitignore"
