"""Commit messages: the audit trail as `git log` shows it.

    promote support-dates/2 to champion (was 1)

    [skip ci]

    better on every kind of date

The message is for people. The event itself is `event.json` in the commit's tree; `verify` holds one
against the other, so a new form of the message must leave the old one known. The second paragraph
keeps CI services from starting a pipeline for the push; it stands first because some read only the
beginning of a message.
"""

from datetime import datetime

from ft_registry.backends.git.door import identity_variables
from ft_registry.model.event import Event

_NO_CI = "[skip ci]"
_DROPPED = str.maketrans("", "", "\n<>")
_STRIPPED = "".join(map(chr, range(33))) + ".,:;<>\"\\'"
"""What git takes away at the ends of names and addresses; of the full stop, some versions only."""


def format_message(event: Event) -> bytes:
    """Returns the commit message of an event."""
    paragraphs = [event.subject, _NO_CI, event.reason]
    return ("\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n").encode()


def label_of(event: Event) -> str:
    """Returns author, seconds and message of an event's commit, as `read_label` returns them."""
    seconds = int(datetime.fromisoformat(f"{event.time[:19]}+00:00").timestamp())
    author = identity_variables(event.actor)
    name, email = author["GIT_AUTHOR_NAME"], author["GIT_AUTHOR_EMAIL"]
    return _label(name, email, str(seconds), format_message(event))


def read_label(commit: bytes) -> str:
    """Returns author, seconds and message of a raw commit."""
    head, _, message = commit.partition(b"\n\n")
    lines = (line for line in head.split(b"\n") if line.startswith(b"author "))
    author = next(lines, b"").decode(errors="backslashreplace").removeprefix("author ")
    name, _, rest = author.partition("<")
    email, _, when = rest.partition(">")
    return _label(name, email, when.strip().partition(" ")[0], message)


def _label(name: str, email: str, seconds: str, message: bytes) -> str:
    who, where = (text.strip(_STRIPPED).translate(_DROPPED) for text in (name, email))
    return f"{who} <{where}>\n{seconds}\n{message.decode(errors='backslashreplace')}"
