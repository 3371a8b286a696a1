"""The port to the ledger: an append-only history of whole states."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from ft_registry.errors import Conflict, IntegrityError
from ft_registry.model.event import Event, LoggedEvent, Requirement
from ft_registry.model.verification import Finding, State

RemoteState: TypeAlias = Literal["level", "ahead", "behind", "diverged", "rolled back", "rewritten"]
"""``ahead``: events wait here. ``behind``: events there are not here yet. ``diverged``: both.
``rolled back``: the remote went back to an older head than this clone has seen there, so that
events which were published are gone. ``rewritten``: it has another history than was seen there."""

Keep: TypeAlias = Literal["both", "ours", "theirs"]
"""Whose events stay when a ledger and its remote are settled."""

PinState: TypeAlias = Literal["kept", "loose", "elsewhere", "missing"]
"""``kept``: at hand, and a pin keeps it. ``loose``: at hand, but nothing of ours keeps it.
``elsewhere``: not at hand, but the remote may have it. ``missing``: neither."""


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
    state: RemoteState = "level"
    lost: int = 0
    """Events that this clone has seen there and that are there no more."""
    newest_lost: LoggedEvent | None = None
    """The newest of them."""

    @property
    def is_trusted(self) -> bool:
        """Whether the remote still has all that was seen there."""
        return self.state not in ("rolled back", "rewritten")


@dataclass(frozen=True)
class SettlementPlan:
    """What settling a ledger with its remote would do."""

    keep: Keep
    state: RemoteState
    """How they stand to each other before."""
    push: tuple[LoggedEvent, ...] = ()
    """Events that the remote gets as they are, oldest first."""
    take: tuple[LoggedEvent, ...] = ()
    """Events that come here as they are, oldest first."""
    replay: tuple[LoggedEvent, ...] = ()
    """Events, under their old ids, that are written anew on top of the others, oldest first."""
    set_aside: tuple[LoggedEvent, ...] = ()
    """Events that leave the history. Their commits are kept under a ref of their own."""
    force: bool = False
    """Whether the remote's head is replaced by one that does not contain it."""
    heads: tuple[str | None, str | None, str | None] = (None, None, None)
    """What the plan was made for: the head here, the remote's, the one that was seen there."""
    onto: str | None = None
    """The event that `replay` goes on top of; without any, the new head. None: nothing moves."""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.push or self.take or self.replay or self.set_aside or self.force)


@dataclass(frozen=True)
class Settled:
    """What settling did."""

    pushed: int = 0
    """Events that the remote got, as they were or replayed."""
    taken: int = 0
    replayed: int = 0
    set_aside: tuple[LoggedEvent, ...] = ()


@dataclass(frozen=True)
class Signature:
    """What the signature of an event says."""

    state: State
    """``ok``: it fits, and somebody here vouches for the key. ``changed``: it is no good, or by a
    key that was revoked. ``unknown``: that cannot be told here."""
    signer: str
    """Whose key it is, by who vouches for it: ``Ada <ada@example.org>``, or an address alone."""
    words: str
    """What was found, for people."""

    @property
    def email(self) -> str:
        """The address in `signer`; empty: there is none."""
        name, opening, rest = self.signer.rpartition("<")
        address = rest.removesuffix(">") if opening else name + rest
        return address.strip() if "@" in address else ""


@dataclass(frozen=True)
class Transition:
    """One step of the history: an event as it is stored, and what really changed with it."""

    id: str
    parents: tuple[str, ...]
    event: bytes | None
    """The event's document; None: there is none, or it cannot be read."""
    documents: Mapping[str, bytes | None]
    """The documents, without the event's, that differ from the state before; None: gone."""
    unreadable: tuple[str, ...] = ()
    """Paths that changed, whose bytes are lost or damaged."""
    is_cut: bool = field(default=False)
    """The past is not at hand (a shallow clone): `documents` holds the whole state."""
    label: str = ""
    """What people are shown of the event without its document, such as a commit's author."""


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


