"""Pointers to data are committed alone: what else the user has staged stays staged."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.repositories import (
    commit_file,
    git,
    make_repository,
    open_code,
    rev,
    write_hook,
)

from ft_registry.errors import FtRegistryError

POINTER = "data/train.jsonl.dvc"


@pytest.fixture
def pointer(repository: Path) -> Path:
    """A pointer that was changed since it was committed."""
    commit_file(repository, POINTER, b"md5: old\n")
    (repository / POINTER).write_bytes(b"md5: new\n")
    return repository / POINTER


def committed(repository: Path) -> list[str]:
    """Returns the files that the last commit changed."""
    return git(repository, "show", "-z", "--name-only", "--format=", "HEAD").strip("\0").split("\0")


def test_the_file_is_committed_as_it_stands(repository: Path, pointer: Path) -> None:
    open_code(repository).commit_files([pointer], "data: snapshot train")
    assert git(repository, "show", f"HEAD:{POINTER}") == "md5: new\n"
    assert git(repository, "log", "-1", "--format=%B") == "data: snapshot train\n\n"


def test_the_commit_is_returned(repository: Path, pointer: Path) -> None:
    assert open_code(repository).commit_files([pointer], "m") == rev(repository, "HEAD")


def test_a_new_file_is_committed(repository: Path) -> None:
    new = repository / "new.dvc"
    new.write_bytes(b"md5: new\n")
    open_code(repository).commit_files([new], "m")
    assert committed(repository) == ["new.dvc"]


def test_several_files_make_one_commit(repository: Path, pointer: Path) -> None:
    ignore = repository / "data" / ".gitignore"
    ignore.write_text("/train.jsonl\n")
    before = rev(repository, "HEAD")
    open_code(repository).commit_files([pointer, ignore], "m")
    assert committed(repository) == ["data/.gitignore", POINTER]
    assert rev(repository, "HEAD~1") == before


def test_what_has_not_changed_makes_no_commit(repository: Path, pointer: Path) -> None:
    open_code(repository).commit_files([pointer], "m")
    before = rev(repository, "HEAD")
    assert open_code(repository).commit_files([pointer], "m") is None
    assert rev(repository, "HEAD") == before


def test_one_changed_file_among_unchanged_ones_is_committed(
    repository: Path, pointer: Path
) -> None:
    open_code(repository).commit_files([pointer, repository / "train.py"], "m")
    assert committed(repository) == [POINTER]


def test_no_files_make_no_commit(repository: Path, pointer: Path) -> None:
    before = rev(repository, "HEAD")
    assert open_code(repository).commit_files([], "m") is None
    assert rev(repository, "HEAD") == before


def test_everything_else_stays_as_it_was(repository: Path, pointer: Path) -> None:
    for name in ("deleted.py", "moved.py"):
        commit_file(repository, name, b"1\n")
    (repository / POINTER).write_bytes(b"md5: newer\n")
    (repository / "train.py").write_text("staged\n")
    (repository / "new.py").write_text("staged and new\n")
    git(repository, "add", "train.py", "new.py")
    git(repository, "rm", "--quiet", "deleted.py")
    git(repository, "mv", "moved.py", "elsewhere.py")
    (repository / "train.py").write_text("changed since\n")
    (repository / "untracked.py").write_text("untracked\n")
    before = git(repository, "status", "--porcelain").splitlines()
    open_code(repository).commit_files([pointer], "m")
    assert committed(repository) == [POINTER]
    after = git(repository, "status", "--porcelain").splitlines()
    assert after == [line for line in before if POINTER not in line]
    assert git(repository, "show", ":train.py") == "staged\n"


def test_a_file_that_was_staged_otherwise_is_committed_as_it_stands(
    repository: Path, pointer: Path
) -> None:
    pointer.write_bytes(b"md5: staged\n")
    git(repository, "add", POINTER)
    pointer.write_bytes(b"md5: standing\n")
    open_code(repository).commit_files([pointer], "m")
    assert git(repository, "show", f"HEAD:{POINTER}") == "md5: standing\n"


@pytest.mark.parametrize("name", ["*.dvc", ":(top)x.dvc", "-a", "größe 東.dvc", "[t]rain.dvc"])
def test_a_name_is_a_name_and_no_pattern(repository: Path, name: str) -> None:
    commit_file(repository, "train.dvc", b"old\n")
    (repository / "train.dvc").write_bytes(b"new\n")
    (repository / name).write_bytes(b"odd\n")
    open_code(repository).commit_files([repository / name], "m")
    assert committed(repository) == [name]


def test_hooks_are_not_run(repository: Path, pointer: Path, tmp_path: Path) -> None:
    for hook in ("pre-commit", "commit-msg", "post-commit"):
        write_hook(repository / ".git" / "hooks", hook, f"touch '{tmp_path}/ran'; exit 1")
    assert open_code(repository).commit_files([pointer], "m") is not None
    assert not (tmp_path / "ran").exists()


def test_a_template_for_messages_is_not_used(
    repository: Path, pointer: Path, tmp_path: Path, git_config: Callable[[str], None]
) -> None:
    (tmp_path / "template").write_text("template\n")
    git_config(f"[commit]\n\ttemplate = {tmp_path}/template\n\tverbose = true\n")
    open_code(repository).commit_files([pointer], "data: #1")
    assert git(repository, "log", "-1", "--format=%B").strip() == "data: #1"


def test_without_an_identity_the_actor_is_the_author(
    repository: Path, pointer: Path, git_config: Callable[[str], None]
) -> None:
    git_config("[user]\n\tuseConfigOnly = true\n")
    open_code(repository).commit_files([pointer], "m")
    assert git(repository, "log", "-1", "--format=%an <%ae>") == "Ada <ada@example.org>\n"


def test_with_an_identity_its_owner_is_the_author(
    repository: Path, pointer: Path, git_config: Callable[[str], None]
) -> None:
    git_config("[user]\n\tname = Bo\n\temail = bo@example.org\n")
    open_code(repository).commit_files([pointer], "m")
    assert git(repository, "log", "-1", "--format=%an <%ae>") == "Bo <bo@example.org>\n"


def test_the_first_commit_may_be_a_pointer(tmp_path: Path) -> None:
    empty = make_repository(tmp_path / "empty", commit=False)
    (empty / "train.dvc").write_bytes(b"md5\n")
    assert open_code(empty).commit_files([empty / "train.dvc"], "m") == rev(empty, "HEAD")


def test_a_detached_head_moves_along(repository: Path, pointer: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    before = rev(repository, "main")
    assert open_code(repository).commit_files([pointer], "m") == rev(repository, "HEAD")
    assert rev(repository, "main") == before


def test_in_the_middle_of_a_merge_nothing_is_committed(repository: Path, pointer: Path) -> None:
    git(repository, "stash", "--quiet")
    git(repository, "switch", "--quiet", "-c", "other")
    commit_file(repository, "train.py", b"theirs\n")
    git(repository, "switch", "--quiet", "main")
    commit_file(repository, "train.py", b"ours\n")
    with pytest.raises(AssertionError, match="merge"):
        git(repository, "merge", "--quiet", "other")
    assert (repository / ".git" / "MERGE_HEAD").exists()
    pointer.write_bytes(b"md5: new\n")
    before = rev(repository, "HEAD")
    with pytest.raises(FtRegistryError):
        open_code(repository).commit_files([pointer], "m")
    assert rev(repository, "HEAD") == before


class TestKeeps:
    """What git itself tracks is not DVC's."""

    def test_a_tracked_file(self, repository: Path) -> None:
        assert open_code(repository).keeps("train.py")

    def test_a_staged_file(self, repository: Path) -> None:
        (repository / "new.py").touch()
        git(repository, "add", "new.py")
        assert open_code(repository).keeps("new.py")

    def test_a_folder_with_a_tracked_file_below(self, repository: Path) -> None:
        commit_file(repository, "data/raw/notes.txt", b"")
        assert open_code(repository).keeps("data")

    @pytest.mark.parametrize("path", ["new.py", "train", "*.py", "nothing", "run.log"])
    def test_nothing_else(self, repository: Path, path: str) -> None:
        commit_file(repository, ".gitignore", b"*.log\n")
        (repository / "new.py").touch()
        (repository / "run.log").touch()
        assert not open_code(repository).keeps(path)

    def test_a_path_counts_from_the_top(self, repository: Path) -> None:
        commit_file(repository, "data/notes.txt", b"")
        code = open_code(repository / "data")
        assert (code.keeps("data/notes.txt"), code.keeps("notes.txt")) == (True, False)


