"""Captures the Python that runs: version, platform, installed distributions, lock file."""

import platform
from importlib.metadata import distributions
from pathlib import Path

from ft_registry.model.manifest import FileEntry
from ft_registry.ports.context import CapturedEnvironment
from ft_registry.readers.files import hash_file

_LOCKS = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "requirements.lock",
    "requirements.txt",
)


def capture_environment(top: Path) -> CapturedEnvironment:
    """Returns the environment of this process.

    Args:
        top: The top level of the work tree, where a lock file may lie.
    """
    packages = {
        found.metadata["Name"]: found.version for found in distributions() if found.metadata["Name"]
    }
    lock = None
    for name in _LOCKS:
        if (top / name).is_file():
            sha256, size = hash_file(top / name, "sha256")
            lock = FileEntry(path=name, size=size, sha256=sha256)
            break
    return CapturedEnvironment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=dict(sorted(packages.items())),
        lock=lock,
    )
