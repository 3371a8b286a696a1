"""Pointers: the small files in git that name data by its hash (`x.dvc`, `dvc.lock`)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from ft_registry.backends.dvc.content import directory_md5
from ft_registry.errors import Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.manifest import relative_path
from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DvcHash
from ft_registry.readers.yaml_file import parse_yaml

_MD5 = re.compile(r"[0-9a-f]{32}")
ReadFile = Callable[[str], bytes | None]
"""Returns a file's bytes by its path from the top level, in the work tree or at a revision."""


@dataclass(frozen=True)
class Pointer:
    """What a pointer says of one output."""

    file: str
    """The pointer, from the top level."""
    path: str
    """The output, from the top level."""
    hash: DvcHash

    @property
    def is_directory(self) -> bool:
        """Whether the output is a folder."""
        return self.hash.md5.endswith(".dir")


def find_pointer(path: str, read: ReadFile) -> Pointer | None:
    """Returns the pointer to a path, or to the nearest folder above it that is tracked.

    Args:
        path: From the top level.
        read: Reads files.
    """
    candidate = PurePosixPath(path)
    for place in (candidate, *candidate.parents):
        if str(place) == ".":
            break
        found = _from_dvc_file(str(place), read) or _from_lock(str(place), read)
        if found is not None and (found.path == path or found.is_directory):
            return found
    return None


def _from_dvc_file(path: str, read: ReadFile) -> Pointer | None:
    file = f"{path}.dvc"
    content = read(file)
    if content is None:
        return None
    pointer = mapping_of(parse_yaml(content, what=file), file)
    outs = entries_of(pointer, "outs", file)
    name = PurePosixPath(path).name
    if [out.get("path") for out in outs] != [name] or pointer.get("wdir", ".") != ".":
        raise Refused(
            f"expected {file} to name one output {name!r} beside it, found otherwise",
            hints=[f"dvc add {path}"],
        )
    return Pointer(file=file, path=path, hash=_hash(outs[0], file))


def _from_lock(path: str, read: ReadFile) -> Pointer | None:
    for file, folder, _, stage in _stages(path, read):
        for out in entries_of(stage, "outs", file):
            if str(_join(folder, out.get("path", ""))) == path and "md5" in out:
                return Pointer(file=file, path=path, hash=_hash(out, file))
    return None


def find_stage(path: str, read: ReadFile) -> Stage | None:
    """Returns the stage that has the path, or a folder above it, as its output."""
    found = locate_stage(path, read)
    return found[0] if found else None


def locate_stage(path: str, read: ReadFile) -> tuple[Stage, str] | None:
    """Returns the stage that makes a path, and the folder that its command runs in."""
    for file, folder, name, stage in _stages(path, read):
        outs = entries_of(stage, "outs", file)
        for out in outs:
            place = _join(folder, out.get("path", ""))
            if place == PurePosixPath(path) or place in PurePosixPath(path).parents:
                cmd = stage.get("cmd", "")
                made = Stage(
                    stage=name,
                    cmd="\n".join(map(str, cmd)) if isinstance(cmd, list) else str(cmd),
                    deps=tuple(_located(folder, dep) for dep in entries_of(stage, "deps", file)),
                    outs=tuple(_located(folder, out) for out in outs),
                    lock=digest_bytes(read(file) or b""),
                )
                return made, str(_join(folder, "."))
    return None


def _stages(path: str, read: ReadFile) -> Iterator[tuple[str, PurePosixPath, str, dict[str, Any]]]:
    """Yields lock file, folder that its paths count from, name and content of each stage."""
    for parent in PurePosixPath(path).parents:
        file = str(parent / "dvc.lock")
        content = read(file)
        if content is None:
            continue
        for name, stage in _stages_in(content, file).items():
            folder = parent / _working_folder(parent, str(name), read)
            yield file, folder, str(name), mapping_of(stage, file)


def _working_folder(parent: PurePosixPath, name: str, read: ReadFile) -> str:
    file = str(parent / "dvc.yaml")
    content = read(file) or b""
    if b"wdir" not in content:
        return "."
    # `train@v2` is one item of the stage `train`.
    stage = mapping_of(_stages_in(content, file).get(name.partition("@")[0]) or {}, file)
    return str(mapping_of(stage.get("do") or stage, file).get("wdir", "."))


def _stages_in(content: bytes, file: str) -> dict[Any, Any]:
    return mapping_of(mapping_of(parse_yaml(content, what=file), file).get("stages") or {}, file)


def _join(folder: PurePosixPath, path: str) -> PurePosixPath:
    parts: list[str] = []
    for part in (folder / path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _located(folder: PurePosixPath, entry: dict[str, Any]) -> dict[str, Any]:
    path = entry.get("path", "")
    # `s3://bucket/key` is no path, and would lose a slash as one.
    return {**entry, "path": path if "://" in path else str(_join(folder, path))}


def _hash(out: dict[str, Any], file: str) -> DvcHash:
    if out.get("hash", "") != "md5":
        raise Refused(
            f"expected {file} to name data by DVC 3's MD5 of the bytes, found an older kind",
            hints=["dvc cache migrate --dvc-files, then commit"],
        )
    if "files" in out and "md5" not in out:
        return _hash_of_files(entries_of(out, "files", file), file)
    md5, size = out.get("md5"), out.get("size")
    if not isinstance(md5, str) or not isinstance(size, int):
        raise Refused(f"expected md5 and size in {file}, found {out!r}", hints=["dvc commit"])
    try:
        return DvcHash(md5=md5, size=size, nfiles=out.get("nfiles", 1))
    except ValidationError as error:
        raise Refused(
            f"expected an MD5, a size and a number of files in {file}, found {out!r}",
            hints=["dvc commit"],
        ) from error


def _hash_of_files(files: list[dict[str, Any]], file: str) -> DvcHash:
    """Returns DVC's hash of a folder whose pointer lists its files.

    `dvc push` to a remote with `version_aware` puts the list, with versions, in the hash's place.
    """
    try:
        md5s = {relative_path(str(entry["relpath"])): str(entry["md5"]) for entry in files}
        sizes = [entry["size"] for entry in files]
        if len(md5s) == len(files) and all(map(_MD5.fullmatch, md5s.values())):
            return DvcHash(md5=directory_md5(md5s), size=sum(sizes), nfiles=len(files))
    except (LookupError, TypeError, ValueError):
        pass
    raise Refused(
        f"expected path, md5 and size of each file in {file}, found otherwise",
        hints=["dvc commit"],
    )


def entries_of(holder: dict[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    """Returns the outputs, dependencies or files that a part of a pointer lists.

    Raises:
        Refused: They are no list of mappings with paths.
    """
    found = holder.get(key) or []
    if isinstance(found, list) and all(map(_is_entry, found)):
        return found
    raise Refused(f"expected {key} in {file} to be a list of paths, found otherwise")


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(key, str) for key in value)
        and isinstance(value.get("path", ""), str)
    )


def mapping_of(value: Any, file: str) -> dict[str, Any]:
    """Returns a part of a pointer that must be a mapping.

    Raises:
        Refused: It is none.
    """
    if isinstance(value, dict):
        return value
    raise Refused(f"expected {file} to hold a mapping, found {type(value).__name__}")
