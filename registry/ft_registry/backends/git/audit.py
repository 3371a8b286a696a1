"""Looks at the ledger as git stores it, past every promise: for `verify`.

Git reads most of what it stores without comparing it with its name (a loose object that was
exchanged as a whole passes), says of some damage only on its error stream that it is there, and
ends at the first object that it cannot read at all. So every object is read in bulk and compared
with its name here, and reading goes on behind each that cannot be read.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ft_registry.backends.git.door import GitDoor
from ft_registry.backends.git.message import read_label
from ft_registry.backends.git.objects import is_oid, parse_tree
from ft_registry.backends.git.refs import PINS, LedgerRefs
from ft_registry.errors import IntegrityError
from ft_registry.model.layout import EVENT
from ft_registry.model.verification import Finding, State
from ft_registry.ports.ledger import PinState, Signature, Transition

T = TypeVar("T")

_CHUNK = 1000
"""How many steps, or objects, are asked for at once."""
_SIGNATURES = 100
"""How many signatures are checked at once: each starts a program of its own."""
_SECONDS = 600
_HEADERS = re.compile(rb"^(tree|parent) ([0-9a-f]+)$", re.MULTILINE)
_VERDICTS: dict[str, tuple[State, str]] = {
    "G": ("ok", ""),
    "B": ("changed", "a signature that does not fit the event"),
    "R": ("changed", "a signature by a key that was revoked"),
    "E": ("unknown", "the key is not at hand"),
    "U": ("unknown", "the signature fits, but nobody here vouches for the key"),
    "X": ("unknown", "the signature fits, but has expired"),
    "Y": ("unknown", "the signature fits, but its key has expired"),
}
"""What git's letters (%G?) mean here."""
_NO_VERDICT: tuple[State, str] = ("unknown", "git could not check the signature")


