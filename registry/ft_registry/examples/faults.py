"""Faults: what is wrong with an example, by rule, line and what was found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

RULES: Mapping[str, str] = {
    "empty-file": "the file holds no example",
    "not-utf8": "a line is not UTF-8",
    "bom": "the file begins with a byte order mark",
    "crlf": "a line ends with a carriage return",
    "truncated": "the last line breaks off",
    "too-long": "a line is longer than the limit",
    "not-json": "a line is not JSON",
    "nan": "NaN or an infinity, which JSON does not have",
    "duplicate-key": "an object has one key twice: readers keep different ones",
    "not-an-object": "an example is not an object",
    "lone-surrogate": "half of a character: no text in UTF-8 can hold it",
    "control-character": "a control character in a text",
    "unknown-format": "the examples are of no known format",
    "mixed-format": "an example is of another format than the rest",
    "missing-key": "an example lacks a key of its format",
    "wrong-type": "a value is not of the type that its key asks for",
    "empty-text": "a text is empty",
    "empty-turn": "a turn of a conversation is empty",
    "unknown-role": "a turn has a role that no chat template knows",
    "role-order": "turns are out of order",
    "no-assistant": "no turn of the assistant: there is nothing to learn",
    "equal-pair": "chosen and rejected are equal",
    "label-not-boolean": "a label is not true or false",
    "label-count": "there are not as many labels as completions",
    "subject": "there is no single name where the key of --subject says that a person is named",
    "erased": "the example was erased: a tombstone in the ledger names it",
    "unreadable": "the file is not of the kind that its name says, or damaged",
}
"""Every rule, with what breaks it."""
UNPARDONED: Mapping[str, str] = {
    "erased": "erased examples are never allowed: take them out of the data",
    "unreadable": "unreadable files are never allowed: nobody can say what the rest of them holds. "
    "Mend them or take them out; --no-index tracks the bytes alone",
}
"""Rules that no option sets aside, with the reason."""
FIRST = 100
"""Faults that are told one by one, unless somebody asks for more."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    line: int
    """From 1: the line of a JSONL or CSV file, else the number of the example; 0: the file."""
    rule: str
    """One of `RULES`."""
    message: str
    file: str = ""
    """In a folder: the file, from the folder."""

    def as_json(self) -> dict[str, object]:
        """Returns the fault as `data check --json` prints it."""
        there: dict[str, object] = {"file": self.file} if self.file else {}
        return {**there, "line": self.line, "rule": self.rule, "message": self.message}


@dataclass
class FaultLog:
    """The first faults, and the number of all.

    Attributes:
        limit: How many are kept word for word; 0: all.
    """

    limit: int = FIRST
    first: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """By rule."""
    _spare: int = field(default=-1, compare=False, repr=False)
    """Once there is no room: the place up to which there may be faults that make some."""

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def add(self, line: int, rule: str, message: str) -> None:
        """Takes one in."""
        self.counts[rule] += 1
        self._keep(Fault(line, rule, message))

    def merge(self, later: "FaultLog", *, lines: int, file: str = "") -> None:
        """Takes in the faults of what follows.

        Args:
            later: Its faults.
            lines: The number of lines before it.
            file: The file that it is of.
        """
        self.counts.update(later.counts)
        for fault in later.first:
            line = fault.line + lines if fault.line else 0
            self._keep(Fault(line, fault.rule, fault.message, file or fault.file))

    def _keep(self, fault: Fault) -> None:
        """Keeps one of the first; where there is no room, what is never allowed is told instead."""
        if not self.limit or len(self.first) < self.limit:
            self._spare = len(self.first)
            self.first.append(fault)
        elif fault.rule in UNPARDONED:
            while self._spare >= 0 and self.first[self._spare].rule in UNPARDONED:
                self._spare -= 1
            if self._spare >= 0:
                del self.first[self._spare]
                self.first.append(fault)
                self._spare -= 1


def unheard(_rule: str, _message: str) -> None:
    """Takes faults where nobody asks for them: they are told when the data is checked."""


def shown(value: object, *, limit: int = 60) -> str:
    """Returns a value from a file so that it fits into a message."""
    text = ascii(value)
    return text if len(text) <= limit else f"{text[: limit - 4]} ..."
