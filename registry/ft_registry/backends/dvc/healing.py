"""Heals objects of a dataset: what is wrong in each place, and where good bytes of it lie."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ft_registry.backends.dvc.content import directory_listing, hash_data
from ft_registry.backends.dvc.listing import parse_listing
from ft_registry.backends.dvc.places import (
    FolderPlace,
    ObjectPlace,
    ReadObject,
    object_md5,
    read_listing,
)
from ft_registry.errors import (
    BackendUnavailable,
    FtRegistryError,
    IntegrityError,
    NotFound,
    Refused,
)
from ft_registry.model.healing import Wound
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.snapshot import DataContent
from ft_registry.ports.data import DataCopy
from ft_registry.ports.healing import Quarantine
from ft_registry.readers.files import chunks_of, hash_file


@dataclass
class _Seen:
    """What one place has of the dataset."""

    place: ObjectPlace
    good: dict[str, int | None] = field(default_factory=dict)
    """Bytes, by object."""
    bad: dict[str, ReadObject] = field(default_factory=dict)
    sha256s: dict[str, str] = field(default_factory=dict)
    """Of the good ones that were read."""
    reason: str = ""
    """Why nothing is known of it."""


class DataHealing:
    """One dataset, in all the places that may have it.

    Args:
        content: What it is.
        places: The cache or caches, then the remotes; see `places_of`.
        default: The name of the default remote, if there is one.
        here: Where it lies in the work tree, if it does.
    """

    def __init__(
        self,
        content: DataContent,
        places: Sequence[ObjectPlace],
        *,
        default: str | None,
        here: Path,
    ) -> None:
        self.content = content
        self._places = places
        remotes = [place for place in places if not place.is_cache]
        self._owing = [*places[:1], *(remotes[:1] if default else [])]
        self._here = here
        self._shown_here = f"the work tree ({content.path})"
        self._here_by_oid: dict[str, Path | None] = {}

    def wounds(self) -> list[Wound]:
        """See `DataHealer.wounds`."""
        try:
            seen = [self._look(place) for place in self._places]
        except IntegrityError as error:  # what is on record is no listing that may be followed
            whole = self.content
            return [
                Wound(
                    "data", whole.path, whole.key, "changed", self._places[0].shown,
                    expected="files inside the folder", found=error.message,
                )
            ]  # fmt: skip
        return [wound for one in seen for wound in self._wounds_in(one, seen)]

    def heal(self, wound: Wound, quarantine: Quarantine, *, file: Path | None) -> None:
        """See `DataHealer.heal`."""
        oid = wound.key
        place = next(place for place in self._places if place.shown == wound.place)
        if self._is_whole(place, oid):
            return  # another has healed it since it was looked at
        if wound.harm == "changed":
            quarantine.keep(place.chunks(oid), wound)
        source = self._source(wound) if file is None else chunks_of(file)
        place.put(oid, self._proved(oid, source))

    def _is_whole(self, place: ObjectPlace, oid: str) -> bool:
        if oid not in place.held([oid]):
            return False
        found = place.read([oid])[oid]
        is_right = oid != self.content.key or self._sha256 in (None, f"sha256:{found.sha256}")
        return found.md5 == object_md5(oid) and is_right

    def _source(self, wound: Wound) -> Iterator[bytes]:
        if wound.source != self._shown_here:
            source = next(place for place in self._places if place.shown == wound.source)
            return source.chunks(wound.key)
        if wound.key == self.content.key and wound.key.endswith(".dir"):
            return iter([self._listing])
        file = self._file_here(wound.key)
        if file is None:
            raise NotFound(f"expected {wound.name} in the work tree, found that it changed since")
        return chunks_of(file)

    def _proved(self, oid: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yields the bytes, and raises at their end if they are others than on record.

        Who writes them compares the MD5, and lets them take the place after the end only.
        """
        hasher = hashlib.sha256()
        for chunk in chunks:
            hasher.update(chunk)
            yield chunk
        found = f"sha256:{hasher.hexdigest()}"
        if oid == self.content.key and self._sha256 not in (None, found):
            raise IntegrityError(f"expected {self._sha256} of {self.content.path}, found {found}")

    @property
    def _sha256(self) -> str | None:
        """What a single file must be, where it is on record."""
        is_file = not self.content.key.endswith(".dir")
        sha256 = self.content.sha256
        return sha256 if is_file and isinstance(sha256, str) else None

    @cached_property
    def _listing(self) -> bytes:
        """The listing of a folder at its own hash, from any place or made anew; else empty."""
        key = self.content.key
        for place in self._places:
            try:
                content, found = read_listing(place, key)
            except (NotFound, IntegrityError, BackendUnavailable):
                continue  # what is wrong with it there is seen when that place is looked at
            if found == object_md5(key):
                return content
        try:
            found_here = hash_data(self._here) if self._here.is_dir() else None
        except (NotFound, Refused, IntegrityError):
            return b""
        if found_here is None or found_here.dvc.md5 != key:
            return b""
        return directory_listing(found_here.files)

    @cached_property
    def _listed(self) -> dict[str, str]:
        """The object of each file by its path; of a single file, by the empty path.

        Raises:
            IntegrityError: The listing on record leads out of the folder.
        """
        key = self.content.key
        if not key.endswith(".dir"):
            return {"": key}
        if not self._listing:
            return {}
        return parse_listing(self._listing, place=f"the listing {key}", folder=self.content.path)

    @cached_property
    def _objects(self) -> set[str]:
        return {self.content.key, *self._listed.values()}

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The paths of the files that each object is."""
        names: dict[str, list[str]] = {}
        for name, oid in sorted(self._listed.items()):
            names.setdefault(oid, []).append(name)
        return names

    def _file_here(self, oid: str) -> Path | None:
        """Returns a file of the work tree that is what the object should be, if there is one."""
        if oid not in self._here_by_oid:
            files = [self._here / name if name else self._here for name in self._names.get(oid, ())]
            self._here_by_oid[oid] = next((file for file in files if _is_at(file, oid)), None)
        return self._here_by_oid[oid]

    def _look(self, place: ObjectPlace) -> _Seen:
        seen = _Seen(place)
        try:
            held = place.held(self._objects)
            proved = {oid for oid, one in held.items() if one.md5 == object_md5(oid)}
            seen.good = {oid: held[oid].size for oid in proved}
            read = place.read(sorted(held.keys() - proved))
        except (BackendUnavailable, NotFound) as error:
            return _Seen(place, reason=error.message)
        for oid, found in read.items():
            is_twin = oid == self.content.key and self._sha256 not in (
                None, f"sha256:{found.sha256}"
            )  # fmt: skip
            if found.md5 != object_md5(oid) or is_twin:
                seen.bad[oid] = found
            else:
                seen.good[oid] = found.size
                seen.sha256s[oid] = found.sha256
        return seen

    def _wounds_in(self, one: _Seen, seen: Sequence[_Seen]) -> Iterator[Wound]:
        if one.reason:
            # A folder that is not there as a whole is left alone; what only it may have is told of
            # the place that lacks it.
            if not (isinstance(one.place, FolderPlace) and one.place.is_away):
                yield self._unasked(one)
            return
        gone = self._objects - one.good.keys() - one.bad.keys() if self._owes(one, seen) else set()
        for oid in sorted({*one.bad, *gone}, key=lambda oid: (self._names_of(oid), oid)):
            yield self._wound(oid, one, seen)
        if self._is_twin(one):
            whole = self.content
            yield Wound(
                "data", whole.path, whole.key, "changed", one.place.shown,
                expected=str(whole.sha256), found="other bytes of the same MD5",
                looked=(one.place.shown,),
            )  # fmt: skip

    def _owes(self, one: _Seen, seen: Sequence[_Seen]) -> bool:
        """Returns whether a place is to have what it lacks."""
        there = {*one.good, *one.bad}
        if self.content.key in there or 2 * len(there) > len(self._objects):
            return True
        # What lies in the main work tree's cache need not lie on this machine twice.
        is_beside = one.place.is_cache and any(
            other.place.is_cache and other.good.keys() >= self._objects for other in seen
        )
        return one.place in self._owing and not is_beside

    def _unasked(self, one: _Seen) -> Wound:
        return Wound(
            "data", self.content.path, self.content.key, "missing", one.place.shown,
            unasked=(f"{one.place.shown}: {one.reason}",),
        )  # fmt: skip

    def _wound(self, oid: str, one: _Seen, seen: Sequence[_Seen]) -> Wound:
        bad = one.bad.get(oid)
        sources = [other for other in seen if oid in other.good]
        source = sources[0].place.shown if sources else self._source_here(oid)
        others = [other for other in seen if other is not one]
        return Wound(
            kind="data",
            name=self._names_of(oid),
            key=oid,
            harm="changed" if bad else "missing",
            place=one.place.shown,
            at=one.place.where(oid),
            expected=f"md5 {object_md5(oid)}",
            found=f"md5 {bad.md5} ({bad.size:,} bytes)" if bad else "",
            size=sources[0].good[oid] if sources else None,
            source=source,
            looked=() if source else (
                *(
                    f"{other.place.shown} ({'damaged' if oid in other.bad else 'nothing'})"
                    for other in others if not other.reason
                ),
                f"{self._shown_here} ({'other bytes' if self._here.exists() else 'nothing'})",
            ),
            unasked=() if source else tuple(
                f"{other.place.shown}: {other.reason}" for other in others if other.reason
            ),
        )  # fmt: skip

    def _source_here(self, oid: str) -> str:
        if oid == self.content.key and oid.endswith(".dir"):
            return self._shown_here if self._listing else ""
        return self._shown_here if self._file_here(oid) is not None else ""

    def _names_of(self, oid: str) -> str:
        name = "" if oid == self.content.key else self._names[oid][0]
        return f"{self.content.path}/{name}" if name else self.content.path

    def _is_twin(self, one: _Seen) -> bool:
        """Returns whether files that all have their MD5 are together not what is on record."""
        expected = self.content.sha256
        is_whole = one.sha256s.keys() >= set(self._listed.values())
        if not isinstance(expected, str) or "" in self._listed or not self._listed or not is_whole:
            return False  # a single file was compared by itself
        entries = [
            FileEntry.model_construct(path=name, size=one.good[oid] or 0, sha256=one.sha256s[oid])
            for name, oid in self._listed.items()
        ]
        return manifest_digest(entries) != expected


def wounds_at_source(content: DataContent, copy: DataCopy) -> list[Wound]:
    """Returns what is wrong with data that stays at its source, where nobody writes to."""
    if copy.state == "ok":
        return []
    unasked = (f"{copy.place}: {copy.reason}",) if copy.state == "unknown" else ()
    fault = copy.faults[0] if copy.faults else None
    return [
        Wound(
            "data", content.path, content.key, fault.state if fault else "missing", copy.place,
            expected=fault.expected if fault else "", found=fault.found if fault else "",
            looked=() if unasked else (copy.place,), unasked=unasked,
        )
    ]  # fmt: skip


def _is_at(file: Path, oid: str) -> bool:
    try:
        return hash_file(file, "md5")[0] == object_md5(oid)
    except FtRegistryError:  # gone, not a file, written to at this moment
        return False
