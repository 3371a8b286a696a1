"""Imports DVC's code, with its settings in place first."""

import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from ft_registry.backends.imports import large_import
from ft_registry.errors import BackendUnavailable, FtRegistryError
from ft_registry.faultpoints import faultpoint

T = TypeVar("T")

_MODULES = (
    "dvc.repo",
    "dvc.repo.graph",
    "dvc.rwlock",
    "dvc.utils.strictyaml",
    "networkx",
    "rich.status",
)
"""Those behind the first are what DVC would import in the middle of its work."""
_NO_SIZE = 1 << 62
"""No file is that large."""


def load_repo(scratch: Path) -> Any:
    """Returns the class `dvc.repo.Repo`.

    Args:
        scratch: A folder of ours for what DVC remembers of remotes: a memory that is shared with
            other projects can call an interrupted push complete.
    """
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    os.environ["DVC_SITE_CACHE_DIR"] = str(scratch / "dvc-site")
    if "dvc.repo" not in sys.modules:
        with large_import():
            for name in _MODULES:
                import_module(name)
    from dvc.repo import Repo
    from dvc_objects.fs import utils

    # From this size on it copies in Python, a megabyte at a time, for the sake of a progress bar:
    # that takes five times as long as the system's own copy, which it uses below.
    utils.COPY_PBAR_MIN_SIZE = _NO_SIZE
    # It tells of its successes on the standard output, which is for results.
    logging.getLogger("dvc").setLevel(logging.WARNING)
    for name in ("dvc_data", "dvc_objects"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [_TOLD]  # its own would print beside our one error
    return Repo


class _Told(logging.Handler):
    """Keeps why a transfer failed: the exception only counts files, the log has the reason."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the newest reason."""
        cause = record.exc_info[1] if record.exc_info else None
        self.last = f": {record.getMessage()}" + (f": {cause}" if cause else "")


_TOLD = _Told(level=logging.ERROR)


def guarded(
    call: Callable[[], T],
    *,
    what: str,
    failure: type[FtRegistryError] = BackendUnavailable,
    hints: Sequence[str] = (),
) -> T:
    """Runs a call into DVC and turns its failures into ours.

    Args:
        call: What to run.
        what: What it is, for the error: ``dvc add data.jsonl``.
        failure: What it means when DVC itself says no.
        hints: What to do then.

    Raises:
        BackendUnavailable: Another DVC command holds its lock, or the disk failed.
        FtRegistryError: DVC said no; of the class that was given.
    """
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.rwlock import RWLockFileCorruptedError, RWLockFileFormatError

    _TOLD.last = ""
    try:
        faultpoint("dvc.ask")
        answer = call()
        faultpoint("dvc.answer")
        return answer
    except LockError as error:
        raise BackendUnavailable(
            f"expected DVC to be free for {what}, found another DVC command at work: "
            f"{' '.join(str(error).split())}",
            hints=[
                "wait for it to end, then run this again",
                "is no such process DVC's? a killed one left it: rm -f .dvc/tmp/rwlock",
            ],
        ) from error
    except (RWLockFileCorruptedError, RWLockFileFormatError) as error:
        raise BackendUnavailable(
            f"expected DVC to be free for {what}, found its file of locks damaged: {error}",
            hints=["when no DVC command is at work: rm -f .dvc/tmp/rwlock"],
        ) from error
    except DvcException as error:
        reason = " ".join(f"{error}{_TOLD.last}".split())
        raise failure(f"expected {what} to succeed, found: {reason}", hints=hints) from error
    except (OSError, sqlite3.Error) as error:  # the latter where DVC keeps what it remembers
        raise BackendUnavailable(f"expected {what} to succeed, found: {error}") from error
