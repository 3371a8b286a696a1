"""The model that the registry is held against: what must be on record, and what may be refused.

It is a list of what was acknowledged, and what follows of it by the laws of the design, written
down anew and as plainly as can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.randomised.deeds import MODEL, Answer, Deed
from tests.randomised.shown import Database

from ft_registry.model.event import Event, LoggedEvent

Key = tuple[int, str]
"""What an identity stands for here: which weights, which data."""
DONE, FAILED, GATE, DAMAGED, CONFLICT = 0, 1, 3, 4, 5


@dataclass(frozen=True)
class Entry:
    """One event as it must be on record."""

    type: str
    number: int | None = None
    alias: str | None = None
    previous: int | None = None
    to: int | None = None
    key: Key | None = None
    """Of a registration."""
    suite: int = 0
    bad: int | None = None
    """The version that it calls bad."""
    good: int | None = None
    """The version that it calls good again."""
    home: str = ""
    """Where it says that bytes were stored anew, as MLflow's source."""

    def is_told_by(self, event: Event) -> bool:
        """Returns whether an event says just that."""
        found = (event.type, event.version, event.alias, event.previous, event.to)
        return found == (self.type, self.number, self.alias, self.previous, self.to)


@dataclass
class State:
    """What the acknowledged events amount to."""

    records: dict[int, Key] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    standings: dict[int, str] = field(default_factory=dict)
    evaluations: set[tuple[int, int]] = field(default_factory=set)
    moves: dict[str, list[Entry]] = field(default_factory=dict)
    homes: dict[int, str] = field(default_factory=dict)
    """Where bytes were stored anew, by version."""

    @classmethod
    def after(cls, entries: Sequence[Entry]) -> "State":
        """Returns the state after events."""
        state = cls()
        for entry in entries:
            state._take(entry)
        return state

    def _take(self, entry: Entry) -> None:
        if entry.type == "register" and entry.number is not None and entry.key is not None:
            self.records[entry.number] = entry.key
        elif entry.type == "evaluate" and entry.number is not None:
            self.evaluations.add((entry.number, entry.suite))
        elif entry.alias is not None:
            self.moves.setdefault(entry.alias, []).append(entry)
            if entry.to is None:
                self.aliases.pop(entry.alias, None)
            else:
                self.aliases[entry.alias] = entry.to
        elif entry.type == "relocate" and entry.number is not None:
            self.homes[entry.number] = entry.home
        elif entry.type == "adopt" and entry.number is not None:
            self.standings[entry.number] = "deleted"
        if entry.bad is not None:
            self.standings[entry.bad] = "bad"
        if entry.good is not None:
            self.standings[entry.good] = "good"

    @property
    def live(self) -> list[int]:
        """The versions that MLflow is to have."""
        return [number for number in self.records if self.standings.get(number) != "deleted"]

    def number_of(self, key: Key) -> int | None:
        """Returns the version of an identity."""
        return next((number for number, one in self.records.items() if one == key), None)

    def before(self, alias: str) -> list[int]:
        """Returns the versions that a rollback goes back through, the last one first."""
        held: list[int] = []
        for move in self.moves.get(alias, ()):
            if move.to is None:
                continue
            if move.type == "rollback" and move.to in held:
                held = held[: len(held) - held[::-1].index(move.to)]
            elif held[-1:] != [move.to]:
                held.append(move.to)
        present = self.aliases.get(alias)
        return [n for n in dict.fromkeys(reversed(held)) if n != present]

    def takes_back(self, alias: str, to: int) -> bool:
        """Returns whether going to a version undoes the last rollbacks of an alias."""
        for move in reversed(self.moves.get(alias, ())):
            if move.type != "rollback":
                return False
            if move.previous == to:
                return True
        return False


