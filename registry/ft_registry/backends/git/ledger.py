"""The ledger as a git branch.

One commit is one event; the tree of the head is the whole state; the commit graph is the hash
chain. Everything is done with plumbing commands on objects and refs: the work tree, the index and
HEAD are never touched, and a bare clone or a linked work tree serves as well as any.
"""

import random
import time
from collections.abc import Iterable, Iterator, Sequence

from ft_registry.backends.git.audit import LedgerAudit
from ft_registry.backends.git.commits import EventCommits, first_unmet, logged_event
from ft_registry.backends.git.door import GitDoor
from ft_registry.backends.git.history import History
from ft_registry.backends.git.message import label_of
from ft_registry.backends.git.objects import ObjectReader, check_oid, is_oid
from ft_registry.backends.git.refs import BRANCH, PINS, REF, LedgerRefs
from ft_registry.backends.git.remote import LedgerRemote
from ft_registry.backends.git.settling import Settling
from ft_registry.backends.git.trust import RemoteTrust
from ft_registry.errors import BackendUnavailable, Conflict, NotARegistry
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

_PATIENCE_SECONDS = 60
"""How long an append tries again after lost races before it gives up."""
_FIRST = 16
"""So many events are read before all others: often the last one is all that is asked for."""
_LOCK_TRIES = 5
"""How often a locked branch is tried again; git itself waits 0.1 s each time."""


