"""Captures the Python that runs: version, platform, installed distributions, lock file."""

import platform
import re
from collections.abc import Iterator
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
_HEADER = re.compile(r"^(name|version):[ \t]*(.+?)[ \t]*$", re.IGNORECASE | re.MULTILINE)


def capture_environment(top: Path) -> CapturedEnvironment:
    """Returns the environment of this process.

    Args:
        top: The top level of the work tree, where a lock file may lie.
    """
    packages: dict[str, str] = {}
    for name, version in _installed():
        packages.setdefault(name, version)  # the first on the path is the one that is imported
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


def _installed() -> Iterator[tuple[str, str]]:
    """Yields names and versions as the headers of the distributions have them.

    Read by hand: `metadata` parses all that a distribution says of itself, its description too,
    anew each time that it is asked. That took longer than the rest of a registration.
    """
    for found in distributions():
        # Of a single-file egg-info the file itself is the header.
        names = ("METADATA", "PKG-INFO", "")
        text = next(filter(None, map(found.read_text, names)), "")
        headers = dict[str, str]()
        for header, value in _HEADER.findall(text.partition("\n\n")[0]):
            headers.setdefault(header.lower(), value)
        if "name" in headers and "version" in headers:
            yield headers["name"], headers["version"]
