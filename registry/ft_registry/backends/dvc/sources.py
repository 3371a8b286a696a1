"""Sources: asks a store what it says now of files that were imported and not downloaded.

Nothing is read but names, sizes, tags and versions. That an unversioned store says the same as at
the import is all that can be known without reading terabytes; a version is kept by the store, so
asking for it by its name is enough.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ft_registry.backends.dvc.imports import Import, nameless, names_of
from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.dvc.remotes import asked, is_absent, open_source, unavailable
from ft_registry.errors import BackendUnavailable, IntegrityError
from ft_registry.model.snapshot import DataContent, SourceFile, SourceListing, listing_of
from ft_registry.ports.data import DataCopy, DataFault

_AT_ONCE = 1000
"""Files that one question to the store names."""
_UNREAD = "its bytes were not read: no hash of them is on record"
_REPLACEABLE = "the source keeps no versions, so files can be replaced there"


class Source:
    """A store that data was imported from.

    Args:
        url: As the pointer has it.
        project: In whose settings it is configured.
        scratch: A folder of ours for what DVC would like to remember.
    """

    def __init__(self, url: str, *, project: DvcProject, scratch: Path) -> None:
        self.url = url
        self._project = project
        self._scratch = scratch

    def confirm(self, imported: Import) -> SourceListing:
        """Returns what names the data, once the store says the same as the pointer.

        Raises:
            IntegrityError: It says otherwise.
            Refused: It tells its files apart by nothing.
            BackendUnavailable: It does not answer.
        """
        if imported.is_versioned:
            faults = self.faults(imported.files)
            if faults:
                raise self._changed(imported, "; ".join(_told(fault) for fault in faults[:3]))
            return listing_of(self.url, imported.files)
        found = self.files()
        if not all(file.tag for file in found):
            raise nameless(imported.file)
        if imported.listed:
            if imported.listed not in _dvc_names(found):
                raise self._changed(imported, f"other tags among {len(found):,} files")
        elif names_of(found) != names_of(_without_versions(imported.files)):
            raise self._changed(imported, _difference(imported.files, found))
        return listing_of(self.url, found)

    def files(self) -> list[SourceFile]:
        """Returns what the store says of each file now; none of them has a version.

        Raises:
            BackendUnavailable: It does not answer.
        """
        with self._opened(versioned=False) as (filesystem, root):
            question = partial(filesystem.info, [root], return_exceptions=True)
            (whole,) = asked(question, self._project)
            if is_absent(whole):
                return []
            if isinstance(whole, BaseException):
                raise unavailable(whole, self._project) from whole
            if whole.get("type") == "file":  # listing it would read it, over HTTP
                return [_file("", whole, filesystem.protocol)]
            entries = asked(partial(filesystem.fs.find, root, detail=True), self._project)
            return [
                _file(_inside(name, root, filesystem.sep), entry, filesystem.protocol)
                for name, entry in entries.items()
                # A key that ends so is what web consoles make of an empty folder.
                if entry.get("type") == "file" and not name.endswith(filesystem.sep)
            ]

    def faults(self, files: tuple[SourceFile, ...]) -> list[DataFault]:
        """Returns which versions the store has no more, or has otherwise than a pointer says.

        Raises:
            BackendUnavailable: It does not answer.
        """
        faults: list[DataFault] = []
        with self._opened(versioned=True) as (filesystem, root):
            for start in range(0, len(files), _AT_ONCE):
                part = files[start : start + _AT_ONCE]
                paths = [
                    filesystem.version_path(_below(root, file.path, filesystem), file.version)
                    for file in part
                ]
                question = partial(filesystem.info, paths, return_exceptions=True)
                answers = asked(question, self._project)
                found = map(partial(self._fault, protocol=filesystem.protocol), part, answers)
                faults += [fault for fault in found if fault is not None]
        return faults

    def _fault(self, file: SourceFile, answer: Any, *, protocol: str) -> DataFault | None:
        expected = f"version {file.version}"
        if is_absent(answer):
            return DataFault(file.path, "missing", expected, "nothing")
        if isinstance(answer, BaseException):
            raise unavailable(answer, self._project) from answer
        found = _file(file.path, answer, protocol)
        if (found.size, found.tag) == (file.size, file.tag):
            return None
        return DataFault(file.path, "changed", f"{expected}, {_marks(file)}", _marks(found))

    @contextmanager
    def _opened(self, *, versioned: bool) -> Iterator[tuple[Any, str]]:
        try:
            yield open_source(
                self.url, project=self._project, scratch=self._scratch, versioned=versioned
            )
        except BackendUnavailable as error:
            raise BackendUnavailable(
                f"expected the source {self.url} to answer, found: {error.message}",
                hints=["run it again when the source answers; .dvc/config says how it is asked"],
            ) from error

    def _changed(self, imported: Import, found: str) -> IntegrityError:
        hints = [f"dvc update --no-download {imported.file} takes what is there now"]
        if not imported.is_versioned:
            hints.append("a source that keeps versions is imported with --version-aware")
        return IntegrityError(
            f"expected {self.url} as {imported.file} says, found that the source changed since the "
            f"import, or the pointer was edited: {found}",
            hints=hints,
        )


def source_copy(
    source: Source, content: DataContent, listing: SourceListing, imported: Import | None
) -> DataCopy:
    """Returns whether a source still has what was put on record, see `DataStore.copies`.

    Args:
        source: The store.
        content: The dataset.
        listing: What names it.
        imported: The pointer with the versions, where there are any and it was found.
    """
    place = f"source {source.url}"
    try:
        if not listing.versioned:
            found = listing_of(source.url, source.files())
            if found.listing == listing.listing:
                return DataCopy(place, "ok", note=f"{_UNREAD}; {_REPLACEABLE}")
            fault = DataFault(content.key, "changed", _words(listing), _words(found))
            return DataCopy(place, "damaged", (fault,))
        if imported is None:
            reason = (
                f"no pointer at hand lists the versions of {content.path}: fetch the commit of its "
                "snapshot (ft-registry data show tells it)"
            )
            return DataCopy(place, "unknown", reason=reason)
        faults = tuple(source.faults(imported.files))
    except BackendUnavailable as error:
        return DataCopy(place, "unknown", reason=error.message)
    if any(fault.state == "changed" for fault in faults):
        return DataCopy(place, "damaged", faults)
    return DataCopy(place, "absent" if faults else "ok", faults, note="" if faults else _UNREAD)


def _dvc_names(files: list[SourceFile]) -> list[str]:
    """Returns what DVC would name a folder by: the MD5 of its list of tags (dvc-data, `Tree`)."""
    names = []
    for tag in ("etag", "checksum"):
        listing = [
            {tag: file.tag, "relpath": file.path}
            for file in sorted(files, key=lambda file: file.path)
        ]
        text = json.dumps(listing, sort_keys=True).encode()
        names.append(f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir")
    return names


def _file(path: str, entry: Mapping[str, Any], protocol: str) -> SourceFile:
    from dvc_data.hashfile.meta import Meta

    found = Meta.from_info(dict(entry), protocol)
    tag = found.etag or found.checksum or ""
    return SourceFile(path=path, size=found.size or 0, tag=tag, version="")


def _inside(name: str, root: str, separator: str) -> str:
    name, root = name.strip(separator), root.strip(separator)
    return "" if name == root else name.removeprefix(root).lstrip(separator)


def _below(root: str, path: str, filesystem: Any) -> str:
    return str(filesystem.join(root, *path.split("/"))) if path else root


def _without_versions(files: tuple[SourceFile, ...]) -> list[SourceFile]:
    return [file.model_copy(update={"version": ""}) for file in files]


def _difference(imported: tuple[SourceFile, ...], found: list[SourceFile]) -> str:
    old, new = names_of(_without_versions(imported)), names_of(found)
    if not new:
        return "nothing"
    names = sorted(name for name in old | new if old.get(name) != new.get(name))
    if names == [""]:
        return _marks(new[""]) if "" in new else "a folder"
    return f"{len(names):,} files differ, such as {', '.join(names[:3])}"


def _words(listing: SourceListing) -> str:
    files = f"{listing.nfiles:,} file{'s' if listing.nfiles != 1 else ''}"
    return f"listing {listing.key[:12]} of {files}, {listing.size:,} bytes"


def _marks(file: SourceFile) -> str:
    return f"tag {file.tag or 'none'}, {file.size:,} bytes"


def _told(fault: DataFault) -> str:
    name = f"{fault.name}: " if fault.name else ""
    return f"{name}expected {fault.expected}, found {fault.found}"
