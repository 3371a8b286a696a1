"""Events as commits: written for an append and for a replay alike, and read back."""

from collections.abc import Iterable, Mapping, Sequence

from ft_registry.backends.git.door import GitDoor, identity_variables
from ft_registry.backends.git.message import format_message, read_label
from ft_registry.backends.git.objects import ObjectReader, TreeWriter, check_oid
from ft_registry.errors import IntegrityError
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Event, LoggedEvent, Requirement
from ft_registry.model.layout import EVENT


class EventCommits:
    """Writes one commit an event, and reads events out of commits.

    Args:
        door: The repository.
        reader: Reads its objects.
    """

    def __init__(self, door: GitDoor, reader: ObjectReader) -> None:
        self._door = door
        self._reader = reader
        self._sign: list[str] | None = None

    def write(self, event: Event, documents: Mapping[str, bytes | None], head: str | None) -> str:
        """Writes an event on top of a head, and moves no ref; returns the commit.

        Date and people of the commit are those of the event, however late it is written.

        Args:
            event: The event, with what it requires and writes.
            documents: What it writes.
            head: The state before; None: nothing.
        """
        tree = TreeWriter(self._door, self._reader).write(
            head, {**documents, EVENT: event.to_bytes()}
        )
        parent = ["-p", head] if head else []
        commit = self._door.run(
            "commit-tree",
            tree,
            *parent,
            *self._signing(),
            stdin=format_message(event),
            env=_signature(event),
        )
        return check_oid(commit.decode().strip())

    def read(self, commits: Sequence[str]) -> list[LoggedEvent]:
        """Returns the events of commits.

        Raises:
            IntegrityError: A commit holds none, or one that nobody could carry out.
        """
        contents = self._reader.blobs([f"{commit}:{EVENT}" for commit in commits])
        events = [logged_event(c, content) for c, content in zip(commits, contents, strict=True)]
        for logged in events:
            paths = [requirement.path for requirement in logged.event.requires]
            paths += [write.path for write in logged.event.writes]
            odd = [path for path in paths if "\n" in path]
            if odd:
                raise IntegrityError(
                    f"expected the event {logged.id} to name documents in one line each, found "
                    f"{odd[0]!r}",
                    hints=["no program of ours writes such an event: who pushed it?"],
                )
        return events

    def written(self, logged: LoggedEvent) -> dict[str, bytes | None]:
        """Returns the documents that an event wrote, from its own commit.

        Raises:
            IntegrityError: They are not what the event says.
        """
        writes = logged.event.writes
        contents = self._reader.blobs([f"{logged.id}:{write.path}" for write in writes])
        found = {write.path: content for write, content in zip(writes, contents, strict=True)}
        for write in writes:
            digest = _digest(found[write.path])
            if digest != write.digest:
                raise IntegrityError(
                    f"expected {write.path} at {write.digest or 'no document'} in the event "
                    f"{logged.id}, found {digest or 'no document'}",
                    hints=["ft-registry verify tells what else is damaged"],
                )
        return found

    def digests(self, requires: Iterable[Requirement], head: str | None) -> dict[str, str | None]:
        """Returns the digests of the documents in a state that requirements speak of.

        None where there is no document.
        """
        wanted = list(requires)
        paths = {one.path for one in wanted if not one.folder}
        if head is None:
            return dict.fromkeys(paths)
        for folder in {one.path for one in wanted if one.folder}:
            out = self._door.run("ls-tree", "-z", "--name-only", "--full-tree", head, f"{folder}/")
            paths.update(path for path in out.decode().split("\0") if path)
        names = sorted(paths)
        contents = self._reader.blobs([f"{head}:{path}" for path in names])
        return {path: _digest(content) for path, content in zip(names, contents, strict=True)}

    def identities(self, commits: Sequence[str]) -> dict[str, str]:
        """Returns by commit what tells its event from every other: its document and its label.

        A replayed event is another commit, but has the same of both; a commit that was amended has
        another label.
        """
        out = self._door.run(
            "cat-file", "--batch-check=%(objectname)",
            stdin="".join(f"{commit}:{EVENT}\n" for commit in commits).encode(),
        )  # fmt: skip
        labels = map(read_label, self._reader.commits(commits))
        return {
            commit: f"{document}\n{label}"
            for commit, document, label in zip(
                commits, out.decode().splitlines(), labels, strict=True
            )
        }

    def _signing(self) -> list[str]:
        if self._sign is None:
            # `commit-tree` is plumbing and does not read the setting itself.
            wanted = self._door.config("commit.gpgSign", kind="bool") == "true"
            self._sign = ["-S"] if wanted else []
        return self._sign


def logged_event(commit: str, content: bytes | None) -> LoggedEvent:
    """Returns the event of a commit.

    Raises:
        IntegrityError: There is none.
    """
    if content is None:
        raise IntegrityError(
            f"expected every commit of the ledger to hold {EVENT}, found none in {commit}",
            hints=["somebody committed to the ledger's branch by hand"],
        )
    return LoggedEvent(commit, Event.parse(content, what=f"the event of commit {commit}"))


def first_unmet(
    requires: Sequence[Requirement], found: Mapping[str, str | None]
) -> Requirement | None:
    """Returns the first requirement that does not hold on the digests that were found."""
    return next((r for r in requires if r.found(found) != r.digest), None)


def _digest(content: bytes | None) -> str | None:
    return digest_bytes(content) if content is not None else None


def _signature(event: Event) -> dict[str, str]:
    stamp = event.time[:19] + "+00:00"
    dates = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
    return identity_variables(event.actor) | dates
