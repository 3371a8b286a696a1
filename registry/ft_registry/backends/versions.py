"""Which versions of the tools there are, which we need, and which are known to be dangerous.

What is installed is read from its metadata: importing MLflow alone would take seconds.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from importlib.util import find_spec

from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning

_PYTHON = (3, 11)
_GIT = (2, 31)
_TOOLS = ("mlflow", "dvc", "gitpython")
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)(\[[^]]*\])?([^;]*)")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")
_OURS = (
    ("mlflow.run_context_provider", "ft-registry"),
    ("mlflow.dataset_source", "dvc"),
    ("mlflow.dataset_constructor", "from_dvc"),
    ("fsspec.specs", "ftr"),
)


@dataclass(frozen=True)
class Danger:
    """What is wrong with the versions of a package below one."""

    package: str
    below: tuple[int, ...]
    what: str
    source: str


DANGERS = (
    Danger("mlflow", (2, 22, 4), "making a model can run code on the server", "CVE-2025-11201"),
    Danger("mlflow", (3, 8, 1), "commands can be injected", "GHSA-r23q-823p-vmf7"),
    Danger("mlflow", (3, 9), "webhooks reach inner hosts", "CVE-2026-2393"),
    Danger("mlflow", (3, 10), "model versions can point at any file", "CVE-2026-2614"),
    Danger("mlflow", (3, 10), "parts of the API need no login", "CVE-2026-2652"),
    Danger("mlflow", (3, 10, 2), "the job API needs no login", "CVE-2026-0545"),
    Danger("gitpython", (3, 2), "options can be smuggled into git", "GHSA-wvpp-8hx9-p66j"),
)
"""Floors, each with its source; `dangers_of` reads them for what is here and for a server."""


def numbers_of(text: str) -> tuple[int, ...]:
    """Returns the release of a version: ``3.17.2rc1`` is (3, 17, 2); empty: it is none."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part[:9]) for part in found[1].split(".")) if found else ()


def installed(package: str) -> str:
    """Returns the version of a package; empty: it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def dangers_of(package: str, release: str) -> list[Danger]:
    """Returns what is known to be wrong with a release."""
    numbers = numbers_of(release)
    return [one for one in DANGERS if one.package == package and numbers and numbers < one.below]


def look_at_python() -> Iterator[Diagnosis]:
    """Tells the version of Python."""
    found = sys.version.split()[0]
    if sys.version_info[:2] >= _PYTHON:
        yield ok("python", found)
    else:
        yield problem("python", f"{found}, where 3.11 or newer is needed", "install a newer one")


def look_at_git(found: str) -> Iterator[Diagnosis]:
    """Tells whether git is new enough.

    Args:
        found: What it calls itself: ``git version 2.39.5``.
    """
    release = found.removeprefix("git version ").strip()
    if not numbers_of(release):
        yield unchecked("git", f"its version is not understood: {release!r}")
    elif numbers_of(release) < _GIT:
        yield problem("git", f"{release}, where 2.31 or newer is needed", "install a newer git")
    else:
        yield ok("git", release)


def look_at_packages() -> Iterator[Diagnosis]:
    """Tells whether the packages that the stores are reached through are those that were tried."""
    bounds = _bounds()
    for package in _TOOLS:
        yield _package(package, bounds.get(package, ""))


def look_at_plugins() -> Iterator[Diagnosis]:
    """Tells whether MLflow and fsspec will find what is theirs in ft-registry; loads none of it."""
    missing = []
    for group, name in _OURS:
        found = [one for one in entry_points(group=group) if one.name == name]
        if not any(
            one.module.startswith("ft_registry.") and _is_there(one.module) for one in found
        ):
            missing.append(f"{name} ({group})")
    if missing:
        yield warning(
            "plugins",
            f"not registered: {', '.join(missing)}",
            "install ft-registry again into the environment that trains (pip install ft-registry)",
        )
    else:
        yield ok("plugins", "run context, dataset source and ftr:// are registered")


def _is_there(module: str) -> bool:
    return find_spec(module) is not None


def _bounds() -> Mapping[str, str]:
    """Returns what ft-registry's own metadata asks for, by package."""
    try:
        lines = requires("ft-registry") or []
    except PackageNotFoundError:
        return {}
    found = {}
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match and ";" not in line:
            found[match[1].lower()] = match[3].strip()
    return found


def _package(package: str, bounds: str) -> Diagnosis:
    release = installed(package)
    wanted = f"{package}{bounds}"
    install = f"pip install '{wanted}'"
    if not release:
        return problem(package, "not installed", install)
    numbers = numbers_of(release)
    for sign, bound in _BOUND.findall(bounds):
        limit = numbers_of(bound)
        if (sign == ">=" and numbers < limit) or (sign == "<" and numbers >= limit):
            return problem(package, f"{release}, where {wanted} is needed", install)
    dangers = dangers_of(package, release)
    if dangers:
        told = "; ".join(f"{one.what} ({one.source})" for one in dangers)
        return problem(package, f"{release}: {told}", install)
    return ok(package, release)
