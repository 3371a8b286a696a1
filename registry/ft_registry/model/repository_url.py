"""Tells whether two URLs of git remotes name one repository: people write one in several ways."""

import re

_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:]+)(?::[0-9]+)?/(.*)", re.IGNORECASE)
_SCP = re.compile(r"(?:[^/@:]+@)?([^/:]+):(?!/?/)(.*)")
"""``git@host:path``, as ssh's copy program writes it."""


def same_repository(one: str, other: str) -> bool:
    """Returns whether two URLs differ in scheme, user, port or ``.git`` only."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> str:
    found = _URL.fullmatch(url) or _SCP.fullmatch(url)
    host, path = found.groups() if found else ("", url)
    return f"{host.lower()}/{path.rstrip('/').removesuffix('.git')}"