class GitLedger:
    """Appends to and reads the branch `ft-registry`.

    Args:
        door: The repository that carries the branch.
        remote: The name of the git remote that the team shares the ledger through; empty: none.
        offline: Leave the remote alone; events wait here for the next append that is online.
    """

    def __init__(self, door: GitDoor, *, remote: str = "", offline: bool = False) -> None:
        self._door = door
        self._reader = ObjectReader(door)
        self._refs = LedgerRefs(door)
        self._commits = EventCommits(door, self._reader)
        self._history = History(door, self._reader)
        self._audit = LedgerAudit(door, self._refs, has_remote=bool(remote))
        self._remote = LedgerRemote(door, remote) if remote else None
        self._trust = (
            RemoteTrust(door, self._remote, self._refs, self._commits) if self._remote else None
        )
        self._offline = offline
        self._understood: str | None = None
        self._listed: tuple[tuple[str, str], list[str]] | None = None
        """The folder that was listed last, and its paths: one page after another asks for it."""

    def head(self) -> str | None:
        """See `Ledger.head`.

        A clone that never wrote has no branch of its own yet: there the remote's head, as last
        fetched, is the head.
        """
        return self._checked(self._reader.commit_at(REF) or self._stored_head())

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """See `Ledger.read`."""
        return self.read_many([path], at=at).get(path)

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """See `Ledger.read_many`."""
        commit = check_oid(at) if at else self.head()
        wanted = [relative_path(path) for path in paths]
        if commit is None:
            return {}
        contents = self._reader.blobs([f"{commit}:{path}" for path in wanted])
        return {p: found for p, found in zip(wanted, contents, strict=True) if found is not None}

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        """See `Ledger.paths`."""
        commit = check_oid(at) if at else self.head()
        if commit is None:
            return []
        asked = (commit, f"{relative_path(folder)}/")
        if self._listed is None or self._listed[0] != asked:
            out = self._door.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", *asked)
            self._listed = (asked, sorted(path for path in out.decode().split("\0") if path))
        return list(self._listed[1])

    def has(self, event_id: str | None) -> bool:
        """See `Ledger.has`."""
        if event_id is None or not is_oid(event_id):
            return False
        return self._resolve(event_id) is not None

    def changes(
        self, folder: str, *, since: str | None, until: str | None
    ) -> Iterator[tuple[str, bytes | None]]:
        """See `Ledger.changes`."""
        old, new = (self._tree(event_id) for event_id in (since, until))
        out = self._door.run(
            "diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--",
            f":(top,literal){relative_path(folder)}",
        )  # fmt: skip
        # `:<mode> <mode> <id> <id> <status> NUL <path> NUL`, see git-diff-tree, raw output format.
        fields = out.decode().split("\0")[:-1]
        heads, paths = [head.split() for head in fields[::2]], fields[1::2]
        kept = [(path, head[3]) for head, path in zip(heads, paths, strict=True) if head[4] != "D"]
        yield from ((p, None) for h, p in zip(heads, paths, strict=True) if h[4] == "D")
        contents = self._reader.blobs([oid for _, oid in kept])
        yield from zip((path for path, _ in kept), contents, strict=True)

    def events(
        self, *paths: str, newest_first: bool = False, at: str | None = None
    ) -> Iterator[LoggedEvent]:
        """See `Ledger.events`.

        Raises:
            NotARegistry: The clone is shallow, and what was asked for goes back beyond its end.
        """
        head = check_oid(at) if at else self.head()
        if head is None:
            return
        cut = self._refs.cut()
        commits = self._touched(head, [relative_path(path) for path in paths], is_cut=bool(cut))
        if cut.intersection(commits) and not newest_first:
            raise self._history_is_cut()
        if newest_first:
            commits.reverse()
        for commit, content in self._documents_of(commits):
            logged = logged_event(commit, content)
            # Where the history is cut, git takes a commit for one that wrote the whole state.
            if commit not in cut or not paths or _wrote(logged.event, paths):
                yield logged
            if commit in cut:
                raise self._history_is_cut()

    def refresh(self) -> None:
        """See `Ledger.refresh`."""
        self._refreshed()

    def append(self, change: Change) -> LoggedEvent:
        """See `Ledger.append`."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        pause = 0.002
        while True:
            trusted = self._refreshed()
            head = self._branch_head()
            self._check_requirements(change, head)
            event = _completed(change)
            commit = self._commits.write(event, change.documents, head)
            if self._publish(commit, head, change.pins, trusted):
                return LoggedEvent(id=commit, event=event)
            if time.monotonic() > deadline:
                raise self._never_free()
            # Losers of one race must not meet again at once.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 0.5)

    def remote_view(self) -> RemoteView | None:
        """See `Ledger.remote_view`."""
        return self._trust.view(self._trust.look()) if self._trust else None

    def settlement(self, keep: Keep) -> SettlementPlan:
        """See `Ledger.settlement`."""
        settling = self._settling()
        return settling.plan(keep) if settling else SettlementPlan(keep, "level")

    def settle(self, plan: SettlementPlan) -> Settled:
        """See `Ledger.settle`."""
        settling = self._settling()
        return settling.carry_out(plan) if settling else Settled()

    def transitions(self) -> Iterator[Transition]:
        """See `Ledger.transitions`."""
        head = self._stored_head()
        return self._audit.transitions(head) if head else iter(())

    def label(self, event: Event) -> str:
        """See `Ledger.label`."""
        return label_of(event)

    def pins(self, commits: Iterable[str]) -> dict[str, PinState]:
        """See `Ledger.pins`."""
        return self._audit.pins(commits)

    def check_storage(self) -> list[Finding]:
        """See `Ledger.check_storage`."""
        head = self._stored_head()
        return self._audit.check_storage(head) if head else []

    def check_signatures(self) -> list[Finding]:
        """See `Ledger.check_signatures`."""
        head = self._stored_head()
        return self._audit.check_signatures(head) if head else []

    def signature(self, event_id: str) -> Signature | None:
        """See `Ledger.signature`."""
        return self._audit.signature(check_oid(event_id))

    @property
    def _remote_name(self) -> str:
        return self._remote.name if self._remote else "origin"

    @property
    def _fallback(self) -> str:
        return f"refs/remotes/{self._remote_name}/{BRANCH}"

    def _checked(self, head: str | None) -> str | None:
        """Returns a head after looking whether it is a ledger that we understand."""
        if head is not None and head != self._understood:
            self._check_format(head)
            self._understood = head
        return head

    def _stored_head(self) -> str | None:
        branch, fallback = self._refs.read(REF, self._fallback)
        return branch or fallback

    def _branch_head(self) -> str | None:
        """Returns the branch's head, after making the branch where only the remote has one."""
        head = self._checked(self._reader.commit_at(REF) or self._refs.read(REF)[0])
        if head is None and (head := self.head()) is not None:
            self._refs.move(REF, head, None)
        return head

    def _settling(self) -> Settling | None:
        if self._remote is None or self._trust is None or self._offline:
            return None
        return Settling(self._remote, self._refs, self._commits, self._trust, self._checked)

    def _refreshed(self) -> str | None:
        """Brings in what others have appended; returns the head that the remote is known to have.

        Raises:
            HistoryLost, Conflict, BackendUnavailable: See `Ledger.refresh`.
        """
        settling = self._settling()
        if self._trust is None or settling is None:
            return None
        relation = self._trust.ask()
        ours, theirs = relation.ours, relation.theirs
        self._trust.check(relation)
        if theirs is None:
            return relation.stored
        self._trust.note(relation, theirs)
        # What was replayed by a run that was interrupted then is there already, as other commits.
        if relation.state == "diverged" and settling.unpublished(relation):
            raise Conflict(
                f"expected this clone's ledger to follow the remote {self._remote_name!r}, found "
                "that both have events which the other has not",
                hints=[
                    "ft-registry sync puts the events that wait here on top of the others",
                    f"compare: git log {BRANCH}...{self._remote_name}/{BRANCH}",
                ],
            )
        if relation.behind:
            self._follow(theirs, ours)
        return theirs

    def _publish(
        self, commit: str, head: str | None, pinned: tuple[str, ...], trusted: str | None
    ) -> bool:
        pins = {f"{PINS}/{check_oid(pin)}": pin for pin in pinned}
        if self._remote is None or self._trust is None or self._offline:
            return self._refs.update({REF: f"{commit} {head or '0' * len(commit)}", **pins})
        if not self._refs.update(pins) or not self._remote.push(commit):
            return False
        # The remote has taken it, so it has happened.
        self._follow(commit, head)
        self._refs.move(self._trust.ref, commit, trusted)
        return True

    def _follow(self, commit: str, head: str | None) -> None:
        """Moves the branch from a head along to a commit that the remote has.

        When another process of this clone has moved the branch from there, it stays: either it
        follows the remote too, or it holds an event that waits here, which must not be lost.
        """
        for _ in range(_LOCK_TRIES):
            if self._refs.move(REF, commit, head) or self._refs.read(REF)[0] != head:
                return

    def _check_requirements(self, change: Change, head: str | None) -> None:
        found = self._commits.digests(change.requires, head)
        unmet = first_unmet(change.requires, found)
        if unmet is not None:
            raise RequirementFailed(unmet, unmet.found(found))

    def _check_format(self, head: str) -> None:
        content = next(self._reader.blobs([f"{head}:{FORMAT}"]))
        if content is None:
            raise NotARegistry(
                f"expected {FORMAT} at the head of the branch {BRANCH!r}, found none",
                hints=["the branch is not a ledger: rename it, then run ft-registry init"],
            )
        found = parse_json(content, what=FORMAT)
        number = found.get("format") if isinstance(found, dict) else None
        if number != FORMAT_VERSION:
            raise NotARegistry(
                f"expected a ledger of format {FORMAT_VERSION}, found format {number!r}",
                hints=["a newer ft-registry wrote it: upgrade this one"],
            )

    def _touched(self, head: str, paths: list[str], *, is_cut: bool) -> list[str]:
        """Returns the commits that touched some paths, the oldest first."""
        found = None if is_cut else self._history.touched(head, paths)
        if found is not None:
            return found
        limits = [f":(top,literal){path}" for path in paths]
        # Not `git log`: with the setting log.follow it leaves commits out.
        return self._door.run("rev-list", "--reverse", head, "--", *limits).decode().split()

    def _documents_of(self, commits: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yields the events of commits as documents; of many, some before the others are read."""
        for part in (commits[:_FIRST], commits[_FIRST:]):
            yield from zip(part, self._reader.blobs([f"{c}:{EVENT}" for c in part]), strict=True)

    def _resolve(self, ref: str) -> str | None:
        status, out, _ = self._door.attempt("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return check_oid(out.decode().strip()) if status == 0 else None

    def _never_free(self) -> BackendUnavailable:
        lock = self._door.place.common_dir / f"{REF}.lock"
        locked = f"if no git process is at work here, remove {lock}"
        return BackendUnavailable(
            f"expected to append an event within {_PATIENCE_SECONDS} s, found the ledger "
            f"{'locked' if lock.exists() else 'moving'} all the time",
            hints=[
                locked
                if lock.exists()
                else "run the command again; is another process appending in a loop?"
            ],
        )

    def _history_is_cut(self) -> NotARegistry:
        return NotARegistry(
            "expected the whole history of the ledger, found a shallow clone that has its end only",
            hints=[f"git fetch --unshallow {self._remote_name} {BRANCH}"],
        )

    def _tree(self, event_id: str | None) -> str:
        if event_id is not None:
            return check_oid(event_id)
        return self._door.run("hash-object", "-t", "tree", "--stdin").decode().strip()


def _wrote(event: Event, paths: Iterable[str]) -> bool:
    return any(
        write.path == path or write.path.startswith(f"{path}/")
        for write in event.writes
        for path in paths
    )


def _completed(change: Change) -> Event:
    """Returns the event of a change with what it requires and writes."""
    writes = tuple(
        Write(path=path, digest=digest_bytes(content) if content is not None else None)
        for path, content in sorted(change.documents.items())
    )
    return change.event.model_copy(update={"requires": change.requires, "writes": writes})
