"""The ledger as it was: reads answer from the state that an event left.

Whatever is concluded from more than one document is read so: between two reads of the live ledger
another process may move an alias, and what was never true together would be taken for one state.
"""

from collections.abc import Iterable, Iterator
from typing import NoReturn

from ft_registry.actions.events import require_ledger
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
        self._contents: dict[str, bytes | None] = {}

    def head(self) -> str | None:
        """See `Ledger.head`."""
        return self._until

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """See `Ledger.read`."""
        return self.read_many([path], at=at).get(path)

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """See `Ledger.read_many`."""
        if at not in (None, self._until):
            return self._ledger.read_many(paths, at=at)
        wanted = list(paths)
        if left := [path for path in wanted if path not in self._contents]:
            found = self._ledger.read_many(left, at=self._until)
            self._contents |= {path: found.get(path) for path in left}
        known = ((path, self._contents[path]) for path in wanted)
        return {path: content for path, content in known if content is not None}

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

    def events(
        self, *paths: str, newest_first: bool = False, at: str | None = None
    ) -> Iterator[LoggedEvent]:
        """See `Ledger.events`."""
        return self._ledger.events(*paths, newest_first=newest_first, at=at or self._until)

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


def present_state(ledger: Ledger) -> PastLedger:
    """Returns the ledger as it is now, whatever is appended from now on.

    Raises:
        NotARegistry: There is no ledger.
    """
    return PastLedger(ledger, require_ledger(ledger))
