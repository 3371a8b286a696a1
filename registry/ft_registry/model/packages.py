"""How Python's packages and versions are compared."""

import re

OURSELVES = "ft-registry"


def canonical_name(name: str) -> str:
    """Returns a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def minor_version(python: str) -> str:
    """Returns ``3.11`` of ``3.11.7``."""
    return ".".join(python.split(".")[:2])