class HistoryLost(IntegrityError):
    """The remote no longer has what this clone has seen there."""

    def __init__(self, view: RemoteView) -> None:
        newest = ""
        if view.newest_lost is not None:
            event = view.newest_lost.event
            newest = f"; the newest: {event.subject!r}, {event.actor.as_text()}, {event.time[:19]}Z"
        count = "1 event is" if view.lost == 1 else f"{view.lost} events are"
        super().__init__(
            f"expected the ledger's remote {view.remote!r} to keep what was published there, found "
            f"its history {view.state}: {count} gone{newest}",
            hints=[
                "ft-registry sync --restore publishes them again",
                "ft-registry sync --adopt follows the remote and sets them aside",
            ],
        )
        self.view = view


class Documents(Protocol):
    """The documents of a state. Every read without `at` answers from the head known here."""

    def head(self) -> str | None:
        """Returns the id of the newest event known here; None when there is no ledger."""

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """Returns a document's bytes, or None when there is none at the path."""

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """Returns the documents that exist among the paths."""

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        """Returns the paths of all documents below a folder, sorted."""


class Ledger(Documents, Protocol):
    """An append-only history."""

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

    def events(
        self, *paths: str, newest_first: bool = False, at: str | None = None
    ) -> Iterator[LoggedEvent]:
        """Yields the events that touched one of the paths or anything below it; all without.

        Args:
            paths: Where.
            newest_first: The newest one first.
            at: The id of the last event that counts; None: the newest that is known here.
        """

    def refresh(self) -> None:
        """Brings in what others have appended, where a remote is configured.

        Raises:
            BackendUnavailable: The remote does not answer.
            Conflict: Both sides have events that the other has not.
            HistoryLost: Events that this clone has seen there are gone.
        """

    def append(self, change: Change) -> LoggedEvent:
        """Appends one event, if its requirements hold on the newest head.

        Raises:
            RequirementFailed: One does not hold. Nothing was written.
            HistoryLost: The remote's history is not the one that was seen. Nothing was written.
            BackendUnavailable: The remote does not answer. Nothing was published.
            OutcomeUnknown: The remote's answer was lost.
        """

    def remote_view(self) -> RemoteView | None:
        """Returns how this ledger stands to its remote; None when it has none."""

    def settlement(self, keep: Keep) -> SettlementPlan:
        """Asks the remote, and returns what settling would do. Changes no event on either side.

        Without a remote, and offline, there is nothing to do. Where neither side lost anything
        (``ahead``, ``behind``), all values of `keep` mean the same.

        Args:
            keep: ``both``: waiting events are published; when the other side has events as well,
                ours go on top of them. ``ours``: what was seen at the remote is published again,
                with its present events on top as far as their requirements hold; of diverged
                histories, ours go on top of theirs as far as theirs hold. ``theirs``: the ledger
                follows the remote; ours that are not there are set aside.

        Raises:
            BackendUnavailable: The remote does not answer.
            Conflict: `keep` is ``both``, and a requirement of an event that waits here does not
                hold on top of theirs.
            HistoryLost: `keep` is ``both``, and events that were seen at the remote are gone.
        """

    def settle(self, plan: SettlementPlan) -> Settled:
        """Does exactly what a plan says.

        A replayed event is the same document with its nonce, time and actor, in a new commit.

        Raises:
            BackendUnavailable: The remote does not answer, or refuses. Nothing was published.
            Conflict: One of the sides has moved since the plan was made. Nothing changed.
            OutcomeUnknown: The remote's answer was lost.
        """

    def transitions(self) -> Iterator[Transition]:
        """Yields every step of the history at hand, oldest first, as it is stored.

        Raises:
            IntegrityError: A step itself, and so what came before it, cannot be read.
        """

    def label(self, event: Event) -> str:
        """Returns the label that an event is stored under, line by line."""

    def pins(self, commits: Iterable[str]) -> dict[str, PinState]:
        """Returns, for commits of the code, whether they are at hand and kept."""

    def check_storage(self) -> list[Finding]:
        """Reads every byte that the history is stored in, and returns what is damaged or lost."""

    def check_signatures(self) -> list[Finding]:
        """Returns what the signatures of the events say; nothing of events without one."""

    def signature(self, event_id: str) -> Signature | None:
        """Returns what the signature of an event says; None: it has none."""