class LedgerAudit:
    """Reads the history of a ledger as it is stored.

    Args:
        door: The repository.
        refs: Its refs.
        has_remote: Whether a remote may have what is not at hand.
    """

    def __init__(self, door: GitDoor, refs: LedgerRefs, *, has_remote: bool) -> None:
        self._door = door
        self._refs = refs
        self._has_remote = has_remote

    def transitions(self, head: str) -> Iterator[Transition]:
        """See `Ledger.transitions`."""
        cut = self._refs.cut()
        lines = self._listed("rev-list", "--first-parent", "--reverse", "--parents", head)
        steps = (line.split() for line in lines.decode().splitlines())
        with ThreadPoolExecutor(1) as ahead:
            # git reads the next steps while these are looked at.
            loading: deque[Future[list[Transition]]] = deque()
            for chunk in _chunks(steps, _CHUNK):
                loading.append(ahead.submit(self._load, chunk, cut))
                if len(loading) > 1:
                    yield from loading.popleft().result()
            while loading:
                yield from loading.popleft().result()

    def pins(self, commits: Iterable[str]) -> dict[str, PinState]:
        """See `Ledger.pins`."""
        wanted = sorted({commit for commit in commits if is_oid(commit)})
        pinned = self._refs.below(PINS)
        out = self._door.run(
            "cat-file", "--batch-check=%(objecttype)",
            stdin="".join(f"{commit}^{{commit}}\n" for commit in wanted).encode(),
        )  # fmt: skip
        states: dict[str, PinState] = {}
        for commit, kind in zip(wanted, out.decode().splitlines(), strict=True):
            if kind == "commit":
                states[commit] = "kept" if pinned.get(commit) == commit else "loose"
            else:
                states[commit] = "elsewhere" if self._has_remote else "missing"
        return states

    def check_storage(self, head: str) -> list[Finding]:
        """See `Ledger.check_storage`."""
        status, out, _ = self._door.attempt("rev-list", "--objects", head)
        lines = out.decode(errors="backslashreplace").split("\n")[:-1]
        listed = dict(line.partition(" ")[::2] for line in lines)
        if status:
            return self._walk({head: "", **listed})
        return [
            _damaged(oid, path, kind)
            for oids in _chunks(listed, _CHUNK)
            for oid, (kind, content) in zip(oids, self._read(oids), strict=True)
            if not _is(oid, kind, content)
            for path in [listed[oid]]
        ]

    def _walk(self, wave: dict[str, str]) -> list[Finding]:
        """Checks objects, and all that they lead to, where git could not list them to the end.

        Args:
            wave: Paths by object; empty: a commit, or the whole of a state.
        """
        findings: list[Finding] = []
        seen: set[str] = set()
        cut = self._refs.cut()
        while wave:
            seen.update(wave)
            following: dict[str, str] = {}
            for oids in _chunks(wave, _CHUNK):
                for oid, (kind, content) in zip(oids, self._read(oids), strict=True):
                    if content is None or not _is(oid, kind, content):
                        findings.append(_damaged(oid, wave[oid], kind))
                    elif kind == "commit":
                        following.update(_heads(content, is_cut=oid in cut))
                    elif kind == "tree":
                        following.update(_entries(content, wave[oid], oid_bytes=len(oid) // 2))
            wave = {oid: path for oid, path in following.items() if oid not in seen}
        return findings

    def check_signatures(self, head: str) -> list[Finding]:
        """See `Ledger.check_signatures`."""
        # As far as git can list them: what ends a history is not for its signatures to say.
        commits = self._door.attempt("rev-list", head)[1].decode().split()[::-1]
        return [
            Finding(
                "signature",
                f"event {commit[:12]}",
                found.state,
                place=subject,
                expected="a good signature" if found.state == "changed" else "",
                found=found.words,
            )
            for commit, (found, subject) in self._signatures(commits).items()
        ]

    def signature(self, commit: str) -> Signature | None:
        """See `Ledger.signature`."""
        found = self._signatures([commit]).get(commit)
        return found[0] if found else None

    def _signatures(self, commits: Iterable[str]) -> dict[str, tuple[Signature, str]]:
        """Returns, for commits that are signed, what git says of it, and their subject."""
        signed: list[str] = []
        for chunk in _chunks(commits, _CHUNK):
            for commit, (_, content) in zip(chunk, self._read(chunk), strict=True):
                if content is not None and b"\ngpgsig" in content.partition(b"\n\n")[0]:
                    signed.append(commit)
        found: dict[str, tuple[Signature, str]] = {}
        for chunk in _chunks(signed, _SIGNATURES):
            out = self._door.run(
                "log", "--no-walk=unsorted", "--no-color", "--format=%H%x00%G?%x00%GS%x00%GK%x00%s",
                "--stdin", stdin="\n".join([*chunk, ""]).encode(), seconds=_SECONDS,
            )  # fmt: skip
            for line in out.decode(errors="replace").split("\n")[:-1]:
                commit, letter, signer, key, subject = line.split("\0", 4)
                state, words = _VERDICTS.get(letter, _NO_VERDICT)
                by = " ".join(part for part in (signer, key) if part)
                told = f"{words} ({by})" if words and by else words or by
                found[commit] = Signature(state, signer, told), subject
        return found

    def _load(self, chunk: Sequence[list[str]], cut: set[str]) -> list[Transition]:
        """Returns the steps that some commits, each with its parents, stand for."""
        pairs = "".join(" ".join(commit[:2]) + "\n" for commit in chunk)
        out = self._listed(
            "diff-tree", "--stdin", "--root", "-r", "-z", "--raw", "--no-renames", stdin=pairs
        )
        changed: dict[str, dict[str, str | None]] = {commit[0]: {} for commit in chunk}
        fields = iter(out.decode(errors="backslashreplace").split("\0")[:-1])
        step: dict[str, str | None] = {}
        for field in fields:
            if not field.startswith(":"):
                step = changed[field]
                continue
            # `:<mode> <mode> <id> <id> <status> NUL <path> NUL`, as in git-diff-tree.
            _, mode, _, oid, status = field.split(" ")
            step[next(fields)] = None if status == "D" else oid if mode == "100644" else ""
        oids = list(changed)
        oids += {oid: None for step in changed.values() for oid in step.values() if oid}
        contents = {
            oid: content if _is(oid, kind, content) else None
            for oid, (kind, content) in zip(oids, self._read(oids), strict=True)
        }
        return [_transition(commit, changed[commit[0]], contents, cut) for commit in chunk]

    def _listed(self, *arguments: str, stdin: str = "") -> bytes:
        """Runs a command that reads commits and trees.

        Raises:
            IntegrityError: One of them cannot be read.
        """
        status, out, stderr = self._door.attempt(*arguments, stdin=stdin.encode())
        if status:
            raise IntegrityError(
                "expected git to read every commit and folder of the ledger, found: "
                f"{stderr.strip() or f'status {status}'}",
                hints=[
                    "ft-registry verify --full names what is damaged; another clone may have it"
                ],
            )
        return out

    def _read(self, oids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yields kind and content of each object; no content where it is lost or unreadable."""
        left = list(oids)
        while left:
            # git ends, even in the middle of an answer, at an object that it cannot read.
            _, out, _ = self._door.attempt(
                "cat-file", "--batch", "--buffer", stdin="\n".join([*left, ""]).encode()
            )
            start = done = 0
            for oid in left:
                end = out.find(b"\n", start)
                header = out[start:end].split(b" ") if end >= 0 else []
                if header[:1] != [oid.encode()]:
                    break
                if len(header) == 2:  # `<id> missing`
                    yield "missing", None
                    start, done = end + 1, done + 1
                    continue
                size = int(header[2])
                content = out[end + 1 : end + 1 + size]
                if len(out) <= end + 1 + size:
                    break
                yield header[1].decode(), content
                start, done = end + 2 + size, done + 1
            if done < len(left):
                yield "unreadable", None
                done += 1
            left = left[done:]


def _transition(
    commit: Sequence[str],
    step: dict[str, str | None],
    contents: Mapping[str, bytes | None],
    cut: set[str],
) -> Transition:
    """Returns a step.

    Args:
        commit: It and its parents.
        step: By path the object that came there; None: the path is gone; empty: no plain file.
        contents: The bytes of the objects that can be read, the commit among them.
        cut: The commits whose past is not at hand.
    """
    event = contents.get(step.pop(EVENT, None) or "")
    documents: dict[str, bytes | None] = {}
    unreadable = []
    for path, oid in step.items():
        content = contents.get(oid) if oid is not None else None
        if oid is not None and content is None:
            unreadable.append(path)
        else:
            documents[path] = content
    return Transition(
        commit[0], tuple(commit[1:]), event, documents, tuple(unreadable),
        is_cut=commit[0] in cut, label=read_label(contents.get(commit[0]) or b""),
    )  # fmt: skip


def _is(oid: str, kind: str, content: bytes | None) -> bool:
    """Returns whether an object was read, and is the one that its name names."""
    if content is None:
        return False
    new = hashlib.sha1 if len(oid) == 40 else hashlib.sha256
    named = new(f"{kind} {len(content)}\0".encode(), usedforsecurity=False)
    named.update(content)
    return named.hexdigest() == oid


def _heads(commit: bytes, *, is_cut: bool) -> dict[str, str]:
    """Returns the objects that a commit leads to: its tree, its parents."""
    headers = _HEADERS.findall(commit.partition(b"\n\n")[0])
    return {oid.decode(): "" for word, oid in headers if word == b"tree" or not is_cut}


def _entries(tree: bytes, path: str, *, oid_bytes: int) -> dict[str, str]:
    """Returns the paths of the objects that a tree leads to."""
    below = f"{path}/" if path else ""
    return {
        entry.oid: below + name.encode(errors="replace").decode()
        for name, entry in parse_tree(tree, oid_bytes=oid_bytes).items()
        if entry.mode != "160000"  # a commit of another repository
    }


def _damaged(oid: str, path: str, kind: str) -> Finding:
    return Finding(
        "document" if path else "chain",
        path or f"object {oid}",
        "missing" if kind == "missing" else "changed",
        place=f"git object {oid}" if path else "",
        expected="the bytes that its name stands for",
        found="nothing" if kind == "missing" else "other bytes",
    )


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
