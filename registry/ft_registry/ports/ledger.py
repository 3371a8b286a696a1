"""The port to the ledger: an append-only history of whole states."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ft_registry.errors import Conflict
from ft_registry.model.event import Event, LoggedEvent, Requirement


@dataclass(frozen=True)
class Change:
    """What an event does to the state, and what it relies on."""

    event: Event
    """Without `requires` and `writes`: the ledger fills them in."""
    documents: Mapping[str, bytes | None]
    """New content by path; None takes the document away."""
    requires: tuple[Requirement, ...] = ()
    pins: tuple[str, ...] = ()
    """Git commits that the documents cite and that must stay reachable."""


@dataclass(frozen=True)
class RemoteView:
    """How the ledger here stands to its remote, as far as this clone knows."""

    remote: str
    ahead: int
    """Events here that the remote does not have."""
    behind: int
    """Events there that are not here."""
    fetched_at: float | None
    """Seconds since the epoch of the last fetch; None: never."""


class RequirementFailed(Conflict):
    """A requirement of a change does not hold (any more)."""

    def __init__(self, requirement: Requirement, found: str | None) -> None:
        super().__init__(
            f"expected {requirement.path} at {requirement.digest or 'no document'}, "
            f"found {found or 'no document'}",
            hints=["somebody else's change came first: look at it and run the command again"],
        )
        self.requirement = requirement
        self.found = found


class Ledger(Protocol):
    """An append-only history. Every read without `at` answers from the head known here."""

    def head(self) -> str | None:
        """Returns the id of the newest event known here; None when there is no ledger."""

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """Returns a document's bytes, or None when there is none at the path."""

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """Returns the documents that exist among the paths."""

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        """Returns the paths of all documents below a folder, sorted."""

    def has(self, event_id: str | None) -> bool:
        """Returns whether an event of this id is at hand."""

    def changes(
        self, folder: str, *, since: str | None, until: str | None
    ) -> Iterator[tuple[str, bytes | None]]:
        """Yields the documents below a folder that differ between two states.

        Args:
            folder: Where to look.
            since: The id of an event; None: the empty state.
            until: The id of an event; None: the empty state.

        Yields:
            The path and the new bytes, None for a document that is there no more.
        """

    def events(self, *paths: str, newest_first: bool = False) -> Iterator[LoggedEvent]:
        """Yields the events that touched one of the paths or anything below it; all without."""

    def refresh(self) -> None:
        """Brings in what others have appended, where a remote is configured.

        Raises:
            BackendUnavailable: The remote does not answer.
            Conflict: Both sides have events that the other has not.
        """

    def append(self, change: Change) -> LoggedEvent:
        """Appends one event, if its requirements hold on the newest head.

        Raises:
            RequirementFailed: One does not hold. Nothing was written.
            BackendUnavailable: The remote does not answer. Nothing was published.
            OutcomeUnknown: The remote's answer was lost.
        """

    def remote_view(self) -> RemoteView | None:
        """Returns how this ledger stands to its remote; None when it has none."""
