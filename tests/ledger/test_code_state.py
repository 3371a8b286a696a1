"""What else is said of the code: commit, branch, remote, and what the patch leaves out."""

import os
import shutil
from pathlib import Path

import pytest
from tests.ledger.repositories import MadeOnce, clone, git, make_repository, open_code, rev
from tests.ledger.work import contents, make_varied, modify, put, rebuild

from ft_registry.errors import NotARegistry
from ft_registry.model.document import Unknown

BIG = (1 << 20) + 1


@pytest.fixture
def repository(made_once: MadeOnce, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once(make_varied), tmp_path / "project", symlinks=True))


def test_a_clean_tree_has_no_patch(repository: Path) -> None:
    state = open_code(repository).capture()
    assert (state.dirty, state.patch, state.left_out) == (False, b"", ())


def test_files_that_were_only_touched_are_not_changed(repository: Path) -> None:
    os.utime(repository / "text.py", (1, 1))
    assert not open_code(repository).capture().dirty


def test_a_change_in_the_moment_of_the_last_add_is_not_missed(repository: Path) -> None:
    git(repository, "config", "core.trustctime", "false")
    file, index = repository / "text.py", repository / ".git" / "index"
    moment = (1_700_000_000, 1_700_000_000)
    os.utime(file, moment)
    git(repository, "add", "text.py")
    os.utime(index, moment)
    file.write_bytes(file.read_bytes().replace(b"line 7\n", b"LINE 7\n"))
    os.utime(file, moment)
    assert b"+LINE 7" in open_code(repository).capture().patch


def test_a_large_untracked_file_is_left_out_by_name(repository: Path) -> None:
    put("data/größe.bin", content=b"\0" * BIG)(repository)
    state = open_code(repository).capture()
    assert (state.dirty, state.patch, state.left_out) == (True, b"", ("data/größe.bin",))


def test_an_untracked_file_at_the_limit_is_in_the_patch(repository: Path, tmp_path: Path) -> None:
    put("data.bin", content=b"\0" * (BIG - 1))(repository)
    assert open_code(repository).capture().left_out == ()
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


def test_an_untracked_link_is_in_the_patch(repository: Path, tmp_path: Path) -> None:
    (repository / "new-link").symlink_to("/nowhere/to/be found")
    assert open_code(repository).capture().left_out == ()
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


def test_a_repository_inside_is_left_out_by_name(repository: Path) -> None:
    make_repository(repository / "inner")
    assert open_code(repository).capture().left_out == ("inner/",)


def test_names_left_out_can_stand_in_a_record(repository: Path) -> None:
    put(b"gr\xf6\xdfe.bin", content=b"\0" * BIG)(repository)
    assert open_code(repository).capture().left_out == ("gr\\xf6\\xdfe.bin",)


def test_commit_and_branch_are_those_of_head(repository: Path) -> None:
    git(repository, "switch", "--quiet", "-c", "experiment/größer")
    state = open_code(repository).capture()
    assert (state.commit, state.branch) == (rev(repository, "HEAD"), "experiment/größer")


def test_a_detached_head_has_no_branch_and_says_so(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert open_code(repository).capture().branch == Unknown(unknown="HEAD is detached")


def test_a_linked_work_tree_is_captured_as_itself(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "linked", str(tmp_path / "linked"))
    modify(repository)
    put("new.py")(tmp_path / "linked")
    state = open_code(tmp_path / "linked").capture()
    assert (state.branch, b"new.py" in state.patch, b"text.py" in state.patch) == (
        "linked",
        True,
        False,
    )


def test_a_folder_below_the_top_captures_all(repository: Path) -> None:
    modify(repository)
    put("new.py")(repository)
    whole = open_code(repository).capture()
    assert open_code(repository / "folder").capture() == whole


def test_a_repository_without_a_commit_is_no_registry(tmp_path: Path) -> None:
    with pytest.raises(NotARegistry) as caught:
        open_code(make_repository(tmp_path / "empty", commit=False)).capture()
    assert "git commit" in caught.value.hints[0]


def test_a_bare_repository_has_no_work_to_capture(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(NotARegistry):
        open_code(clone(repository, tmp_path / "bare.git", "--bare")).capture()


def test_a_sha_256_repository_is_captured(tmp_path: Path) -> None:
    long = make_repository(tmp_path / "long", object_format="sha256")
    put("new.py")(long)
    assert len(open_code(long).capture().commit) == 64
    assert rebuild(long, tmp_path / "rebuilt") == contents(long)


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        ("https://github.com/team/project.git", "https://github.com/team/project.git"),
        ("https://user:secret@github.com/team/project", "https://github.com/team/project"),
        ("https://ghp_secret@github.com/team/project", "https://github.com/team/project"),
        ("https://user:s%40cret@host:8443/p?x=1", "https://host:8443/p?x=1"),
        ("https://user:s@cret@host/p", "https://host/p"),
        ("https://user:se[cret@host/p", "https://host/p"),
        ("codecommit::https://user:secret@host/p", "codecommit::https://host/p"),
        ("ssh://git:secret@host:22/p.git", "ssh://host:22/p.git"),
        ("git@github.com:team/project.git", "git@github.com:team/project.git"),
        ("/srv/git/project.git", "/srv/git/project.git"),
        ("../project with@sign.git", "../project with@sign.git"),
        ("file:///srv/git/a@b.git", "file:///srv/git/a@b.git"),
    ],
)
def test_the_remote_is_recorded_without_credentials(
    repository: Path, url: str, recorded: str
) -> None:
    git(repository, "remote", "add", "origin", "placeholder")
    git(repository, "config", "remote.origin.url", url)
    assert open_code(repository).capture().repo == recorded


def test_without_a_remote_it_says_so(repository: Path) -> None:
    assert open_code(repository).capture().repo == Unknown(unknown="there is no remote 'origin'")
