"""The ledger as it was: reads answer from the state that an event left."""

from collections.abc import Iterable, Iterator
from typing import NoReturn

from ft_registry.errors import Refused
from ft_registry.model.event import Event, LoggedEvent
from ft_registry.model.verification import Finding
from ft_registry.ports.ledger import (
    Change,
    Keep,
    Ledger,
    PinState,
    RemoteView,
    Settled,
    SettlementPlan,
    Signature,
    Transition,
)


class PastLedger:
    """A ledger up to one event. It cannot be written to.

    Args:
        ledger: The ledger of today.
        until: The id of the last event that counts.
    """

    def __init__(self, ledger: Ledger, until: str) -> None:
        self._ledger = ledger
        self._until = until

    def head(self) -> str | None:
        """See `Ledger.head`."""
        return self._until

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """See `Ledger.read`."""
        return self._ledger.read(path, at=at or self._until)

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """See `Ledger.read_many`."""
        return self._ledger.read_many(paths, at=at or self._until)

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        """See `Ledger.paths`."""
        return self._ledger.paths(folder, at=at or self._until)

    def has(self, event_id: str | None) -> bool:
        """See `Ledger.has`."""
        return self._ledger.has(event_id)

    def changes(
        self, folder: str, *, since: str | None, until: str | None
    ) -> Iterator[tuple[str, bytes | None]]:
        """See `Ledger.changes`."""
        return self._ledger.changes(folder, since=since, until=until)

    def events(self, *paths: str, newest_first: bool = False) -> Iterator[LoggedEvent]:
        """See `Ledger.events`."""
        wanted = {logged.id for logged in self._ledger.events(*paths)} if paths else None
        found: list[LoggedEvent] = []
        for logged in self._ledger.events():
            if wanted is None or logged.id in wanted:
                found.append(logged)
            if logged.id == self._until:
                break
        yield from reversed(found) if newest_first else found

    def refresh(self) -> None:
        """Does nothing: the past does not change."""

    def remote_view(self) -> RemoteView | None:
        """Returns nothing: the past has no remote."""
        return None

    def transitions(self) -> Iterator[Transition]:
        """See `Ledger.transitions`."""
        for step in self._ledger.transitions():
            yield step
            if step.id == self._until:
                return

    def label(self, event: Event) -> str:
        """See `Ledger.label`."""
        return self._ledger.label(event)

    def pins(self, commits: Iterable[str]) -> dict[str, PinState]:
        """See `Ledger.pins`."""
        return self._ledger.pins(commits)

    def check_storage(self) -> list[Finding]:
        """See `Ledger.check_storage`."""
        return self._ledger.check_storage()

    def check_signatures(self) -> list[Finding]:
        """See `Ledger.check_signatures`."""
        return self._ledger.check_signatures()

    def signature(self, event_id: str) -> Signature | None:
        """See `Ledger.signature`."""
        return self._ledger.signature(event_id)

    def append(self, change: Change) -> LoggedEvent:
        """Refuses."""
        del change
        self._refuse()

    def settlement(self, keep: Keep) -> SettlementPlan:
        """Refuses."""
        del keep
        self._refuse()

    def settle(self, plan: SettlementPlan) -> Settled:
        """Refuses."""
        del plan
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Refused(f"expected to read the ledger as it was at {self._until[:12]}, not to write")
