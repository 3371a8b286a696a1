"""Aliases: the one thing that moves, and what its history says."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from ft_registry.model.document import Document, is_empty
from ft_registry.model.event import Event, EventType, LoggedEvent
from ft_registry.model.manifest import Digest
from ft_registry.model.names import AliasName, ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp


class AliasState(Document):
    """Which version an alias names, since when, and by whose word.

    It repeats what the event of the move says, so that telling it does not need the history.
    """

    SCHEMA: ClassVar[str] = "ft-registry/alias/1"

    model: ModelName
    alias: AliasName
    version: Annotated[int, Field(ge=1)]
    record: Digest
    """The record of that version: the identity that the number stands for."""
    since: Timestamp
    by: Actor
    through: EventType
    reason: str = ""
    overrides: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """The guards that a person set aside for it, by name."""


def state_after(event: Event, record: str) -> AliasState:
    """Returns what an alias is after the event that let it name a version.

    Args:
        event: The move; it says which alias, and to which version.
        record: The digest of that version's record.
    """
    return AliasState.model_validate(
        {
            "model": event.model,
            "alias": event.alias,
            "version": event.to,
            "record": record,
            "since": event.time,
            "by": event.actor,
            "through": event.type,
            "reason": event.reason,
            "overrides": event.overrides,
        }
    )


def holders(history: Sequence[LoggedEvent]) -> list[int]:
    """Returns the versions that an alias can go back through, the present one last.

    A promotion puts a version on top, and so does a move by hand that was adopted; a rollback takes
    versions off until its target is on top (a target that never held the alias is put there
    instead). So two rollbacks in a row go two versions back and never forth again. Taking the alias
    away leaves them as they are: naming a version again goes on from there.

    Args:
        history: The alias's events, oldest first.
    """
    stack: list[int] = []
    for logged in history:
        target = logged.event.to
        if target is None:
            continue
        if logged.event.type == "rollback" and target in stack:
            while stack[-1] != target:
                stack.pop()
        elif not stack or stack[-1] != target:
            stack.append(target)
    return stack


def holder_at(history: Sequence[LoggedEvent], stamp: str) -> LoggedEvent | None:
    """Returns the event that decided which version the alias named at a moment.

    The ledger's order counts, not the clocks: it is the last event, in that order, whose time is
    not after the moment. One that goes to no version took the alias away.

    Args:
        history: The alias's events, oldest first.
        stamp: A document timestamp.
    """
    found = None
    for logged in history:
        if logged.event.time <= stamp:
            found = logged
    return found
