"""Work of every kind in a work tree, and how to have it back from what was captured of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.repositories import commit_file, git, make_repository, open_code

BINARY = bytes(range(256)) * 40


def make_varied(path: Path) -> Path:
    """Makes a repository with files of several kinds, committed and unchanged."""
    made = make_repository(path)
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
    assert (top / ".git" / "MERGE_HEAD").exists()


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
