"""Proofs: how far a version was brought back, and by whom.

The levels, each including the ones before:

    R0  the record alone
    R1  the bytes of the artifact, each at its digest
    R2  data, configuration and code as well
    R3  run again, with scores inside the confidence intervals of the original ones
    R4  run again, with weights equal bit for bit
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from ft_registry.model.document import Document, Part
from ft_registry.model.manifest import Digest
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

Level: TypeAlias = Literal["R0", "R1", "R2", "R3", "R4"]
LEVELS: tuple[Level, ...] = ("R0", "R1", "R2", "R3", "R4")
MEANINGS: dict[Level, str] = {
    "R0": "record only",
    "R1": "artifact bytes verified",
    "R2": "data, config and code restored",
    "R3": "re-run, scores within the confidence intervals of the original ones",
    "R4": "re-run, weights bit-identical",
}


StepState: TypeAlias = Literal["ok", "differs", "missing", "unknown"]
_SHOWN = 3
_RUN = ("stage ", "weights", "scores ")
"""The steps of running again, by the beginning of their name."""
_LINE = 300
"""Characters of why a run failed."""


class ProofStep(Part):
    """One thing that was brought back or compared."""

    name: str
    """``artifact``, ``data train``, ``base``, ``inputs``, ``code``, ``patch``, ``config``,
    ``environment``, ``evaluation dates``, ``interpreter``, ``stage train``, ``weights``,
    ``scores dates.exact_match``."""
    state: StepState
    detail: str = ""
    """What was found, in a few words."""


def shortfall(how: str, level: Level, steps: Sequence[ProofStep]) -> str:
    """Returns by what a run failed to make a version again; empty: it did, or did not try.

    Args:
        how: ``restore`` or ``reproduce``.
        level: What was reached.
        steps: What it took.
    """
    if how == "restore" or level in ("R3", "R4"):
        return ""
    failed = [step for step in steps if step.name.startswith(_RUN) and step.state != "ok"]
    why = "; ".join(_failure(step) for step in failed[:_SHOWN]) or "no scores to compare"
    # It becomes one line of the log, and a command may be a whole script.
    line = " ".join("".join(char if char.isprintable() else " " for char in why).split())
    cut = f"{line[:_LINE]} ..." if len(line) > _LINE else line
    return f"not reproduced: {cut}"


def _failure(step: ProofStep) -> str:
    what = step.name
    if what == "weights":
        what = "weights not made" if step.state == "missing" else "other weights"
    return f"{what}: {step.detail}"


def some(names: Sequence[str]) -> str:
    """Returns the first names, and how many more there are, for a step's detail."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


class Proof(Document):
    """What somebody proved of a version, on which machine."""

    SCHEMA: ClassVar[str] = "ft-registry/proof/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)]
    record: Digest
    how: Literal["restore", "reproduce"]
    level: Level
    steps: tuple[ProofStep, ...]
    python: str
    platform: str
    host: str
    recorded_at: Timestamp
    recorded_by: Actor
