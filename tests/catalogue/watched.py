"""Runs a command and tells which files it touched and which programs it started."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.cli.forked import run_forked
from tests.cli.project import environment

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS: dict[str, slice] = {
    "os.rename": slice(2), "os.remove": slice(1), "os.mkdir": slice(1), "os.rmdir": slice(1),
    "os.link": slice(2), "os.symlink": slice(1, 2), "os.truncate": slice(1), "os.chmod": slice(1),
}  # fmt: skip
"""Audited calls that change what lies on disk, and which of their arguments are paths."""
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Watched:
    """What a command did.

    Attributes:
        code: How it ended.
        told: What it wrote to its streams.
        written: Files and folders that Python code of the process made, changed or removed.
        started: The programs it started.
    """

    code: int
    told: str
    written: frozenset[Path]
    started: frozenset[str]


def watched(words: Sequence[str], *, cwd: Path, extra: Mapping[str, str], notes: Path) -> Watched:
    """Runs a command as a forked process; `notes` is a file that does not exist yet."""
    code, *streams = run_forked(
        words, cwd=cwd, environ=environment(extra), stdin="", patience=_PATIENCE_SECONDS,
        prepare=partial(_watch, str(notes)),
    )  # fmt: skip
    lines = [line.partition("\t") for line in notes.read_text().splitlines()]
    return Watched(
        code,
        "".join(streams),
        frozenset(Path(path) for kind, _, path in lines if kind == "path"),
        frozenset(Path(program).name for kind, _, program in lines if kind == "program"),
    )


def _watch(notes: str) -> None:
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(kind: str, value: object) -> None:
        if isinstance(value, str | bytes | os.PathLike):
            text = os.fsdecode(value)
            absolute = os.path.abspath(text) if kind == "path" else text  # noqa: PTH100
            os.write(file, f"{kind}\t{absolute}\n".encode(errors="surrogateescape"))

    sys.addaudithook(partial(_hear, note))


def _hear(note: Callable[[str, object], None], event: str, found: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(found[2], int) and found[2] & _WRITING:
        note("path", found[0])
    elif event == "os.mkdir" and os.path.isdir(found[0]):  # noqa: PTH112 - a path in bytes
        pass  # `exist_ok`
    elif event in _PATHS:
        for path in found[_PATHS[event]]:
            note("path", path)
    elif event in _PROGRAMS:
        note("program", found[0])
