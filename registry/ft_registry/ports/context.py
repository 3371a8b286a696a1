"""What surrounds an action: who acts, where, when, with what tool. Passed in, never looked up."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ft_registry.model.manifest import FileEntry
from ft_registry.model.origin import Actor


@dataclass(frozen=True)
class CapturedEnvironment:
    """The Python that runs, and what is installed in it."""

    python: str
    platform: str
    packages: dict[str, str]
    """Version by distribution."""
    lock: FileEntry | None
    """The lock file at the top level, when there is one."""


@dataclass(frozen=True)
class Context:
    """The circumstances of an action."""

    actor: Actor
    host: str
    tool: str
    now: Callable[[], datetime]
    """The aware present."""
    nonce: Callable[[], str]
    """A fresh random word."""
    lock: Callable[[str], AbstractContextManager[object]]
    """Holds a name against other processes of this clone."""
    environment: Callable[[], CapturedEnvironment]
    hub_cache: Path | None = None
    """Where a model hub's client keeps what it downloaded; it need not exist. None: nowhere."""
