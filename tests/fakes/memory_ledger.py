"""A ledger in memory that keeps the contract of `ports.ledger.Ledger`.

It passes the same contract suite as the git ledger (tests/ledger/test_ledger_contract.py), so an
action that is right on it is right on git. Nothing in it is scripted: it appends, checks
requirements and answers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ft_registry.errors import BackendUnavailable, IntegrityError, NotARegistry
from ft_registry.model.canonical import digest_bytes, parse_json
from ft_registry.model.event import Event, LoggedEvent, Write
from ft_registry.model.layout import EVENT, FORMAT, FORMAT_VERSION
from ft_registry.model.manifest import relative_path
from ft_registry.model.verification import Finding
from ft_registry.ports.ledger import (
    Change,
    Keep,
    PinState,
    RemoteView,
    RequirementFailed,
    Settled,
    SettlementPlan,
    Signature,
    Transition,
)


@dataclass(frozen=True)
class _Entry:
    id: str
    state: dict[str, bytes]


class MemoryLedger:
    """A list of whole states; the id of each is a digest over its event and the id before.

    Attributes:
        unavailable: The remote does not answer: refreshing and appending fail.
        before_append: Called once, before the next append checks its requirements; what it appends
            itself stands for another process that was quicker.
        pinned: The commits that changes asked to keep.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self.unavailable = False
        self.before_append: Callable[[], object] | None = None
        self.pinned: set[str] = set()

    def head(self) -> str | None:
        if not self._entries:
            return None
        newest = self._entries[-1]
        content = newest.state.get(FORMAT)
        if content is None or parse_json(content, what=FORMAT).get("format") != FORMAT_VERSION:
            raise NotARegistry(f"expected {FORMAT} of format {FORMAT_VERSION}, found none")
        return newest.id

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        return self.read_many([path], at=at).get(path)

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        state = self._state(at or self.head())
        wanted = [relative_path(path) for path in paths]
        return {path: state[path] for path in wanted if path in state}

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        state = self._state(at or self.head())
        return sorted(path for path in state if _is_below(path, relative_path(folder)))

    def has(self, event_id: str | None) -> bool:
        return any(entry.id == event_id for entry in self._entries)

    def changes(
        self, folder: str, *, since: str | None, until: str | None
    ) -> Iterator[tuple[str, bytes | None]]:
        old, new = self._state(since), self._state(until)
        for path in sorted(old.keys() | new.keys()):
            if _is_below(path, relative_path(folder)) and old.get(path) != new.get(path):
                yield path, new.get(path)

    def events(
        self, *paths: str, newest_first: bool = False, at: str | None = None
    ) -> Iterator[LoggedEvent]:
        self.head()
        limits = [relative_path(path) for path in paths]
        found = []
        before: dict[str, bytes] = {}
        for entry in self._entries:
            touched = _differing(before, entry.state)
            before = entry.state
            if not limits or any(_is_below(p, limit) for p in touched for limit in limits):
                event = Event.parse(entry.state[EVENT], what=f"the event {entry.id}")
                found.append(LoggedEvent(id=entry.id, event=event))
            if entry.id == at:
                break
        yield from reversed(found) if newest_first else found

    def refresh(self) -> None:
        if self.unavailable:
            raise BackendUnavailable("expected the ledger's remote to answer, found none")

    def append(self, change: Change) -> LoggedEvent:
        self.refresh()
        meanwhile, self.before_append = self.before_append, None
        if meanwhile is not None:
            meanwhile()
        head = self.head()
        state = self._state(head)
        digests = {path: digest_bytes(content) for path, content in state.items()}
        for requirement in change.requires:
            relative_path(requirement.path)
            if (found := requirement.found(digests)) != requirement.digest:
                raise RequirementFailed(requirement, found)
        writes = tuple(
            Write(
                path=relative_path(path),
                digest=None if content is None else digest_bytes(content),
            )
            for path, content in sorted(change.documents.items())
        )
        event = change.event.model_copy(update={"requires": change.requires, "writes": writes})
        content = event.to_bytes()
        new_id = digest_bytes(f"{head}\n".encode() + content).removeprefix("sha256:")
        after = {**state, **change.documents, EVENT: content}
        kept = {path: found for path, found in after.items() if found is not None}
        self._entries.append(_Entry(new_id, kept))
        self.pinned |= set(change.pins)
        return LoggedEvent(id=new_id, event=event)

    def remote_view(self) -> RemoteView | None:
        return None

    def settlement(self, keep: Keep) -> SettlementPlan:
        self.refresh()
        return SettlementPlan(keep, "level")

    def settle(self, plan: SettlementPlan) -> Settled:
        return Settled()

    def transitions(self) -> Iterator[Transition]:
        before: dict[str, bytes] = {}
        parents: tuple[str, ...] = ()
        for entry in self._entries:
            changed = {path: entry.state.get(path) for path in _differing(before, entry.state)}
            event = changed.pop(EVENT, None)
            label = self.label(Event.parse(entry.state[EVENT], what=entry.id))
            yield Transition(entry.id, parents, event, changed, label=label)
            before, parents = entry.state, (entry.id,)

    def label(self, event: Event) -> str:
        return f"{event.actor.as_text()}\n{event.subject}"

    def pins(self, commits: Iterable[str]) -> dict[str, PinState]:
        return {commit: "kept" if commit in self.pinned else "missing" for commit in commits}

    def check_storage(self) -> list[Finding]:
        return []

    def check_signatures(self) -> list[Finding]:
        return []

    def signature(self, event_id: str) -> Signature | None:
        self._state(event_id)
        return None

    def _state(self, event_id: str | None) -> dict[str, bytes]:
        if event_id is None:
            return {}
        for entry in self._entries:
            if entry.id == event_id:
                return entry.state
        raise IntegrityError(f"expected an event {event_id}, found none")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _differing(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
