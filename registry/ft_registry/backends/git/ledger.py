"""The ledger as a git branch.

One commit is one event; the tree of the head is the whole state; the commit graph is the hash
chain. Everything is done with plumbing commands on objects and refs: the work tree, the index and
HEAD are never touched, and a bare clone or a linked work tree serves as well as any.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping

from ft_registry.backends.git.door import GitDoor, identity_variables
from ft_registry.backends.git.message import format_message
from ft_registry.backends.git.objects import ObjectReader, TreeWriter, check_oid, is_oid
from ft_registry.backends.git.remote import PINS, LedgerRemote
from ft_registry.errors import BackendUnavailable, Conflict, IntegrityError, NotARegistry
from ft_registry.model.canonical import digest_bytes, parse_json
from ft_registry.model.event import Event, LoggedEvent, Write
from ft_registry.model.layout import EVENT, FORMAT, FORMAT_VERSION
from ft_registry.model.manifest import relative_path
from ft_registry.ports.ledger import Change, RemoteView, RequirementFailed

BRANCH = "ft-registry"
_REF = f"refs/heads/{BRANCH}"
_PATIENCE_SECONDS = 60
"""How long an append tries again after lost races before it gives up."""
_OTHERS_FIRST = (
    "but expected", "reference already exists", "unable to resolve reference", "File exists",
    "cannot lock references",
)  # fmt: skip
"""What git says when another process holds or has moved a ref; all else will not pass by itself."""
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
        self._remote = LedgerRemote(door, remote, BRANCH) if remote else None
        self._offline = offline
        self._understood: str | None = None
        self._sign: list[str] | None = None

    def head(self) -> str | None:
        """See `Ledger.head`.

        A clone that never wrote has no branch of its own yet: there the remote's head, as last
        fetched, is the head.
        """
        return self._checked(self._resolve(_REF) or self._resolve(self._fallback))

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
        below = f"{relative_path(folder)}/"
        out = self._door.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, below)
        return sorted(path for path in out.decode().split("\0") if path)

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

    def events(self, *paths: str, newest_first: bool = False) -> Iterator[LoggedEvent]:
        """See `Ledger.events`.

        Raises:
            NotARegistry: The clone is shallow, and what was asked for goes back beyond its end.
        """
        head = self.head()
        if head is None:
            return
        order = [] if newest_first else ["--reverse"]
        limits = [f":(top,literal){relative_path(path)}" for path in paths]
        # Not `git log`: with the setting log.follow it leaves commits out.
        out = self._door.run("rev-list", *order, head, "--", *limits)
        commits = out.decode().split()
        contents = self._reader.blobs([f"{commit}:{EVENT}" for commit in commits])
        cut = self._cut()
        if cut.intersection(commits) and not newest_first:
            raise self._history_is_cut()
        for commit, content in zip(commits, contents, strict=True):
            if content is None:
                raise IntegrityError(
                    f"expected every commit of the ledger to hold {EVENT}, found none in {commit}",
                    hints=["somebody committed to the ledger's branch by hand"],
                )
            event = Event.parse(content, what=f"the event of commit {commit}")
            # Where the history is cut, git takes a commit for one that wrote the whole state.
            if commit not in cut or not paths or _wrote(event, paths):
                yield LoggedEvent(id=commit, event=event)
            if commit in cut:
                raise self._history_is_cut()

    def refresh(self) -> None:
        """See `Ledger.refresh`."""
        if self._remote is None or self._offline:
            return
        self._remote.fetch()
        theirs = self._resolve(self._remote.tracking_ref)
        ours = self._resolve(_REF)
        if theirs is None or theirs == ours or (ours and self._is_ancestor(theirs, ours)):
            return
        if ours and not self._is_ancestor(ours, theirs):
            raise Conflict(
                f"expected this clone's ledger to follow the remote {self._remote.name!r}, found "
                "that both have events which the other has not",
                hints=[f"compare: git log {BRANCH}...{self._remote.name}/{BRANCH}"],
            )
        self._follow(theirs, ours)

    def append(self, change: Change) -> LoggedEvent:
        """See `Ledger.append`."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        pause = 0.002
        while True:
            self.refresh()
            head = self._branch_head()
            self._check_requirements(change, head)
            event, commit = self._write(change, head)
            if self._publish(commit, head, change.pins):
                return LoggedEvent(id=commit, event=event)
            if time.monotonic() > deadline:
                raise self._never_free()
            # Losers of one race must not meet again at once.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 0.5)

    def remote_view(self) -> RemoteView | None:
        """See `Ledger.remote_view`."""
        if self._remote is None:
            return None
        ours, theirs = self._resolve(_REF), self._resolve(self._remote.tracking_ref)
        ahead = behind = 0
        if ours and theirs:
            out = self._door.run("rev-list", "--left-right", "--count", f"{ours}...{theirs}")
            ahead, behind = (int(part) for part in out.split())
        elif ours:
            ahead = int(self._door.run("rev-list", "--count", ours))
        stamp = self._remote.stamp
        fetched = stamp.stat().st_mtime if stamp.exists() else None
        return RemoteView(self._remote.name, ahead=ahead, behind=behind, fetched_at=fetched)

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

    def _branch_head(self) -> str | None:
        """Returns the branch's head, after making the branch where only the remote has one."""
        head = self._checked(self._resolve(_REF))
        if head is None and (head := self.head()) is not None:
            self._publish_locally(head, None, {})
        return head

    def _publish(self, commit: str, head: str | None, pinned: tuple[str, ...]) -> bool:
        pins = {f"{PINS}/{check_oid(pin)}": pin for pin in pinned}
        if self._remote is None or self._offline:
            return self._publish_locally(commit, head, pins)
        if not self._update_refs(pins) or not self._remote.push(commit, pins=PINS):
            return False
        # The remote has taken it, so it has happened.
        self._follow(commit, head)
        return True

    def _follow(self, commit: str, head: str | None) -> None:
        """Moves the branch from a head along to a commit that the remote has.

        When another process of this clone has moved the branch from there, it stays: either it
        follows the remote too, or it holds an event that waits here, which must not be lost.
        """
        for _ in range(_LOCK_TRIES):
            if self._publish_locally(commit, head, {}) or self._resolve(_REF) != head:
                return

    def _publish_locally(self, commit: str, expected: str | None, pins: Mapping[str, str]) -> bool:
        zero = "0" * len(commit)
        return self._update_refs({_REF: f"{commit} {expected or zero}", **pins})

    def _update_refs(self, updates: Mapping[str, str]) -> bool:
        """Sets refs, all or none; returns False when one is locked or not as expected."""
        commands = [f"update {ref} {value}" for ref, value in updates.items()]
        status, _, stderr = self._door.attempt(
            "update-ref", "--create-reflog", "-m", "ft-registry: append", "--stdin",
            stdin="\n".join(["start", *commands, "prepare", "commit", ""]).encode(),
        )  # fmt: skip
        if status == 0:
            return True
        if any(words in stderr for words in _OTHERS_FIRST):
            return False
        in_the_way = f"a branch named {BRANCH}/... leaves no room for {BRANCH}: rename it"
        raise NotARegistry(
            f"expected to write {', '.join(updates)}, found: {stderr.strip()}",
            hints=[
                in_the_way
                if "; cannot create" in stderr
                else "is the git directory writable, and is the disk full?"
            ],
        )

    def _write(self, change: Change, head: str | None) -> tuple[Event, str]:
        writes = tuple(
            Write(path=path, digest=digest_bytes(content))
            for path, content in sorted(change.documents.items())
        )
        event = change.event.model_copy(update={"requires": change.requires, "writes": writes})
        documents = {**change.documents, EVENT: event.to_bytes()}
        tree = TreeWriter(self._door, self._reader).write(head, documents)
        parent = ["-p", head] if head else []
        commit = self._door.run(
            "commit-tree",
            tree,
            *parent,
            *self._signing(),
            stdin=format_message(event),
            env=_signature(event),
        )
        return event, check_oid(commit.decode().strip())

    def _signing(self) -> list[str]:
        if self._sign is None:
            # `commit-tree` is plumbing and does not read the setting itself.
            wanted = self._door.config("commit.gpgSign", kind="bool") == "true"
            self._sign = ["-S"] if wanted else []
        return self._sign

    def _check_requirements(self, change: Change, head: str | None) -> None:
        found = self.read_many([r.path for r in change.requires], at=head) if head else {}
        for requirement in change.requires:
            content = found.get(requirement.path)
            present = digest_bytes(content) if content is not None else None
            if present != requirement.digest:
                raise RequirementFailed(requirement, present)

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

    def _resolve(self, ref: str) -> str | None:
        status, out, _ = self._door.attempt("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return check_oid(out.decode().strip()) if status == 0 else None

    def _never_free(self) -> BackendUnavailable:
        lock = self._door.place.common_dir / f"{_REF}.lock"
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

    def _cut(self) -> set[str]:
        """Returns the commits whose parents a shallow clone left behind."""
        shallow = self._door.place.common_dir / "shallow"
        return set(shallow.read_text().split()) if shallow.exists() else set()

    def _history_is_cut(self) -> NotARegistry:
        return NotARegistry(
            "expected the whole history of the ledger, found a shallow clone that has its end only",
            hints=[f"git fetch --unshallow {self._remote_name} {BRANCH}"],
        )

    def _tree(self, event_id: str | None) -> str:
        if event_id is not None:
            return check_oid(event_id)
        return self._door.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def _is_ancestor(self, old: str, new: str) -> bool:
        return self._door.attempt("merge-base", "--is-ancestor", old, new)[0] == 0


def _wrote(event: Event, paths: Iterable[str]) -> bool:
    return any(
        write.path == path or write.path.startswith(f"{path}/")
        for write in event.writes
        for path in paths
    )


def _signature(event: Event) -> dict[str, str]:
    stamp = event.time[:19] + "+00:00"
    dates = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
    return identity_variables(event.actor) | dates
