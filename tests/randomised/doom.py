"""Kills the process that it is in at a point of its way, without naming any step of ours.

A point is reached before each process that is started, each file that is opened for writing, moved,
linked or taken away, each statement that changes MLflow's database, and each commit of one. So
nothing durable can happen between two points.
"""

import os
import sys
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_STEPS = ("subprocess.Popen", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir",
          "sqlite3.connect")  # fmt: skip
_READING = ("SELECT", "PRAGMA", "EXPLAIN")


class Doom:
    """Counts points from its making on, and ends the process at one of them.

    Args:
        point: At which, the first is 1; 0: at none.
    """

    KILLED = 86
    """The exit code of a process that was killed so."""

    def __init__(self, point: int) -> None:
        self.passed = 0
        self.is_over = False
        self._point = point
        self._lock = Lock()
        sys.addaudithook(self._audited)
        event.listen(Engine, "before_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._committed)

    def _reach(self) -> None:
        with self._lock:
            self.passed += 1
            if self.passed == self._point:
                os._exit(self.KILLED)

    def _audited(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.is_over:
            return
        if name in _STEPS or (name == "open" and _is_written(arguments)):
            self._reach()

    def _executed(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not self.is_over and not statement.lstrip().upper().startswith(_READING):
            self._reach()

    def _committed(self, _connection: Any) -> None:
        if not self.is_over:
            self._reach()


def _is_written(arguments: tuple[Any, ...]) -> bool:
    path, _mode, flags = arguments
    return isinstance(flags, int) and bool(flags & _WRITING) and path != os.devnull
