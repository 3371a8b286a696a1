"""Chooses the Python that a recipe runs with: the one that is here, or the recorded one anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ft_registry.model.packages import OURSELVES, canonical_name, minor_version
from ft_registry.model.proof import ProofStep, some
from ft_registry.model.record import Environment
from ft_registry.model.registered import PackageList
from ft_registry.model.restored import ENVIRONMENT
from ft_registry.ports.context import CapturedEnvironment
from ft_registry.ports.recipe import Runner, RunSettings

Choice: TypeAlias = Literal["auto", "here", "recorded"]
"""``here``: the Python that runs now. ``recorded``: a new one with the recorded packages.
``auto``: here when its packages are the recorded ones, else recorded."""


@dataclass(frozen=True)
class Wishes:
    """How commands are to run."""

    environment: Choice = "auto"
    passed: tuple[str, ...] = ()
    """Variables that they get in addition to the few harmless ones."""
    seconds: float | None = None
    """The time limit of each; None: none."""


def differences(
    recorded: Environment, packages: PackageList, found: CapturedEnvironment
) -> list[str]:
    """Returns what differs between the recorded environment and another, in words.

    The last part of Python's version, and ourselves, do not count.
    """
    words = []
    if minor_version(recorded.python) != minor_version(found.python):
        words.append(f"Python {recorded.python} -> {found.python}")
    then = {canonical_name(name): version for name, version in packages.packages.items()}
    now = {canonical_name(name): version for name, version in found.packages.items()}
    return words + [
        f"{name} {then.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in sorted((then.keys() | now.keys()) - {OURSELVES})
        if then.get(name) != now.get(name)
    ]


def choose_settings(
    wishes: Wishes,
    differing: Sequence[str],
    *,
    recorded: Environment,
    packages: PackageList,
    into: Path,
    runner: Runner,
) -> tuple[RunSettings, ProofStep]:
    """Returns where commands run, and what is to be said of it.

    Raises:
        Refused, BackendUnavailable: See `Runner.install`.
    """
    home = into / "home"
    fits = not differing or not packages.packages  # none on record: there is nothing to install
    if wishes.environment == "here" or (wishes.environment == "auto" and fits):
        beside = f", with other packages: {some(differing)}" if differing else ""
        step = ProofStep(
            name="interpreter",
            state="differs" if differing else "ok",
            detail=f"the one here{beside}",
        )
        return RunSettings(home, runner.here(), wishes.passed, wishes.seconds), step
    programs, left_out = runner.install(
        packages.packages, python=recorded.python, into=into / ENVIRONMENT / "venv"
    )
    without = f", without {', '.join(left_out)}" if left_out else ""
    why = f"; here differ: {some(differing)}" if differing else ""
    step = ProofStep(
        name="interpreter", state="ok", detail=f"the recorded packages, anew{without}{why}"
    )
    return RunSettings(home, programs, wishes.passed, wishes.seconds), step
