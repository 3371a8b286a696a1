"""What is captured of the code is enough to have it back, byte for byte, and disturbs nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.repositories import (
    clone,
    commit_file,
    git,
    make_repository,
    open_code,
    rev,
    work_state,
)

from ft_registry.errors import NotARegistry
from ft_registry.model.document import Unknown

BINARY = bytes(range(256)) * 40
BIG = (1 << 20) + 1


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with files of several kinds, committed and unchanged."""
    made = make_repository(tmp_path / "project")
    files = {
        "text.py": b"".join(b"line %d\n" % n for n in range(50)),
        "crlf.txt": b"one\r\ntwo\r\n",
        "latin.txt": "größer\n".encode("latin1"),
        "no-newline.txt": b"no line feed at the end",
        "weights.bin": BINARY,
        "empty.txt": b"",
        "blank.txt": b"a\n\n\n b\n\t\n\nc\n",
        "folder/inner.txt": b"inner\n",
        ".gitignore": b"*.log\n",
    }
    for name, content in files.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_bytes(content)
    (made / "link").symlink_to("text.py")
    (made / "run.sh").write_bytes(b"#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "-m", "all kinds")
    return made


def contents(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Returns kind and bytes of every file that is not git's or ignored."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")
        if ".git" in path.relative_to(folder).parts or name.endswith(".log"):
            continue
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            found[name] = ("program" if executable else "file", path.read_bytes())
    return found


def rebuild(repository: Path, folder: Path) -> dict[str, tuple[str, bytes]]:
    """Applies the captured patch to the captured commit, and returns what stands there then."""
    state = open_code(repository).capture()
    git(repository, "worktree", "add", "--quiet", "--detach", str(folder), state.commit)
    patch = folder.parent / "captured.patch"
    patch.write_bytes(state.patch)
    if state.patch:
        git(folder, "apply", str(patch))
    return contents(folder)


def modify(top: Path) -> None:
    (top / "text.py").write_bytes(b"line 0\nchanged\n" + (top / "text.py").read_bytes()[14:])


def stage(top: Path) -> None:
    modify(top)
    git(top, "add", "text.py")


def stage_and_modify(top: Path) -> None:
    stage(top)
    (top / "text.py").write_bytes(b"changed again, not staged\n")


def stage_new(top: Path) -> None:
    (top / "new.py").write_bytes(b"new\n")
    git(top, "add", "new.py")


def conflict(top: Path) -> None:
    git(top, "switch", "--quiet", "-c", "other")
    commit_file(top, "text.py", b"theirs\n")
    git(top, "switch", "--quiet", "main")
    commit_file(top, "text.py", b"ours\n")
    with pytest.raises(AssertionError):
        git(top, "merge", "--quiet", "other")


def put(
    *names: str | bytes, content: bytes = b"new\n", mode: int = 0o644
) -> Callable[[Path], None]:
    def work(top: Path) -> None:
        for name in names:
            path = Path(os.fsdecode(os.fsencode(top) + b"/" + os.fsencode(name)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(mode)

    return work


def replace_folder(top: Path) -> None:
    (top / "folder/inner.txt").unlink()
    (top / "folder").rmdir()
    (top / "folder").write_bytes(b"now a file\n")


def relink(top: Path) -> None:
    (top / "link").unlink()
    (top / "link").symlink_to("empty.txt")


WORK: dict[str, Callable[[Path], object]] = {
    "modified": modify,
    "staged": stage,
    "staged, then modified again": stage_and_modify,
    "new and staged": stage_new,
    "new and intended": lambda top: (put("new.py")(top), git(top, "add", "-N", "new.py")),
    "new and untracked": put("new.py"),
    "untracked in a new folder": put("new/deep/er.py"),
    "untracked and empty": put("nothing.txt", content=b""),
    "untracked and executable": put("tool.sh", mode=0o755),
    "untracked and binary": put("new.bin", content=BINARY),
    "untracked without a line feed": put("bare.txt", content=b"bare"),
    "untracked with odd names": put("with space", "größe 東", "-n", ":(top)x", "*?[a]", '"q"\t\\'),
    "untracked with a name in latin-1": put(b"gr\xf6\xdfer.txt"),
    "many untracked": put(*(f"many/{n}.txt" for n in range(300))),
    "binary": put("weights.bin", content=BINARY[::-1]),
    "binary into text": put("weights.bin", content=b"text\n"),
    "line ends": put("crlf.txt", content=b"one\r\ntwo\nthree\r"),
    "another encoding": put("latin.txt", content="größte\n".encode("latin1")),
    "blank lines": put("blank.txt", content=b"a\n\n\n b\n\t\n\nchanged\n"),
    "the last line feed": put("no-newline.txt", content=b"no line feed at the end\n"),
    "deleted": lambda top: (top / "text.py").unlink(),
    "deleted and staged": lambda top: git(top, "rm", "--quiet", "text.py"),
    "removed from the index only": lambda top: git(top, "rm", "--quiet", "--cached", "text.py"),
    "renamed": lambda top: git(top, "mv", "text.py", "renamed.py"),
    "renamed without git": lambda top: (top / "text.py").rename(top / "renamed.py"),
    "made executable": lambda top: (top / "text.py").chmod(0o755),
    "link to elsewhere": relink,
    "folder into file": replace_folder,
    "ignored": put("run.log"),
    "in the middle of a merge": conflict,
    "everything at once": lambda top: [WORK[name](top) for name in ("staged", "renamed", "binary")],
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_the_patch_on_the_commit_is_the_work_tree(
    repository: Path, tmp_path: Path, work: Callable[[Path], object]
) -> None:
    work(repository)
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_work_tree_index_and_head_stay_as_they_are(
    repository: Path, work: Callable[[Path], object]
) -> None:
    work(repository)
    before = work_state(repository)
    open_code(repository).capture()
    assert work_state(repository) == before


SETTINGS = {
    "diff.noprefix": "[diff]\n\tnoprefix = true\n",
    "diff.mnemonicPrefix": "[diff]\n\tmnemonicPrefix = true\n",
    "diff.context": "[diff]\n\tcontext = 0\n\tinterHunkContext = 5\n",
    "diff.renames": "[diff]\n\trenames = copies\n\talgorithm = patience\n",
    "diff.external": "[diff]\n\texternal = false\n",
    "diff.orderFile": "[diff]\n\torderFile = /dev/null\n\tsuppressBlankEmpty = true\n",
    "diff.relative": "[diff]\n\trelative = true\n\twsErrorHighlight = all\n",
    "colours": "[color]\n\tui = always\n\tdiff = always\n[diff]\n\tcolorMoved = zebra\n",
    "core.quotePath": "[core]\n\tquotePath = true\n\tabbrev = 4\n\tpreloadIndex = false\n",
    "status": "[status]\n\tshowUntrackedFiles = no\n\trelativePaths = true\n",
    "index": "[core]\n\tsplitIndex = true\n\tuntrackedCache = true\n[index]\n\tversion = 4\n",
    "whitespace": "[core]\n\twhitespace = cr-at-eol,tab-in-indent,trailing-space\n",
}


@pytest.mark.parametrize("lines", SETTINGS.values(), ids=SETTINGS)
def test_settings_do_not_change_the_patch(
    repository: Path, tmp_path: Path, git_config: Callable[[str], None], lines: str
) -> None:
    for name in ("modified", "renamed", "binary", "untracked with odd names", "blank lines"):
        WORK[name](repository)
    plain = open_code(repository).capture().patch
    git_config(lines)
    assert open_code(repository).capture().patch == plain
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


def test_a_driver_for_diffs_does_not_change_the_patch(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "diff.upper.textconv", "tr a-z A-Z <")
    git(repository, "config", "diff.upper.command", "false")
    commit_file(repository, ".gitattributes", b"*.py diff=upper\n*.txt -diff\n")
    modify(repository)
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


def test_a_clean_tree_has_no_patch(repository: Path) -> None:
    state = open_code(repository).capture()
    assert (state.dirty, state.patch, state.left_out) == (False, b"", ())


def test_files_that_were_only_touched_are_not_changed(repository: Path) -> None:
    os.utime(repository / "text.py", (1, 1))
    assert not open_code(repository).capture().dirty


def test_a_change_in_the_moment_of_the_last_add_is_not_missed(repository: Path) -> None:
    git(repository, "config", "core.trustctime", "false")
    file, index = repository / "text.py", repository / ".git" / "index"
    moment = file.stat().st_mtime_ns
    os.utime(index, ns=(moment, moment))
    file.write_bytes(file.read_bytes().replace(b"line 7\n", b"LINE 7\n"))
    os.utime(file, ns=(moment, moment))
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
