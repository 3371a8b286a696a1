"""What differs between the Pythons that registered two versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ft_registry.model.document import Unknown
from ft_registry.model.packages import canonical_name
from ft_registry.model.record import Environment

PackageState: TypeAlias = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class PackageChange:
    """One distribution."""

    name: str
    """As indexes compare it."""
    before: str
    """Its version; empty: it was not installed."""
    after: str

    @property
    def state(self) -> PackageState:
        """What became of it."""
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"


@dataclass(frozen=True)
class FieldChange:
    """Something else about the environment; text, for a person."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class EnvironmentDiff:
    """How one environment became another."""

    fields: tuple[FieldChange, ...]
    """``python``, ``platform``, ``accelerator`` and ``lock``, where they differ."""
    packages: tuple[PackageChange, ...] | None
    """By name; None: a list is not at hand, and the digests say that they differ."""
    same: int
    """Packages of the same version."""


def diff_environment(
    before: Environment,
    after: Environment,
    packages_before: Mapping[str, str] | None,
    packages_after: Mapping[str, str] | None,
) -> EnvironmentDiff:
    """Returns how the environment of one version became another's.

    Args:
        before: As the record keeps it.
        after: The same of the other version.
        packages_before: Versions by name, from the ledger's ``environments/``; None: not there.
        packages_after: The same of the other version.
    """
    rows = (
        ("python", before.python, after.python),
        ("platform", before.platform, after.platform),
        ("accelerator", _text(before.accelerator), _text(after.accelerator)),
        ("lock", _lock(before), _lock(after)),
    )
    fields = tuple(FieldChange(name, old, new) for name, old, new in rows if old != new)
    if packages_before is None or packages_after is None:
        is_same = before.packages == after.packages
        return EnvironmentDiff(fields, () if is_same else None, 0)
    changes, same = diff_packages(packages_before, packages_after)
    return EnvironmentDiff(fields, changes, same)


def diff_packages(
    before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[tuple[PackageChange, ...], int]:
    """Returns the distributions that differ, by name, and how many do not.

    Args:
        before: Versions by name, in any spelling.
        after: The same of the other side.
    """
    old, new = ({canonical_name(name): v for name, v in side.items()} for side in (before, after))
    names = sorted(old.keys() | new.keys())
    found = tuple(
        PackageChange(name, old.get(name, ""), new.get(name, ""))
        for name in names
        if old.get(name) != new.get(name)
    )
    return found, len(names) - len(found)


def _text(value: str | Unknown) -> str:
    return value if isinstance(value, str) else f"unknown: {value.unknown}"


def _lock(environment: Environment) -> str:
    lock = environment.lock
    if isinstance(lock, Unknown):
        return _text(lock)
    return f"{lock.path} {lock.sha256[:12]}"
