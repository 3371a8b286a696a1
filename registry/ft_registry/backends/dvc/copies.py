"""What became of a dataset in one place that holds objects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ft_registry.backends.dvc.listing import parse_listing
from ft_registry.backends.dvc.places import (
    HeldObject,
    ObjectPlace,
    ReadObject,
    object_md5,
    read_listing,
)
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth
from ft_registry.ports.data import DataCopy, DataFault


def copies_in(
    places: Sequence[ObjectPlace], content: DataContent, *, depth: Depth
) -> list[DataCopy]:
    """Returns the state of a dataset in each place, in their order."""
    return [
        replace(copy_in(place, content, depth=depth), is_cache=place.is_cache) for place in places
    ]


def copy_in(place: ObjectPlace, content: DataContent, *, depth: Depth) -> DataCopy:
    """Returns the state of a dataset in a place, see `DataStore.copies`."""
    md5 = content.key
    try:
        held = place.held([md5])
        if md5 not in held:
            return DataCopy(place.shown, "absent", (_missing(md5, md5),))
        if not md5.endswith(".dir"):
            return _judged(place, _Look(place, content, {md5: md5}, held).faults(depth))
        try:
            listed = _listing(place, content)
        except IntegrityError as error:
            fault = DataFault(
                md5, "changed", f"md5 {object_md5(md5)}", error.message, place.where(md5)
            )
            return DataCopy(place.shown, "damaged", (fault,))
        look = _Look(place, content, listed, place.held(set(listed.values())))
        return _judged(place, look.faults(depth))
    except (BackendUnavailable, NotFound) as error:  # not found: deleted while it was looked at
        return DataCopy(place.shown, "unknown", reason=error.message)


def _judged(place: ObjectPlace, faults: tuple[DataFault, ...]) -> DataCopy:
    if any(fault.state == "changed" for fault in faults):
        return DataCopy(place.shown, "damaged", faults)
    return DataCopy(place.shown, "absent" if faults else "ok", faults)


def _listing(place: ObjectPlace, content: DataContent) -> dict[str, str]:
    """Returns MD5 by relative path; the message of its error is what was found."""
    listing, found = read_listing(place, content.key)
    if found != object_md5(content.key):
        raise IntegrityError(f"md5 {found}")
    return parse_listing(listing, place=content.key, folder=content.path)


class _Look:
    """A look at the objects of a dataset.

    Args:
        place: Where they lie.
        content: What they must be together.
        names: The object of each file, by the name that a fault is to have.
        held: Which of them are there.
    """

    def __init__(
        self,
        place: ObjectPlace,
        content: DataContent,
        names: Mapping[str, str],
        held: Mapping[str, HeldObject],
    ) -> None:
        self._place = place
        self._content = content
        self._names = names
        self._held = held

    def faults(self, depth: Depth) -> tuple[DataFault, ...]:
        """Returns what is wrong, by name."""
        if depth == "full":
            return self._faults_by_reading()
        damaged = self._suspected()
        if not damaged and not self._adds_up():
            # Something is damaged: only reading tells which file it is.
            return self._faults_by_reading()
        return self._faults(damaged)

    def _faults(self, damaged: Mapping[str, ReadObject]) -> tuple[DataFault, ...]:
        found = []
        for name, oid in sorted(self._names.items()):
            if oid not in self._held:
                found.append(_missing(name, oid))
            elif oid in damaged:
                told = f"md5 {damaged[oid].md5} ({damaged[oid].size:,} bytes)"
                at = self._place.where(oid)
                found.append(DataFault(name, "changed", f"md5 {oid}", told, at))
        return tuple(found)

    def _faults_by_reading(self) -> tuple[DataFault, ...]:
        """Reads what the place itself does not prove."""
        done = self._place.read(oid for oid, held in self._held.items() if held.md5 != oid)
        damaged = {oid: found for oid, found in done.items() if found.md5 != oid}
        if not damaged and done.keys() >= set(self._names.values()):
            sha256 = self._sha256(done)
            expected = self._content.sha256
            if isinstance(expected, str) and sha256 != expected:  # other bytes of the same MD5
                whole = self._content.key
                # Of a folder it is not known which of the files it is.
                at = "" if whole.endswith(".dir") else self._place.where(whole)
                return (DataFault(whole, "changed", expected, sha256, at),)
        return self._faults(damaged)

    def _adds_up(self) -> bool:
        """Returns whether the sizes make that of the record; true when not all are known."""
        sizes = [self._held[oid].size for oid in self._names.values() if oid in self._held]
        known = [size for size in sizes if size is not None]
        return len(known) < len(self._names) or sum(known) == self._content.dvc.size

    def _suspected(self) -> dict[str, ReadObject]:
        """Returns what really differs among the objects of which the place keeps another MD5.

        What it keeps of an encrypted object is no MD5 of it. So the bytes are read, the smallest
        object first; when those are right, what it keeps of the others says nothing.
        """
        suspects = [oid for oid, held in self._held.items() if held.md5 not in (None, oid)]
        damaged = {}
        for oid in sorted(suspects, key=lambda oid: self._held[oid].size or 0):
            found = self._place.read([oid])[oid]
            if found.md5 == oid:
                break
            damaged[oid] = found
        return damaged

    def _sha256(self, done: Mapping[str, ReadObject]) -> str:
        if not self._content.key.endswith(".dir"):
            return f"sha256:{done[self._content.key].sha256}"
        return manifest_digest(
            FileEntry.model_construct(path=name, size=done[oid].size, sha256=done[oid].sha256)
            for name, oid in self._names.items()
        )


def _missing(name: str, oid: str) -> DataFault:
    return DataFault(name, "missing", f"md5 {oid}", "nothing")
