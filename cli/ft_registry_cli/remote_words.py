"""How the ledger stands to its remote, in words: shared by status and sync."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ft_registry_cli.state import short

if TYPE_CHECKING:
    from ft_registry.model.event import LoggedEvent
    from ft_registry.ports.ledger import RemoteView

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def as_json(view: "RemoteView | None") -> dict[str, Any] | None:
    """Returns the view as `--json` prints it."""
    if view is None:
        return None
    return {
        "name": view.remote,
        "state": view.state,
        "ahead": view.ahead,
        "behind": view.behind,
        "lost": view.lost,
        "fetched_at": view.fetched_at,
    }


def as_text(view: "RemoteView", now: datetime) -> str:
    """Returns the view in a line, with its age, and in another what was lost last, if anything."""
    gone = "is gone" if view.lost == 1 else "are gone"
    words = {
        "level": "same events here and there",
        "ahead": f"{_events(view.ahead)} not pushed",
        "behind": f"{_events(view.behind)} not taken over",
        "diverged": f"diverged: {_events(view.ahead)} only here, {_events(view.behind)} only there",
        "rolled back": f"rolled back: {_events(view.lost)} published there {gone}",
        "rewritten": f"rewritten: {_events(view.lost)} published there {gone}",
    }[view.state]
    said = f"{view.remote}: {words}; {_asked(view.fetched_at, now)}"
    if view.newest_lost is None:
        return said
    return f"{said}\nthe newest of them: {line(view.newest_lost)}"


def line(logged: "LoggedEvent") -> str:
    """Returns an event in one line."""
    event = logged.event
    return f"{short(logged.id)}  {event.time[:19]}Z  {event.actor.name}  {event.subject}"


def _events(count: int) -> str:
    return f"{count} event{'s' if count != 1 else ''}"


def _asked(fetched_at: float | None, now: datetime) -> str:
    if fetched_at is None:
        return "not asked since it was cloned"
    seconds = max(0, int((now - datetime.fromtimestamp(fetched_at, tz=UTC)).total_seconds()))
    for size, unit in _UNITS:
        if seconds >= size:
            return f"asked {seconds // size} {unit} ago"
    return "asked less than a minute ago"