class TestRead:
    """Files of the past, wherever HEAD is now."""

    @pytest.mark.parametrize("rev", ["HEAD~1", "main~1", "v1", "HEAD@{1}"])
    def test_at_a_revision_as_it_was_then(self, repository: Path, rev: str) -> None:
        git(repository, "tag", "-a", "-m", "tagged", "v1")
        commit_file(repository, "train.py", b"changed\n")
        assert open_code(repository).read("train.py", rev=rev) == b"print('train')\n"

    def test_any_bytes(self, repository: Path) -> None:
        commit_file(repository, "größe 東.bin", b"\0\xff\r\n")
        assert open_code(repository).read("größe 東.bin", rev="HEAD") == b"\0\xff\r\n"

    @pytest.mark.parametrize("rev", ["nowhere", "", "--help", "-1", "HEAD:train.py", "HEAD^{tree}"])
    def test_nothing_at_what_is_no_commit(self, repository: Path, rev: str) -> None:
        assert open_code(repository).read("train.py", rev=rev) is None

    @pytest.mark.parametrize("path", ["nothing.py", "data", "train.py/below", "../train.py"])
    def test_nothing_at_what_is_no_file(self, repository: Path, path: str) -> None:
        commit_file(repository, "data/notes.txt", b"")
        assert open_code(repository).read(path, rev="HEAD") is None
