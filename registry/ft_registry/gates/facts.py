"""Facts of one check: what holds, what breaks it, what nobody can tell. They make its answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ft_registry.errors import FtRegistryError, IntegrityError
from ft_registry.gates.answer import Answer
from ft_registry.model.verdict import Outcome

_SHOWN = 3
_FACTS = 8
"""So many are told one by one."""
_CHARACTERS = 600
"""Of words from outside: a verdict is kept for ever, and read as one paragraph."""


@dataclass
class Facts:
    """What was found, in words, each with what to do about it."""

    holding: list[str] = field(default_factory=list)
    breaking: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def holds(self, words: str) -> None:
        """Takes down what is as it was asked."""
        self.holding.append(words)

    def breaks(self, words: str) -> None:
        """Takes down what is known to be otherwise."""
        self.breaking.append(words)

    def is_open(self, words: str) -> None:
        """Takes down what cannot be told, and what would let it be told."""
        self.open.append(words)

    def meets(self, error: FtRegistryError) -> None:
        """Takes down what kept somebody from looking: damage breaks, all else leaves it open."""
        (self.breaking if isinstance(error, IntegrityError) else self.open).append(told(error))

    def answer(self) -> Answer:
        """Returns what becomes of the check. One fact that breaks it decides it."""
        if not (self.breaking or self.open or self.holding):
            return Answer("fail", "nothing was asked")
        outcome: Outcome = "fail" if self.breaking else "inconclusive" if self.open else "pass"
        words = [*self.breaking, *(f"not known: {one}" for one in self.open)] or self.holding
        more = len(words) - _FACTS
        return Answer(
            outcome, "; ".join(words[:_FACTS]) + (f"; and {more} more" if more > 0 else "")
        )


def told(error: FtRegistryError) -> str:
    """Returns an error as part of a sentence, with its first hint."""
    return error.message + (f" ({error.hints[0]})" if error.hints else "")


def some(names: Iterable[str]) -> str:
    """Returns the first names, and how many more there are."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def plain(text: str, *, end: bool = False) -> str:
    """Returns words of another program as they can stand on record: one line, not too long.

    Args:
        text: The words.
        end: Where they are too long the end counts, not the beginning.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if len(line) <= _CHARACTERS:
        return line
    return f"... {line[-_CHARACTERS:]}" if end else f"{line[:_CHARACTERS]} ..."
