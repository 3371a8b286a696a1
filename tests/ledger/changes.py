"""Events and changes as tests need them: short to write, never twice the same."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Event, LoggedEvent, Requirement
from ft_registry.model.layout import FORMAT
from ft_registry.model.origin import Actor
from ft_registry.ports.ledger import Change, Ledger

ADA = Actor(name="Ada", email="ada@example.org")
TIME = "2026-11-24T09:30:00.000000Z"
_nonces = count()


def make_event(subject: str = "take note", **fields: Any) -> Event:
    """Returns an event; fields that do not matter have a value."""
    given = {
        "type": "snapshot",
        "time": TIME,
        "actor": ADA,
        "host": "here",
        "tool": "tests",
        "nonce": f"nonce-{next(_nonces)}",
    }
    return Event(subject=subject, **(given | fields))


def make_change(
    documents: Mapping[str, bytes | None],
    *,
    requires: Mapping[str, bytes | None] | None = None,
    pins: tuple[str, ...] = (),
    **fields: Any,
) -> Change:
    """Returns a change.

    Args:
        documents: What to write.
        requires: What must be there: content by path, None for no document.
        pins: Commits to keep.
        fields: Of the event.
    """
    return Change(
        event=make_event(**fields),
        documents=documents,
        requires=tuple(
            Requirement(path=path, digest=None if content is None else digest_bytes(content))
            for path, content in (requires or {}).items()
        ),
        pins=pins,
    )


def begin(ledger: Ledger) -> LoggedEvent:
    """Appends the first event."""
    return ledger.append(
        make_change({FORMAT: b'{"format":1}'}, type="init", subject="begin the ledger")
    )


def write(ledger: Ledger, path: str, content: bytes, **fields: Any) -> LoggedEvent:
    """Appends an event that writes one document."""
    return ledger.append(make_change({path: content}, **fields))


def subjects(ledger: Ledger, *paths: str) -> list[str]:
    """Returns the subjects of the events, oldest first, without the first event of all."""
    return [e.event.subject for e in ledger.events(*paths) if e.event.type != "init"]
