"""What a check-up of the set-up found: one diagnosis a check, and what they come to."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Group: TypeAlias = Literal["tools", "git", "ledger", "DVC", "MLflow", "this machine"]

State: TypeAlias = Literal["ok", "warning", "problem", "unchecked"]
"""``problem``: something fails, or will. ``warning``: it works, and endangers what is kept.
``unchecked``: nobody can tell, and why stands in `Diagnosis.found`."""


@dataclass(frozen=True)
class Diagnosis:
    """What one check found."""

    check: str
    state: State
    found: str
    advice: tuple[str, ...] = ()
    """What to do next."""
    is_away: bool = False
    """A problem that may pass by itself: a back end does not answer."""


def ok(check: str, found: str) -> Diagnosis:
    """Returns that all is well."""
    return Diagnosis(check, "ok", found)


def warning(check: str, found: str, *advice: str) -> Diagnosis:
    """Returns that something is in danger."""
    return Diagnosis(check, "warning", found, advice)


def problem(check: str, found: str, *advice: str, is_away: bool = False) -> Diagnosis:
    """Returns that something fails."""
    return Diagnosis(check, "problem", found, advice, is_away)


def unchecked(check: str, why: str, *advice: str) -> Diagnosis:
    """Returns that nobody can tell."""
    return Diagnosis(check, "unchecked", why, advice)


@dataclass(frozen=True)
class Health:
    """Everything that a check-up found, in its order."""

    diagnoses: tuple[tuple[Group, Diagnosis], ...]

    def count(self, state: State) -> int:
        """Returns how many diagnoses are of a state."""
        return sum(diagnosis.state == state for _, diagnosis in self.diagnoses)

    @property
    def is_well(self) -> bool:
        """Whether there is no problem; warnings are none."""
        return self.count("problem") == 0

    @property
    def is_only_away(self) -> bool:
        """Whether there are problems, and all of them are back ends that do not answer."""
        problems = [found for _, found in self.diagnoses if found.state == "problem"]
        return bool(problems) and all(found.is_away for found in problems)

    def as_json(self) -> dict[str, Any]:
        """Returns the document of `doctor --json`."""
        return {
            "ok": self.is_well,
            "counts": {
                state: self.count(state) for state in ("ok", "warning", "problem", "unchecked")
            },
            "checks": [
                {
                    "group": group,
                    "check": one.check,
                    "state": one.state,
                    "found": one.found,
                    "advice": list(one.advice),
                    "no_answer": one.is_away,
                }
                for group, one in self.diagnoses
            ],
        }