class Oracle:
    """What must be on record, what hands did, and what each deed must lead to."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.events: list[str] = []
        """Their ids in the ledger, with those from before the test began."""
        self.given: dict[int, Key] = {}
        """Every number that was ever acknowledged: it stands for one identity for ever."""
        self.documents: set[str] = set()
        """The digests of all states of aliases that are on record."""
        self.damaged: set[int] = set()
        self.edited: set[tuple[str, str]] = set()
        """What hands did to tags and descriptions, as `status` is to name it."""
        self.are_pages_loose = False
        """Whether a kill, or an event that was lost, left descriptions and tags as they may be."""

    def begin(
        self, past: Sequence[LoggedEvent], entries: Sequence[Entry], events: Sequence[LoggedEvent]
    ) -> None:
        """Takes in what was on record before the first step."""
        self.events = [logged.id for logged in past]
        for entry, logged in zip(entries, events, strict=True):
            self._append(entry, logged)

    @property
    def state(self) -> State:
        """What the acknowledged events amount to."""
        return State.after(self.entries)

    # What a deed must come to.

    def foresee(self, deed: Deed, shown: Database) -> tuple[int, Entry | None]:
        """Returns the exit code of a deed, and the event that it must put on record.

        The number of a new version is MLflow's to choose: `number` is None then. What a sync does
        is judged afterwards.
        """
        if deed.verb == "register":
            return self._register(deed, shown)
        if deed.verb == "evaluate":
            known = (deed.number, deed.suite) in self.state.evaluations
            return DONE, None if known else Entry("evaluate", deed.number, suite=deed.suite)
        return self._move(deed, shown)

    def _register(self, deed: Deed, shown: Database) -> tuple[int, Entry | None]:
        key = (deed.weights, deed.data)
        known = self.state.number_of(key)
        if known is None:
            # One that a killed registration left is taken up.
            return DONE, Entry("register", self.orphan(key, shown), key=key)
        return FAILED if self.state.standings.get(known) == "deleted" else DONE, None

    def orphan(self, key: Key, shown: Database) -> int | None:
        """Returns the version without a record that MLflow has of an identity."""
        orphans = [n for n in shown.versions if n not in self.state.records]
        return next((n for n in orphans if self.given.get(n) == key), None)

    def _move(self, deed: Deed, shown: Database) -> tuple[int, Entry | None]:
        state, alias = self.state, deed.alias
        present, to = state.aliases.get(alias), deed.number
        if deed.verb == "rollback" and present is None:
            return FAILED, None
        if to is None:
            good = [n for n in state.before(alias) if state.standings.get(n, "good") == "good"]
            if not good:
                return FAILED, None
            to = good[0]
        if to not in state.records:
            return FAILED, None
        if deed.expect is not None and deed.expect != (present or 0):
            return CONFLICT, None
        standing = state.standings.get(to, "good")
        if present != to and (standing == "deleted" or (standing == "bad" and not deed.override)):
            return GATE, None
        if to not in shown.versions:
            return DAMAGED, None
        if present == to:
            return DONE, None
        if to in self.damaged:
            return DAMAGED, None
        calls_bad = deed.verb == "rollback" and not (
            deed.number is not None and state.takes_back(alias, to)
        )
        good_again = to if standing != "good" else None
        bad = present if calls_bad else None
        return DONE, Entry(deed.verb, to, alias, present, to, bad=bad, good=good_again)

    # What was found.

    def take(
        self, deed: Deed, answer: Answer | None, entry: Entry | None, new: Sequence[LoggedEvent],
        before: Database,
    ) -> None:  # fmt: skip
        """Holds the events that came of a deed against what had to come, and takes them in.

        Args:
            deed: What was asked.
            answer: What was answered; None: it was killed, and may have happened or not.
            entry: What it had to put on record if it happens; None: nothing.
            new: The events that came on record.
            before: What MLflow had.
        """
        if deed.verb == "sync":
            for logged in new:
                self._append(self._of_sync(deed, logged.event, before), logged)
            return
        if answer is not None:
            assert len(new) == (entry is not None and answer.code == DONE), (deed, answer, new)
        assert len(new) <= (entry is not None), (deed, entry, new)
        for logged in new:
            assert entry is not None
            if entry.type == "register":
                number = logged.event.version
                assert number is not None
                if entry.number is None:
                    assert number not in self.given, f"{number} was {self.given.get(number)}"
                else:
                    assert number == entry.number
                entry = Entry("register", number, key=entry.key)
                if answer is not None:
                    assert (answer.number, answer.created) == (number, True)
            self._append(entry, logged)
        if deed.verb == "register" and answer is not None and answer.code == DONE:
            assert answer.number == self.state.number_of((deed.weights, deed.data)), answer

    def _append(self, entry: Entry, logged: LoggedEvent) -> None:
        assert entry.is_told_by(logged.event), (entry, logged.event)
        if entry.key is not None and entry.number is not None:
            assert self.state.number_of(entry.key) is None, f"{entry.key} is on record twice"
            assert self.given.setdefault(entry.number, entry.key) == entry.key
        self.entries.append(entry)
        self.events.append(logged.id)
        self.documents |= {
            write.digest
            for write in logged.event.writes
            if write.digest is not None and "/aliases/" in write.path
        }

    def _of_sync(self, deed: Deed, event: Event, before: Database) -> Entry:
        """Returns what an event of a sync may say, from what it says it is about."""
        state = self.state
        if deed.mode == "restore":
            assert event.version in state.live, event
            return Entry("relocate", event.version, home=event.subject.rpartition(" ")[2])
        assert deed.mode == "adopt", event
        if event.alias is None:
            assert event.version in state.live, event
            assert event.version not in before.versions, event
            assert event.version not in state.aliases.values(), event
            return Entry("adopt", event.version)
        found = before.aliases.get(event.alias)
        assert found is None or found in state.live, event
        return Entry("adopt", found, event.alias, state.aliases.get(event.alias), found)

    def lose_newest(self, logged: LoggedEvent) -> None:
        """Takes the newest event away, as a hand did that moved the branch back."""
        assert self.events.pop() == logged.id
        self.entries.pop()
        self.are_pages_loose = True
        digests = {write.digest for write in logged.event.writes if "/aliases/" in write.path}
        self.documents -= digests

    # What status must tell.

    def drift(self, shown: Database) -> set[tuple[str, str]]:
        """Returns every difference that `status` must name, by kind and name."""
        state = self.state
        if not state.records:
            return set()  # of a model that the ledger does not know, nothing is expected
        found: set[tuple[str, str]] = set()
        for number in state.live:
            name = f"{MODEL}/{number}"
            held = shown.versions.get(number)
            if held is None:
                found.add(("version_deleted", name))
                continue
            if held.source != state.homes.get(number, held.source):
                # A kill came between the event and MLflow: another sync --restore goes on.
                found.add(("version_replaced", name))
                continue
            found |= {edit for edit in self.edited if _is_of(edit[1], name)}
            if held.is_run_trashed:
                found.add(("run_deleted", name))
            if held.is_model_gone:
                found.add(("logged_model_gone", name))
        found |= {
            ("version_unknown", f"{MODEL}/{number}")
            for number in shown.versions
            if number not in state.records
        }
        return found | self._alias_drift(state.aliases, shown)

    def _alias_drift(self, wanted: Mapping[str, int], shown: Database) -> set[tuple[str, str]]:
        found = set()
        for alias in wanted.keys() | shown.aliases.keys():
            ours, theirs = wanted.get(alias), shown.aliases.get(alias)
            version, state, left = shown.marks.get(alias, (None, "", None))
            if (ours == theirs and left is None) or (theirs is None and ours not in shown.versions):
                continue
            is_ours = theirs in (version, left)
            if theirs is None:
                kind = "alias_missing"
            elif is_ours and state not in self.documents:
                kind = "alias_ahead"
            elif ours is None:
                kind = "alias_unknown"
            else:
                kind = "alias_stale" if is_ours or ours == theirs else "alias_moved"
            found.add((kind, f"{MODEL}@{alias}"))
        return found


def _is_of(name: str, version: str) -> bool:
    return name == version or name.startswith(f"{version} ")
