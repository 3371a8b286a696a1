"""Which commits of the ledger touched which documents, without asking git about all of them again.

Git finds that out by comparing the trees of every commit with those before, which takes longer
with each event. What was found once is kept in a file inside the git directory, and only what was
appended since is asked for. The file is derived: it may be deleted at any time, one that is damaged
or of another history is made anew, and where none can be written it is done without.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from ft_registry.backends.git.door import GitDoor
from ft_registry.backends.git.objects import ODD_NAMES, ObjectReader
from ft_registry.errors import IntegrityError
from ft_registry.faultpoints import faultpoint
from ft_registry.model.layout import EVENT

_EVENT = EVENT.encode()
_NEAR = 8
"""So few commits are compared here: to start git for them takes longer."""
_LOOSE = 64
"""So many commits are asked for again by each command before they go into the file."""


class History:
    """The commits of a linear history, each with the paths that it touched.

    Args:
        door: The repository.
        reader: Reads its objects.
    """

    def __init__(self, door: GitDoor, reader: ObjectReader) -> None:
        self._door = door
        self._reader = reader
        self._file = door.place.private / "history"
        self._steps: list[bytes] | None = None
        """Of each commit its id and its paths, a zero byte after each; None: not read yet."""
        self._kept = 0
        self._no_line = ""
        """A head that no one line leads to: it is not asked about again."""
        self._touches: dict[bytes, list[int]] = {}
        self._looked_at = 0

    def touched(self, head: str, paths: Sequence[str]) -> list[str] | None:
        """Returns the commits that touched one of the paths or anything below; all without.

        Args:
            head: The last commit that counts.
            paths: Where.

        Returns:
            Their ids, the oldest first; None: the history up to there is not one line.
        """
        count = self._follow(head)
        if count is None or self._steps is None:
            return None
        if not paths:
            return [_commit(step) for step in self._steps[:count]]
        found: set[int] = set()
        places = self._by_path(self._steps)
        for limit in (path.encode() for path in paths):
            found.update(places.get(limit, ()))
            for path in places:
                if path.startswith(limit + b"/"):
                    found.update(places[path])
        return [_commit(self._steps[place]) for place in sorted(found) if place < count]

    def _by_path(self, steps: Sequence[bytes]) -> dict[bytes, list[int]]:
        """Returns which steps touched each path; only those that are new are looked at."""
        for place in range(self._looked_at, len(steps)):
            for path in steps[place].split(b"\0")[1:-1]:
                self._touches.setdefault(path, []).append(place)
        self._looked_at = len(steps)
        return self._touches

    def _follow(self, head: str) -> int | None:
        """Brings the steps up to a commit; returns how many lead to it."""
        if self._steps is None:
            self._steps = self._read()
            self._kept = len(self._steps)
        if (count := self._position(head)) is not None:
            return count
        if head == self._no_line:
            return None
        found = self._near(self._tip, head) or self._between(self._tip, head)
        if found is None and self._steps:
            self._steps, self._kept, self._touches, self._looked_at = [], 0, {}, 0
            found = self._between(None, head)
        if found is None:
            self._no_line = head
            return None
        self._steps += found
        if len(self._steps) - self._kept > _LOOSE:
            self._keep()
        return len(self._steps)

    @property
    def _tip(self) -> str | None:
        return _commit(self._steps[-1]) if self._steps else None

    def _position(self, head: str) -> int | None:
        wanted = f"{head}\0".encode()
        steps = self._steps or []
        places = range(len(steps), 0, -1)
        return next((place for place in places if steps[place - 1].startswith(wanted)), None)

    def _near(self, tip: str | None, head: str) -> list[bytes] | None:
        """Returns the steps from one commit to another, if they are few; None: ask git."""
        steps: list[bytes] = []
        with suppress(IntegrityError):  # what is lost need not be what is asked for
            commit, (tree, parents) = head, self._heads(head)
            while tip is not None and len(parents) == 1 and len(steps) < _NEAR:
                [parent] = parents
                before, parents = self._heads(parent)
                paths = (path.encode(errors=ODD_NAMES) for path in self._differing(before, tree))
                steps.append(_step(commit.encode(), paths))
                if parent == tip:
                    return steps[::-1]
                commit, tree = parent, before
        return None

    def _heads(self, commit: str) -> tuple[str, list[str]]:
        """Returns the tree and the parents of a commit."""
        [content] = self._reader.commits([commit])
        lines = content.partition(b"\n\n")[0].decode(errors="replace").split("\n")
        named = [line.partition(" ")[::2] for line in lines]
        [tree] = [oid for what, oid in named if what == "tree"]
        return tree, [oid for what, oid in named if what == "parent"]

    def _differing(self, old: str | None, new: str | None, above: str = "") -> Iterator[str]:
        """Yields the paths whose content is another in two trees, as git compares them."""
        before = self._reader.tree(old) if old else {}
        after = self._reader.tree(new) if new else {}
        for name in before.keys() | after.keys():
            pair = [before.get(name), after.get(name)]
            if pair[0] == pair[1]:
                continue
            inner = [entry.oid if entry is not None and entry.is_tree else None for entry in pair]
            if any(inner):
                yield from self._differing(inner[0], inner[1], f"{above}{name}/")
            if any(entry is not None and not entry.is_tree for entry in pair):
                yield f"{above}{name}"

    def _between(self, tip: str | None, head: str) -> list[bytes] | None:
        """Returns the steps from one commit to another; None: they are not one line.

        From a commit that is lost, or that is of another history, there is none.
        """
        excluded = [f"^{tip}"] if tip else []
        # One process for parents and paths. No setting of the user's changes what it says: there
        # is no path that `log.follow` could follow, and the rest is said here.
        status, out, _ = self._door.attempt(
            "log", "--reverse", "-z", "--format=%x00%H %P%x00", "--name-only", "--root",
            "--no-renames", "--no-relative", "--no-notes", "--no-color", head, *excluded, "--",
        )  # fmt: skip
        if status:
            return None
        steps: list[bytes] = []
        before = [tip.encode()] if tip else []
        for header, paths in _entries(out.split(b"\0")):
            commit, *parents = header.split()
            if parents != before:
                return None
            before = [commit]
            steps.append(_step(commit, paths))
        return steps if before == [head.encode()] else None

    def _read(self) -> list[bytes]:
        """Returns what was kept; nothing where there is no file, or one that was not finished."""
        try:
            digest, _, content = self._file.read_bytes().partition(b"\n")
        except OSError:
            return []
        if digest != _digest(content):
            return []
        return [step + b"\0" for step in content.split(b"\0\0")[:-1]]

    def _keep(self) -> None:
        content = b"".join(step + b"\0" for step in self._steps or [])
        with suppress(OSError):  # a clone that cannot be written to, or a full disk
            self._file.parent.mkdir(parents=True, exist_ok=True)
            faultpoint("file.write")
            # Not aside: whoever meets half of it, or two writers' bytes, sees it by the digest.
            self._file.write_bytes(_digest(content) + b"\n" + content)
            self._kept = len(self._steps or [])


def _entries(fields: Sequence[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yields heading and paths of each commit: `NUL heading NUL NUL LF path NUL path NUL`.

    Args:
        fields: What lies between the zero bytes. Only one that is empty begins a commit.
    """
    place = 0
    while place + 2 < len(fields):
        header, place = fields[place + 1], place + 3
        first = place
        while place < len(fields) and fields[place]:
            place += 1
        paths = list(fields[first:place])
        yield header, [paths[0].removeprefix(b"\n"), *paths[1:]] if paths else []


def _step(commit: bytes, paths: Iterable[bytes]) -> bytes:
    # The event itself is touched by every commit.
    return b"\0".join([commit, *(path for path in paths if path != _EVENT), b""])


def _commit(step: bytes) -> str:
    return step.partition(b"\0")[0].decode()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
