"""Data in memory that keeps the contract of `ports.data.DataStore`.

Places hold objects by their MD5, as DVC's cache and remotes do; what lies in them is hashed when it
is asked for, so a test damages a copy by writing other bytes under its name. It passes the same
contract suite as the real one (tests/data/test_data_contract.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ft_registry.errors import BackendUnavailable, IntegrityError, NotARegistry, NotFound, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DataContent, DvcHash
from ft_registry.model.verification import Depth
from ft_registry.ports.data import DataCopy, DataFault, TrackedData, Tracking

CACHE = "DVC cache /cache"
STORE = "DVC remote 'store' (/store)"

Bytes = bytes | Mapping[str, bytes]
"""A file, or a folder's files by relative path."""


@dataclass
class MemoryData:
    """A work tree with data, a cache and remotes.

    Paths are as they are passed in: relative to the top level.
    """

    places: dict[str, dict[str, bytes]] = field(default_factory=lambda: {CACHE: {}, STORE: {}})
    """Objects by MD5 (a folder's listing by ``....dir``), by place; the cache first."""
    silent: set[str] = field(default_factory=set)
    """Places that do not answer."""
    nowhere: str = ""
    """Why there is no DVC project; empty: there is one."""
    tree: dict[str, Bytes] = field(default_factory=dict)
    """What lies in the work tree now, by path."""
    tracked: dict[str, DataContent] = field(default_factory=dict)
    """What pointers say, by path."""
    revisions: dict[str, dict[str, DataContent]] = field(default_factory=dict)
    """What pointers said at git revisions."""
    stages: dict[str, Stage] = field(default_factory=dict)
    pushed: list[str] = field(default_factory=list)

    def keep(self, path: str, content: Bytes, *, places: tuple[str, ...] = ()) -> DataContent:
        """Tracks data and puts it into places; all of them, unless some are named."""
        self.tree[path] = content
        self.tracked[path] = found = content_of(path, content)
        for place in places or tuple(self.places):
            self.places[place].update(_objects(content))
        return found

    def tracks(self, path: Path) -> bool:
        return str(path) in self.tracked

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        name = str(path)
        pointers = self.tracked if rev is None else self.revisions.get(rev, {})
        if name not in pointers:
            if rev is None and name not in self.tree:
                raise NotFound(f"expected data, found nothing at {name}")
            raise Refused(f"expected data that DVC tracks, found no pointer to {name}")
        wanted = pointers[name]
        if rev is None and name in self.tree:
            if content_of(name, self.tree[name]).dvc != wanted.dvc:
                raise IntegrityError(f"expected {name} at md5 {wanted.dvc.md5}, found other bytes")
        else:
            copy = self._copy(next(iter(self.places)), wanted)
            if copy.state == "absent":
                raise NotFound(f"expected {name} in the cache, found it missing")
            if copy.state == "damaged":
                raise IntegrityError(f"expected {name} in the cache, found it damaged")
        return TrackedData(content=wanted, pointer=f"{name}.dvc")

    def inspect(self, path: Path) -> tuple[DataContent, bool]:
        name = str(path)
        if name not in self.tree:
            raise NotFound(f"expected data, found nothing at {name}")
        found = content_of(name, self.tree[name])
        return found, self.tracked.get(name) == found

    def check(self, path: Path) -> None:
        self.inspect(path)

    def track(self, path: Path) -> Tracking:
        name = str(path)
        found, tracked = self.inspect(path)
        self.keep(name, self.tree[name], places=(next(iter(self.places)),))
        return Tracking(TrackedData(found, f"{name}.dvc"), not tracked, (Path(f"{name}.dvc"),))

    def check_push(self, path: Path) -> None:
        if len(self.places) < 2:
            raise Refused("expected a default DVC remote to push to, found none")

    def push(self, pointers: tuple[str, ...]) -> None:
        cache, *remotes = self.places
        self.check_push(Path(pointers[0]))
        if remotes[0] in self.silent:
            raise BackendUnavailable(f"expected {remotes[0]} to answer, found no answer")
        for pointer in pointers:
            content = self.tracked[pointer.removesuffix(".dvc")]
            for md5 in (content.dvc.md5, *self._listed(cache, content.dvc.md5).values()):
                self.places[remotes[0]][md5] = self.places[cache][md5]
            self.pushed.append(pointer)

    def stage_of(self, path: Path) -> Stage | None:
        return self.stages.get(str(path))

    def copies(
        self, content: DataContent, *, depth: Depth, rev: str | None = None
    ) -> list[DataCopy]:
        if self.nowhere:
            return [DataCopy("DVC", "unknown", reason=self.nowhere)]
        cache = next(iter(self.places))
        return [
            replace(self._copy(place, content), is_cache=place == cache) for place in self.places
        ]

    def bring(self, path: str, md5: str, into: Path) -> str:
        if into.exists():
            raise Refused(f"expected nothing at {into}, found something")
        if self.nowhere:
            raise NotARegistry(f"expected a DVC project around {path}, found none")
        states = {}
        for place in self.places:
            states[place] = self._state(place, md5)
            if states[place] == "ok":
                self._write(place, md5, into)
                return place
        where = ", ".join(f"{place}: {state}" for place, state in states.items())
        error: type[NotFound | IntegrityError | BackendUnavailable] = NotFound
        if "unknown" in states.values():
            error = BackendUnavailable
        elif "damaged" in states.values():
            error = IntegrityError
        raise error(f"expected {path} (md5 {md5}) in a cache or remote, found {where}")

    def _copy(self, place: str, content: DataContent) -> DataCopy:
        state = self._state(place, content.dvc.md5)
        if state == "unknown":
            return DataCopy(place, state, reason="it does not answer")
        faults = tuple(self._faults(place, content.dvc.md5)) if state != "ok" else ()
        return DataCopy(place, state, faults)

    def _state(self, place: str, md5: str) -> str:
        if place in self.silent:
            return "unknown"
        faults = self._faults(place, md5)
        if any(fault.state == "changed" for fault in faults):
            return "damaged"
        return "absent" if faults else "ok"

    def _faults(self, place: str, md5: str) -> list[DataFault]:
        if fault := self._fault(place, md5, md5):
            return [fault]
        listed = self._listed(place, md5)
        found = [self._fault(place, name, child) for name, child in listed.items()]
        return [fault for fault in found if fault is not None]

    def _fault(self, place: str, name: str, md5: str) -> DataFault | None:
        if md5 not in self.places[place]:
            return DataFault(name, "missing", f"md5 {md5}", "nothing")
        found = _md5(self.places[place][md5])
        if found == md5.removesuffix(".dir"):
            return None
        return DataFault(name, "changed", f"md5 {md5}", f"md5 {found}", f"/{md5}")

    def _listed(self, place: str, md5: str) -> dict[str, str]:
        if not md5.endswith(".dir"):
            return {}
        listing = json.loads(self.places[place][md5])
        return {entry["relpath"]: entry["md5"] for entry in listing}

    def _write(self, place: str, md5: str, into: Path) -> None:
        if not md5.endswith(".dir"):
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(self.places[place][md5])
            return
        into.mkdir(parents=True)
        for name, child in self._listed(place, md5).items():
            self._write(place, child, into / name)


def content_of(path: str, content: Bytes) -> DataContent:
    """Returns what data is: its hashes, its size, its lines."""
    files = {"": content} if isinstance(content, bytes) else dict(content)
    entries = [
        FileEntry.model_construct(
            path=name, size=len(data), sha256=digest_bytes(data).removeprefix("sha256:")
        )
        for name, data in files.items()
    ]
    objects = _objects(content)
    return DataContent(
        path=path,
        dvc=DvcHash(md5=next(iter(objects)), size=sum(map(len, files.values())), nfiles=len(files)),
        sha256=digest_bytes(content) if isinstance(content, bytes) else manifest_digest(entries),
        rows=sum(data.count(b"\n") for data in files.values()),
    )


def _objects(content: Bytes) -> dict[str, bytes]:
    """Returns the objects that hold data by MD5, the one that names the whole first."""
    if isinstance(content, bytes):
        return {_md5(content): content}
    children = {name: _md5(data) for name, data in content.items()}
    listing = [{"md5": children[name], "relpath": name} for name in sorted(children)]
    encoded = json.dumps(listing, sort_keys=True).encode()
    return {_md5(encoded) + ".dir": encoded, **{children[n]: d for n, d in content.items()}}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
