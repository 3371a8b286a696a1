"""A commit and its patch land in a folder byte for byte, and nowhere else."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.changes import ADA, begin, make_change
from tests.ledger.repositories import (
    MadeOnce,
    clone,
    commit_file,
    git,
    make_repository,
    open_code,
    open_ledger,
    rev,
    work_state,
)
from tests.ledger.work import WORK, contents, make_varied

from ft_registry.backends.git.code import GitCode
from ft_registry.backends.git.door import GitDoor, find_repository
from ft_registry.errors import IntegrityError, NotFound


@pytest.fixture
def varied(made_once: MadeOnce, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once(make_varied), tmp_path / "project", symlinks=True))


@pytest.fixture
def into(tmp_path: Path) -> Path:
    made = tmp_path / "deep" / "into"
    made.mkdir(parents=True)
    return made


def lying_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_what_was_captured_is_written_out_again(
    varied: Path, into: Path, work: Callable[[Path], object]
) -> None:
    work(varied)
    code = open_code(varied)
    state = code.capture()
    before, objects = work_state(varied), lying_in(varied / ".git")
    assert code.export(state.commit, state.patch, into) == ()
    assert contents(into) == contents(varied)
    assert work_state(varied) == before
    assert lying_in(varied / ".git") == objects


def test_a_folder_inside_another_repository_gets_the_same(varied: Path, tmp_path: Path) -> None:
    WORK["everything at once"](varied)
    other = make_repository(tmp_path / "other")
    (other / "sub" / "into").mkdir(parents=True)
    state = open_code(varied).capture()
    open_code(varied).export(state.commit, state.patch, other / "sub" / "into")
    assert contents(other / "sub" / "into") == contents(varied)
    assert git(other, "diff", "--cached", "--name-only") == ""


def test_no_filter_and_no_conversion_touches_a_byte(
    repository: Path, into: Path, tmp_path: Path, git_config: Callable[[str], None]
) -> None:
    attributes = b"*.txt text eol=crlf\n*.py filter=spy ident\n"
    files = {".gitattributes": attributes, "a.py": b"# $Id$\n", "a.sh": b"abc\n"}
    for name, content in files.items():
        commit_file(repository, name, content)
    spy = f"sh -c 'touch {tmp_path}/ran; cat'"
    git_config(f'[filter "spy"]\n\tsmudge = "{spy}"\n\tclean = "{spy}"\n\trequired = true\n')
    git_config("[core]\n\tautocrlf = true\n[apply]\n\twhitespace = error-all\n")
    (repository / "a.txt").write_bytes(b"one \r\ntwo\r\n")
    state = open_code(repository).capture()
    (tmp_path / "ran").unlink(missing_ok=True)
    open_code(repository).export(state.commit, state.patch, into)
    assert {name: (into / name).read_bytes() for name in files} == files
    assert (into / "a.txt").read_bytes() == b"one \ntwo\n"  # as git would keep it
    assert not (tmp_path / "ran").exists()


def test_a_linked_work_tree_a_bare_clone_and_sha256_serve_as_well(
    varied: Path, tmp_path: Path
) -> None:
    WORK["binary"](varied)
    state = open_code(varied).capture()
    git(varied, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    bare = clone(varied, tmp_path / "bare.git", "--bare")
    for number, place in enumerate((tmp_path / "linked", bare)):
        folder = tmp_path / f"into-{number}"
        folder.mkdir()
        open_code(place).export(state.commit, state.patch, folder)
        assert contents(folder) == contents(varied)
    modern = make_repository(tmp_path / "modern", object_format="sha256")
    (modern / "train.py").write_bytes(b"changed\n")
    (tmp_path / "into").mkdir()
    captured = open_code(modern).capture()
    open_code(modern).export(captured.commit, captured.patch, tmp_path / "into")
    assert contents(tmp_path / "into") == contents(modern)


def test_a_patch_that_does_not_apply_is_told_and_nothing_is_written(
    repository: Path, into: Path
) -> None:
    patch = b"--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-print('other')\n+print('x')\n"
    with pytest.raises(IntegrityError, match="patch to apply"):
        open_code(repository).export(rev(repository, "HEAD"), patch, into)
    assert lying_in(into) == []


# Hostile trees, as no git command would make them.


def blob(where: Path, content: bytes) -> str:
    (where.parent / "blob").write_bytes(content)
    return git(where, "hash-object", "-w", "--no-filters", str(where.parent / "blob")).strip()


def commit_of(where: Path, *entries: tuple[str, bytes, str]) -> str:
    """Writes a raw tree object of (mode, name, id) and a commit of it."""
    raw = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
    )
    done = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=where, input=raw, capture_output=True, check=True,
    )  # fmt: skip
    return git(where, "commit-tree", "-m", "crafted", done.stdout.decode().strip()).strip()


def tree_of(where: Path, *entries: tuple[str, bytes, str]) -> str:
    return git(where, "rev-parse", f"{commit_of(where, *entries)}^{{tree}}").strip()


@pytest.mark.parametrize(
    "name",
    [
        b"..", b".", b".git", b".GIT", b".Git ", b".git.", b"git~1", b"GIT~2", b".git::$INDEX",
        ".g\u200cit".encode(), b"..\\out", b"a\\.git\\config", b"/absolute",
    ],
)  # fmt: skip
def test_a_hostile_name_is_refused_before_a_file_is_written(
    repository: Path, into: Path, name: bytes
) -> None:
    content = blob(repository, b"hostile\n")
    file = ("100644", b"config", content)
    inner = tree_of(repository, file)
    for entry in (("40000", name, inner), ("100644", name, content), ("120000", name, content)):
        commit = commit_of(repository, ("100644", b"a-first", content), entry)
        with pytest.raises(IntegrityError, match="safe to write out"):
            open_code(repository).export(commit, b"", into)
    assert lying_in(into.parent) == ["into"]


def test_no_file_is_written_through_a_link(repository: Path, into: Path) -> None:
    outside = into.parent / "outside"
    outside.mkdir()
    inner = tree_of(repository, ("100644", b"file", blob(repository, b"hostile\n")))
    link = blob(repository, b"../outside")
    commit = commit_of(repository, ("120000", b"a", link), ("40000", b"a", inner))
    with pytest.raises(IntegrityError, match="one place"):
        open_code(repository).export(commit, b"", into)
    assert lying_in(outside) == []


def test_a_patch_writes_through_no_link_and_leaves_no_folder(repository: Path, into: Path) -> None:
    commit = commit_of(repository, ("120000", b"a", blob(repository, b"..")))
    for name in ("a/file", "../file", ".git/config"):
        new = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+hostile\n".encode()
        with pytest.raises(IntegrityError):
            open_code(repository).export(commit, new, into)
    assert lying_in(into.parent) == ["into"]


LINKS = {
    "absolute": {"out": "/etc"},
    "upwards": {"out": "../other"},
    "through a folder": {"folder/out": "../../other"},
    "through another link": {"a/b/up": "../..", "out": "a/b/up/.."},
    "to itself": {"out": "out"},
}


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_a_link_that_leaves_the_folder_is_left_out_and_told(
    repository: Path, into: Path, links: dict[str, str]
) -> None:
    for name, target in {"in": "folder/file", **links}.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).symlink_to(target)
    commit_file(repository, "folder/file", b"inside\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "links")
    (note,) = open_code(repository).export(rev(repository, "HEAD"), b"", into)
    assert note.startswith(f"link {'folder/' * ('folder/out' in links)}out -> ")
    assert not [name for name in lying_in(into) if name.endswith("out")]
    assert (into / "in").read_bytes() == b"inside\n"


def test_submodules_and_lfs_contents_are_told(repository: Path, into: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    commit_file(repository, "weights.bin", pointer)
    cited = f"160000,{rev(repository, 'HEAD')},lib/inner"
    git(repository, "update-index", "--add", "--cacheinfo", cited)
    git(repository, "commit", "--quiet", "-m", "submodule")
    notes = open_code(repository).export(rev(repository, "HEAD"), b"", into)
    assert notes == ("submodule lib/inner", "content of weights.bin, which git LFS keeps")
    assert (into / "weights.bin").read_bytes() == pointer


def test_a_damaged_object_is_found(repository: Path, into: Path) -> None:
    oid = git(repository, "rev-parse", "HEAD:train.py").strip()
    other = blob(repository, b"print('trojan')\n")
    place = repository / ".git" / "objects" / oid[:2] / oid[2:]
    swapped = repository / ".git" / "objects" / other[:2] / other[2:]
    place.chmod(0o644)
    place.write_bytes(swapped.read_bytes())
    with pytest.raises(IntegrityError, match=r"damaged|gave up"):
        open_code(repository).export(rev(repository, "HEAD"), b"", into)


# Which commits are here, and whose they are.


def test_a_commit_is_own_when_a_branch_tag_or_head_leads_to_it(repository: Path) -> None:
    first = rev(repository, "HEAD")
    code = open_code(repository)
    assert code.has(first)
    assert code.is_own(first)
    git(repository, "switch", "--quiet", "--detach")
    detached = commit_file(repository, "x.py", b"x\n")
    assert code.is_own(detached)
    git(repository, "tag", "kept")
    git(repository, "switch", "--quiet", "main")
    assert code.is_own(detached)


def test_a_commit_that_only_a_pin_keeps_is_not_own(repository: Path) -> None:
    begin(open_ledger(repository))
    git(repository, "switch", "--quiet", "--detach")
    foreign = commit_file(repository, "x.py", b"x\n")
    git(repository, "switch", "--quiet", "main")
    open_ledger(repository).append(make_change({"models/m.json": b"1"}, pins=(foreign,)))
    code = open_code(repository)
    assert code.has(foreign)
    assert not code.is_own(foreign)
    assert not code.has("0" * 40)
    assert not code.is_own("0" * 40)


def test_a_commit_that_is_not_here_comes_by_its_pin(repository: Path, tmp_path: Path) -> None:
    server = make_repository(tmp_path / "server.git", bare=True)
    git(repository, "remote", "add", "origin", f"file://{server}")
    git(repository, "push", "--quiet", "origin", "main")
    ledger = open_ledger(repository, remote="origin")
    begin(ledger)
    git(repository, "switch", "--quiet", "--detach")
    commit = commit_file(repository, "x.py", b"never on a branch\n")
    ledger.append(make_change({"models/m.json": b"1"}, pins=(commit,)))
    shallow = clone(server, tmp_path / "shallow", "--depth=1", "--branch=main")
    door = GitDoor(find_repository(shallow))
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(NotFound) as caught:
        GitCode(door, actor=ADA).export(commit, b"", into)
    pin = f"refs/ft-registry/pins/{commit}"
    assert caught.value.hints[0] == f"git fetch origin {pin}:{pin}"
    before = work_state(shallow)
    GitCode(door, actor=ADA, remote="origin").export(commit, b"", into)
    assert (into / "x.py").read_bytes() == b"never on a branch\n"
    assert work_state(shallow) == before
    assert not (shallow / ".git" / "FETCH_HEAD").exists()


def test_what_is_no_commit_is_refused(repository: Path, into: Path) -> None:
    for name in ("HEAD", "--upload-pack=x", "a" * 39):
        with pytest.raises(IntegrityError):
            open_code(repository).export(name, b"", into)
    assert lying_in(into) == []
