"""Scratch folders that killed commands left among our private files."""

import re
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

_SCRATCH = re.compile(r"[a-z]+-[a-z0-9_]{8}")
"""As `tempfile` names folders, with a word before it."""
_LONGEST = timedelta(days=7)
"""A command that is still at work has made its folder since then."""


def sweep_scratch(folder: Path, now: datetime) -> None:
    """Drops scratch folders that are older than any command that may still use one.

    Args:
        folder: Where they lie, beside what stays; it need not exist.
        now: The time.
    """
    before = (now - _LONGEST).timestamp()
    with suppress(OSError):  # a folder that cannot be read or swept is in nobody's way
        for entry in list(folder.iterdir()):
            made_by_us = _SCRATCH.fullmatch(entry.name) and not entry.is_symlink()
            if made_by_us and entry.is_dir() and entry.stat().st_mtime < before:
                shutil.rmtree(entry, ignore_errors=True)
