"""Reads and writes git objects without a work tree or an index."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ft_registry.backends.git.door import GitDoor
from ft_registry.errors import IntegrityError

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
ODD_NAMES = "surrogateescape"
"""How names that are no UTF-8 come through: nobody but a foreign hand writes such."""
_BULK = 64
"""From this many objects on, one process that gets all names at once beats a conversation."""


def is_oid(text: str) -> bool:
    """Returns whether the text is 40 or 64 hexadecimal digits."""
    return _OID.fullmatch(text) is not None


def check_oid(text: str) -> str:
    """Returns the text if it is an object id, so that it can stand in a git command.

    Raises:
        IntegrityError: It is not 40 or 64 hexadecimal digits.
    """
    if is_oid(text):
        return text
    raise IntegrityError(f"expected a git object id, found {text!r}")


@dataclass(frozen=True)
class TreeEntry:
    """One line of a tree."""

    mode: str
    oid: str

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder."""
        return self.mode == "40000"


class ObjectReader:
    """Asks one `git cat-file --batch` for object after object.

    The process starts with the first question and ends with the reader.
    """

    def __init__(self, door: GitDoor) -> None:
        self._door = door
        self._stack = ExitStack()
        self._pipes: tuple[IO[bytes], IO[bytes]] | None = None

    def close(self) -> None:
        """Ends the process."""
        self._pipes = None
        self._stack.close()

    def blobs(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yields the content behind each name (`<commit>:<path>` or an id), None when missing."""
        for name, (kind, content) in zip(names, self._answers(names), strict=True):
            if kind == b"missing":
                self._check_absent(*name.partition(":")[::2])
            yield content if kind == b"blob" else None

    def commit_at(self, ref: str) -> str | None:
        """Returns the commit that a ref names at this moment, without starting a process for it.

        Args:
            ref: Its whole name, ``refs/...``.

        Returns:
            The commit; None: there is no such ref, or what it names is no commit that git can read.
        """
        try:
            oid, kind, _ = self._request(ref)
        except IntegrityError:
            return None  # whoever reads what lies behind the ref is told
        return oid if kind == b"commit" else None

    def commits(self, oids: Sequence[str]) -> Iterator[bytes]:
        """Yields commits as git stores them.

        Raises:
            IntegrityError: One is lost.
        """
        for oid, (kind, content) in zip(oids, self._answers(oids), strict=True):
            if kind != b"commit":
                raise IntegrityError(f"expected a git commit {oid}, found {kind.decode()}")
            yield content

    def tree(self, name: str) -> dict[str, TreeEntry]:
        """Returns the entries of a tree.

        Raises:
            IntegrityError: There is no such tree.
        """
        kind, content = self._ask(name)
        if kind != b"tree":
            raise IntegrityError(f"expected a git tree at {name}, found {kind.decode()}")
        return parse_tree(content, oid_bytes=self._oid_bytes)

    def _answers(self, names: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        return self._bulk(names) if len(names) >= _BULK else map(self._ask, names)

    def _check_absent(self, commit: str, path: str) -> None:
        """Raises IntegrityError when git's "missing" means a lost object and not an empty place."""
        folder, _, name = path.rpartition("/")
        kind, content = self._ask(f"{commit}:{folder}")
        if kind == b"missing" and folder:
            self._check_absent(commit, folder)
        elif kind == b"missing" or (
            kind == b"tree" and name in parse_tree(content, oid_bytes=self._oid_bytes)
        ):
            raise IntegrityError(
                f"expected git to have {path or 'the state'} of commit {commit}, found it lost",
                hints=["git fsck tells what else is missing; another clone may still have it"],
            )

    def _ask(self, name: str) -> tuple[bytes, bytes]:
        return self._request(name)[1:]

    def _request(self, name: str) -> tuple[str, bytes, bytes]:
        if self._pipes is None:
            self._pipes = self._stack.enter_context(self._door.conversation("cat-file", "--batch"))
        ask, answer = self._pipes
        request = _line(name)
        try:
            ask.write(request)
            ask.flush()
            header = answer.readline().rsplit(b" ", 2)
        except BrokenPipeError:
            header = []
        if header and header[-1].strip() == b"missing":
            return "", b"missing", b""
        size = int(header[2]) if len(header) == 3 else 0
        content = answer.read(size + 1) if len(header) == 3 else b""  # a line feed ends it
        if len(content) <= size:
            # git ends, even in the middle of an answer, when it meets a damaged object.
            self.close()
            raise IntegrityError(
                f"expected git to read {name}, found that it gave up",
                hints=["git fsck tells whether an object is damaged"],
            )
        self._oid_bytes = len(header[0]) // 2
        return header[0].decode(), header[1], content[:-1]

    def _bulk(self, names: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        out = self._door.run("cat-file", "--batch", stdin=b"".join(map(_line, names)))
        start = 0
        for _ in names:
            end = out.index(b"\n", start)
            header = out[start:end].rsplit(b" ", 2)
            start = end + 1
            if len(header) != 3 or not header[2].isdigit():
                yield b"missing", b""
                continue
            size = int(header[2])
            yield header[1], out[start : start + size]
            start += size + 1


class TreeWriter:
    """Writes new trees that differ from an existing one in a few documents.

    Only the trees on the way to a changed document are read and written again, so that the cost
    does not grow with the state.
    """

    def __init__(self, door: GitDoor, reader: ObjectReader) -> None:
        self._door = door
        self._reader = reader

    def write(self, base: str | None, documents: Mapping[str, bytes | None]) -> str:
        """Returns the id of a tree that is `base` with the documents put in.

        Args:
            base: A commit; None: start from nothing.
            documents: Content by path; None takes the document away, and with the last one its
                folder.
        """
        blobs = self._blobs({p: content for p, content in documents.items() if content is not None})
        with self._making() as make:

            def build(tree: str | None, changes: Mapping[str, str | None]) -> str | None:
                entries = self._reader.tree(tree) if tree else {}
                below: dict[str, dict[str, str | None]] = {}
                for path, blob in changes.items():
                    name, slash, rest = path.partition("/")
                    if slash:
                        below.setdefault(name, {})[rest] = blob
                    elif blob is not None:
                        entries[name] = TreeEntry("100644", blob)
                    else:
                        entries.pop(name, None)
                for name, changed in below.items():
                    old = entries.get(name)
                    inner = old.oid if old is not None and old.is_tree else None
                    new = build(inner, changed)
                    if new is not None:
                        entries[name] = TreeEntry("40000", new)
                    elif inner is not None:
                        del entries[name]
                return make(entries) if entries else None

            changed = {path: blobs.get(path) for path in documents}
            return build(f"{base}^{{tree}}" if base else None, changed) or make({})

    def _blobs(self, documents: Mapping[str, bytes]) -> dict[str, str]:
        """Writes all blobs with one process, which reads them from files."""
        with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
            names = [f"{folder}/{number}" for number, _ in enumerate(documents)]
            for name, content in zip(names, documents.values(), strict=True):
                Path(name).write_bytes(content)
            # Without filters: what a user sets for line ends must not change a digest.
            arguments = ("hash-object", "-w", "--no-filters", "--stdin-paths")
            out = self._door.run(*arguments, stdin="\n".join([*names, ""]).encode())
        oids = [check_oid(oid) for oid in out.decode().split()]
        return dict(zip(documents, oids, strict=True))

    @contextmanager
    def _making(self) -> Iterator[Callable[[Mapping[str, TreeEntry]], str]]:
        # -z: without it a name that begins with a quote would be taken for a quoted one.
        with self._door.conversation("mktree", "-z", "--batch", "--missing") as (ask, answer):

            def make(entries: Mapping[str, TreeEntry]) -> str:
                for name, entry in entries.items():
                    kind = "tree" if entry.is_tree else "blob"
                    ask.write(
                        f"{entry.mode:0>6} {kind} {entry.oid}\t{name}\0".encode(errors=ODD_NAMES)
                    )
                ask.write(b"\0")
                ask.flush()
                return check_oid(answer.readline().decode().strip())

            yield make


def _line(name: str) -> bytes:
    """Returns a request to `cat-file --batch`, which knows no way to quote a line feed.

    Raises:
        ValueError: The name holds one: no document of ours is called so.
    """
    if "\n" in name:
        raise ValueError(f"expected a name of one line, found {name!r}")
    return name.encode() + b"\n"


def parse_tree(content: bytes, *, oid_bytes: int) -> dict[str, TreeEntry]:
    """Parses a raw tree object (git's `<mode> <name> NUL <binary id>`, repeated).

    Args:
        content: The object's bytes.
        oid_bytes: 20 for SHA-1 repositories, 32 for SHA-256.
    """
    entries: dict[str, TreeEntry] = {}
    start = 0
    while start < len(content):
        space = content.index(b" ", start)
        nul = content.index(b"\0", space)
        oid = content[nul + 1 : nul + 1 + oid_bytes].hex()
        name = content[space + 1 : nul].decode(errors=ODD_NAMES)
        entries[name] = TreeEntry(content[start:space].decode(), oid)
        start = nul + 1 + oid_bytes
    return entries
