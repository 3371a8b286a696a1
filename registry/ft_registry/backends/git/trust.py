"""What this clone has seen at the remote, and how the remote stands to it.

The tracking ref cannot tell that events were taken away: a fetch follows whatever the remote
shows. So the newest head that was trusted is kept in a ref of our own, which moves only to heads
that contain it.
"""

from dataclasses import dataclass, replace

from ft_registry.backends.git.commits import EventCommits
from ft_registry.backends.git.door import GitDoor
from ft_registry.backends.git.refs import BRANCH, REF, SEEN, LedgerRefs
from ft_registry.backends.git.remote import LedgerRemote
from ft_registry.errors import BackendUnavailable
from ft_registry.ports.ledger import HistoryLost, RemoteState, RemoteView

_TRIES = 5
"""How often a doubtful answer is asked for again before it is believed to be moving."""


@dataclass(frozen=True)
class Relation:
    """How the ledger here stands to its remote."""

    ours: str | None
    theirs: str | None
    """The remote's head; None: it has no ledger."""
    seen: str | None
    """The newest head that this clone has trusted there."""
    state: RemoteState
    ahead: int = 0
    behind: int = 0
    stored: str | None = None
    """What the ref of our own says; None before the first time, when the tracking ref counts."""

    @property
    def is_trusted(self) -> bool:
        """Whether the remote still has all that was seen there."""
        return self.state not in ("rolled back", "rewritten")


class RemoteTrust:
    """Compares one remote with what was seen there.

    Args:
        door: The repository.
        remote: The remote.
        refs: The refs.
        commits: Reads the events that are gone.
    """

    def __init__(
        self, door: GitDoor, remote: LedgerRemote, refs: LedgerRefs, commits: EventCommits
    ) -> None:
        self._door = door
        self._remote = remote
        self._refs = refs
        self._commits = commits
        self.ref = f"{SEEN}/{remote.name}/{BRANCH}"

    def look(self) -> Relation:
        """Returns how things stand by what is known here."""
        ours, tracked, stored = self._read()
        theirs = None if self._remote.had_none else tracked
        return self._compare(ours, theirs, stored or tracked, stored)

    def ask(self, *, with_pins: bool = False) -> Relation:
        """Asks the remote, and returns how things stand.

        Raises:
            BackendUnavailable: The remote does not answer.
        """
        for _ in range(_TRIES):
            # Read before the question: what was seen by then, an honest remote must have after.
            _, before, stored = self._read()
            has_ledger = self._remote.fetch(with_pins=with_pins)
            ours, theirs, _ = self._read()
            if not has_ledger:
                return self._compare(ours, None, stored or before, stored)
            relation = self._compare(ours, theirs, stored or before or theirs, stored)
            # Another process of this clone may have moved the tracking ref back to what it had
            # fetched earlier: only the remote's own word makes it a loss.
            if relation.is_trusted or self._remote.ask_head() == theirs:
                return relation
        raise BackendUnavailable(
            f"expected the ledger's remote {self._remote.name!r} to hold still, found another head "
            f"each of {_TRIES} times",
            hints=["run the command again"],
        )

    def note(self, relation: Relation, commit: str) -> None:
        """Remembers a head of the remote as trusted, unless another process has noted one since."""
        if commit != relation.stored:
            self._refs.move(self.ref, commit, relation.stored)

    def lost(self, relation: Relation) -> list[str]:
        """Returns the commits that were seen and whose events are gone, oldest first."""
        if relation.is_trusted:
            return []
        return self.not_among(
            self._refs.between((relation.theirs,), relation.seen),
            self._refs.between((relation.seen,), relation.theirs),
        )

    def not_among(self, commits: list[str], others: list[str]) -> list[str]:
        """Returns the commits whose events are not those of others: a replay is the same event."""
        if not commits or not others:
            return commits
        known = set(self._commits.identities(others).values())
        own = self._commits.identities(commits)
        return [commit for commit in commits if own[commit] not in known]

    def view(self, relation: Relation) -> RemoteView:
        """Returns a relation as people are told it."""
        stamp = self._remote.stamp
        lost = self.lost(relation)
        return RemoteView(
            self._remote.name,
            ahead=relation.ahead,
            # A clone without a branch of its own reads the remote's.
            behind=relation.behind if relation.ours else 0,
            fetched_at=stamp.stat().st_mtime if stamp.exists() else None,
            state="level" if relation.ours is None and relation.is_trusted else relation.state,
            lost=len(lost),
            newest_lost=self._commits.read(lost[-1:])[0] if lost else None,
        )

    def check(self, relation: Relation) -> None:
        """Raises HistoryLost when the remote lacks what was seen there."""
        if not relation.is_trusted:
            raise HistoryLost(self.view(relation))

    def _read(self) -> list[str | None]:
        return self._refs.read(REF, self._remote.tracking_ref, self.ref)

    def _compare(
        self, ours: str | None, theirs: str | None, seen: str | None, stored: str | None
    ) -> Relation:
        relation = Relation(ours, theirs, seen, "level", stored=stored)
        if ours is None or theirs is None:
            return self._one_sided(relation)
        out = self._door.run("rev-list", "--left-right", "--count", f"{ours}...{theirs}")
        ahead, behind = (int(part) for part in out.split())
        state: RemoteState = "diverged" if ahead and behind else "level"
        if ahead and not behind:
            state = "ahead"
        elif behind and not ahead:
            state = "behind"
        return replace(
            relation, state=self._fault(theirs, seen) or state, ahead=ahead, behind=behind
        )

    def _one_sided(self, relation: Relation) -> Relation:
        ahead, behind = (
            len(self._refs.between((), head)) for head in (relation.ours, relation.theirs)
        )
        state: RemoteState = "ahead" if ahead else "behind" if behind else "level"
        fault = self._fault(relation.theirs, relation.seen)
        return replace(relation, state=fault or state, ahead=ahead, behind=behind)

    def _fault(self, theirs: str | None, seen: str | None) -> RemoteState | None:
        if seen is None:
            return None
        if theirs is None:  # the whole branch was taken away
            return "rolled back"
        if self._refs.is_ancestor(seen, theirs):
            return None
        if self._refs.is_ancestor(theirs, seen):
            return "rolled back"
        # A history that is cut off short of what was seen proves nothing.
        return None if self._refs.cut() else "rewritten"
