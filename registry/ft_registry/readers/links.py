"""Follows links, the same on every Python."""

import errno
from pathlib import Path


def resolved(path: Path) -> Path:
    """Returns where a path leads, its links followed; nothing need be there.

    Raises:
        OSError: A link leads to itself. (`Path.resolve` raises a RuntimeError then before Python
            3.13, and since then nothing: what it returns is a link still.)
    """
    try:
        found = path.resolve()
    except RuntimeError:
        found = None
    if found is None or found.is_symlink():
        raise OSError(errno.ELOOP, "a link that leads to itself", str(path))
    return found
