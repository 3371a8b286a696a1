"""Commit messages: the audit trail as `git log` shows it.

    promote support-dates/2 to champion (was 1)

    [skip ci]

    better on every kind of date

The message is for people. The event itself is `event.json` in the commit's tree. The second
paragraph keeps CI services from starting a pipeline for the push; it stands first because some read
only the beginning of a message.
"""

from ft_registry.model.event import Event

_NO_CI = "[skip ci]"


def format_message(event: Event) -> bytes:
    """Returns the commit message of an event."""
    paragraphs = [event.subject, _NO_CI, event.reason]
    return ("\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n").encode()
