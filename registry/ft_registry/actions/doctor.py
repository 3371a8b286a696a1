"""Runs the checks of a set-up, each by itself: one that fails is a diagnosis, never the end.

Nothing is repaired and nothing written: what to do stands in the diagnosis.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread

from ft_registry.errors import BackendUnavailable, FtRegistryError
from ft_registry.model.health import Diagnosis, Group, Health, problem

_LONGEST = 300
"""Characters of a message that is not ours."""
_LOGIN = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True)
class Check:
    """One concern."""

    group: Group
    name: str
    """What its diagnosis is called when it fails itself."""
    look: Callable[[], Iterable[Diagnosis]]
    seconds: float | None = None
    """So long it may take, where somebody is asked; None: it ends by itself."""


def examine(checks: Iterable[Check]) -> Health:
    """Returns what the checks find, in their order."""
    found: list[tuple[Group, Diagnosis]] = []
    for check in checks:
        try:
            look = check.look if check.seconds is None else partial(_within, check)
            found.extend((check.group, diagnosis) for diagnosis in look())
        except Exception as error:  # noqa: BLE001 - a half broken set-up is what this is for
            found.append((check.group, failed(check.name, error)))
    return Health(tuple(found))


def failed(name: str, error: Exception) -> Diagnosis:
    """Returns what it means that a check raised."""
    if isinstance(error, FtRegistryError):
        away = isinstance(error, BackendUnavailable)
        return problem(name, error.message, *error.hints, is_away=away)
    told = _LOGIN.sub("://", " ".join(str(error).split()))[:_LONGEST]
    if isinstance(error, OSError):
        return problem(name, f"the check failed: {told or type(error).__name__}")
    return problem(
        name, f"the check itself failed: {type(error).__name__}: {told}", "please report this bug"
    )


def _within(check: Check) -> list[Diagnosis]:
    """Returns what a check finds in its time; what still runs then ends with the process."""
    answer: SimpleQueue[list[Diagnosis]] = SimpleQueue()

    def look() -> None:
        found: list[Diagnosis] = []
        try:
            found.extend(check.look())
        except Exception as error:  # noqa: BLE001 - told where it is waited for
            found.append(failed(check.name, error))
        answer.put(found)

    Thread(target=look, daemon=True).start()
    try:
        return answer.get(timeout=check.seconds)
    except Empty:
        raise BackendUnavailable(
            f"expected an answer within {check.seconds:g} s, found none",
            hints=["is it reached from here? --offline leaves it alone"],
        ) from None
