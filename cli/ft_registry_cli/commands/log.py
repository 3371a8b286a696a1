"""``log`` and ``at``: the audit trail."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.model.event import LoggedEvent


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""

    @command(app, "log")
    def log(
        state: State,
        subject: Annotated[
            str | None, typer.Argument(metavar="[NAME | NAME@ALIAS]", help="[default: everything]")
        ] = None,
    ) -> None:
        """Show who did what, when and why."""
        events = state.workspace.log(subject)
        state.emit(
            {"events": [_document(logged) for logged in events]},
            lambda: "\n".join(_text(logged) for logged in events),
        )

    @command(app, "at")
    def at(
        state: State,
        alias: Annotated[str, typer.Argument(metavar="NAME@ALIAS")],
        time: Annotated[
            str, typer.Argument(metavar="TIME", help="2026-11-24T09:30, 2026-11-24, or an age: 2h.")
        ],
    ) -> None:
        """Tell which version an alias named at a moment."""
        logged = state.workspace.at(alias, time)
        event = logged.event
        named = f"{event.model}/{event.to}" if event.to is not None else "no version"
        state.emit(
            {
                "model": event.model,
                "alias": event.alias,
                "version": event.to,
                "since": event.time,
                "event": logged.id,
                "actor": event.actor.as_text(),
                "reason": event.reason,
            },
            f"{named}  since {event.time[:19]}Z: {event.subject}, by {event.actor.as_text()}",
        )


def _document(logged: "LoggedEvent") -> dict[str, Any]:
    event = logged.event
    return {
        "id": logged.id,
        "time": event.time,
        "actor": event.actor.as_text(),
        "host": event.host,
        "type": event.type,
        "model": event.model,
        "version": event.version,
        "alias": event.alias,
        "from": event.previous,
        "to": event.to,
        "subject": event.subject,
        "reason": event.reason,
        "overrides": list(event.overrides),
        "provenance": dict(event.provenance),
    }


def _text(logged: "LoggedEvent") -> str:
    event = logged.event
    lines = [f"{event.time[:19]}Z  {event.subject}", f"    by {event.actor.as_text()}"]
    lines += [f"    {line}" for line in event.reason.splitlines()]
    lines += [f"    found: {key} {value}" for key, value in event.provenance.items()]
    return "\n".join(lines)
