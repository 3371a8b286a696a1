"""Imports that were not downloaded: pointers that name data at its source, not by an MD5.

`dvc import-url --no-download` writes what the store says of each file (size, ETag, and the version
where it is told ``--version-aware``); of a folder without versions it writes only an MD5 over the
list of ETags. Nobody read the bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from ft_registry.backends.dvc.pointers import ReadFile, entries_of, mapping_of
from ft_registry.errors import Refused
from ft_registry.model.manifest import relative_path
from ft_registry.model.snapshot import SourceFile
from ft_registry.readers.yaml_file import parse_yaml

_SECRET = re.compile(r"://[^/?#]*@|[?#]")
"""A password before the host, a signature behind the path."""
TAGS = ("etag", "checksum", "md5")
"""What DVC calls a store's mark of the content: S3, GCS and Azure; HTTP; SSH, a local folder."""


@dataclass(frozen=True)
class Import:
    """What a pointer says of data that stays at its source."""

    file: str
    """The pointer, from the top level."""
    path: str
    """Where the data would lie, from the top level."""
    source: str
    files: tuple[SourceFile, ...]
    """Each file, as the store named it; empty: a folder of which only `listed` is known."""
    listed: str
    """DVC's MD5 of the list of tags, with ``.dir``; empty where `files` are known."""

    @property
    def is_versioned(self) -> bool:
        """Whether each file is named by a version that the store keeps."""
        return bool(self.files) and all(file.version for file in self.files)


def find_import(path: str, read: ReadFile) -> Import | None:
    """Returns the import at a path that has no MD5 of its bytes; None: there is no such pointer.

    Raises:
        Refused: The pointer is none that DVC writes, or of a kind of import that names no source.
    """
    file = f"{path}.dvc"
    content = read(file)
    # Most pointers are no imports: they are read once more by `find_pointer`, and only there.
    if content is None or b"deps" not in content:
        return None
    pointer = mapping_of(parse_yaml(content, what=file), file)
    outs, deps = entries_of(pointer, "outs", file), entries_of(pointer, "deps", file)
    if len(outs) != 1 or "md5" in outs[0] or "files" in outs[0] or not deps:
        return None
    if outs[0].get("path") != PurePosixPath(path).name or len(deps) != 1:
        raise _edited(file, "it names other things than one source and one output beside it")
    dep = deps[0]
    if "repo" in dep or "db" in dep:
        raise Refused(
            f"expected an import from a store of files, found in {file} one of another repository "
            "or a database, of which no mark of the bytes is known",
            hints=[f"dvc update {file} brings the bytes; then run this again"],
        )
    source = str(dep.get("path", ""))
    if _SECRET.search(source):
        raise Refused(
            f"expected a source without a password or signature in {file}, found one, which would "
            "go on record",
            hints=["dvc remote add NAME URL, then dvc import-url --no-download remote://NAME/..."],
        )
    if "files" in dep:
        files = tuple(_file(entry, file) for entry in entries_of(dep, "files", file))
        if not files:
            raise _edited(file, "its list of files is empty")
        return Import(file, path, source, files, "")
    if str(dep.get("md5", "")).endswith(".dir"):
        return Import(file, path, source, (), str(dep["md5"]))
    return Import(file, path, source, (_file({**dep, "relpath": ""}, file),), "")


def _file(entry: dict[str, Any], file: str) -> SourceFile:
    tag = next((str(entry[name]) for name in TAGS if entry.get(name)), "")
    name, size = entry.get("relpath"), entry.get("size")
    version = entry.get("version_id") or ""
    if not isinstance(name, str) or type(size) is not int:
        raise _edited(file, f"{entry!r}, without a path or a size")
    try:
        found = SourceFile(
            path=relative_path(name) if name else "", size=size, tag=tag, version=str(version)
        )
    except (ValidationError, ValueError) as error:
        raise _edited(file, " ".join(str(error).split())) from error
    if not found.tag and not found.version:
        raise nameless(file)
    return found


def nameless(file: str) -> Refused:
    """Returns the refusal of a source that tells its files apart by nothing."""
    return Refused(
        f"expected a tag or a version of each file behind {file}, found none: nothing would tell "
        "these bytes from others",
        hints=[f"dvc update {file} brings the bytes and their MD5; then run this again"],
    )


def names_of(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    """Returns files by their path inside the source."""
    return {file.path: file for file in files}


def _edited(file: str, why: str) -> Refused:
    return Refused(
        f"expected {file} as dvc import-url writes it, found: {why}",
        hints=[f"git log -p -- {file} shows who changed it; dvc update --no-download {file}"],
    )
