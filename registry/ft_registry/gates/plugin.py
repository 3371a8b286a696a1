"""What a plugin of the group ``ft_registry.checks`` is given, and what it may answer.

from ft_registry.gates.plugin import CheckFacts

def small_enough(settings: dict, facts: CheckFacts) -> tuple[str, str]:
    size = facts.record["artifact"]["size"]
    return ("pass" if size <= settings["most"] else "fail"), f"{size} bytes"
"""

from dataclasses import dataclass
from typing import Any, get_args

from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import plain
from ft_registry.model.verdict import Outcome

GROUP = "ft_registry.checks"
"""The group of entry points in the metadata of a package."""


@dataclass(frozen=True)
class CheckFacts:
    """The version that wants to be named by an alias. Changing it changes nothing on record."""

    model: str
    version: int
    alias: str
    record: dict[str, Any]
    """The record of the version, as `ft-registry show --json` prints it."""
    evaluations: list[dict[str, Any]]
    """Its evaluations that no later one corrects, by time; likewise."""


_OUTCOMES: dict[str, Outcome] = {outcome: outcome for outcome in get_args(Outcome)}


def judge_plugin(name: str, found: object) -> Answer:
    """Returns what a plugin answered; whatever is no answer fails."""
    if not isinstance(found, tuple | list) or len(found) != 2:
        return _no_answer(name, plain(repr(found)))
    outcome, words = found
    if not isinstance(outcome, str) or outcome not in _OUTCOMES or not isinstance(words, str):
        return _no_answer(name, plain(repr(found)))
    said = plain(words)
    return Answer(_OUTCOMES[outcome], said) if said else _no_answer(name, "no words")


def _no_answer(name: str, found: str) -> Answer:
    return Answer(
        "fail",
        f"the plugin {name} has to return one of {', '.join(_OUTCOMES)} and words, it returned "
        f"{found}",
    )
