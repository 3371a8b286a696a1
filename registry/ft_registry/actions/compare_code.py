"""Compares the code of two versions as it ran: commits, and what was not committed."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ft_registry.errors import Refused
from ft_registry.model.record import VersionRecord
from ft_registry.ports.code import CodeRepository
from ft_registry.readers.yaml_file import parse_yaml

_FILE = re.compile(rb'^diff --git (?:"a/(.*?)"|a/(.*?)) (?:"b/.*"|b/.*)$', re.MULTILINE)
_INDEX = re.compile(rb"^index [0-9a-f]+\.\.([0-9a-f]+)", re.MULTILINE)
_LOCK = "dvc.lock"
_NONE = "0" * 40


@dataclass(frozen=True)
class CodeDiff:
    """How the code of one version became another's."""

    commits: tuple[tuple[str, str], ...]
    """Id and subject, the newest first."""
    back: int
    """Commits that lead to the older version alone."""
    files: tuple[tuple[str, str], ...]
    """How (``A``, ``M``, ``D``) and which: the files that really differ, patches applied."""
    uncommitted: frozenset[str]
    """Those of them that a patch touches, of either side."""
    made: tuple[str, ...]
    """Files that differ too and that DVC or a stage of its pipeline writes."""
    notes: tuple[str, ...]
    """What could not be looked at."""


def compare_code(
    old: VersionRecord,
    new: VersionRecord,
    patches: Mapping[str, bytes | str],
    code: CodeRepository,
) -> CodeDiff | None:
    """Returns what differs in the code that two versions were made with.

    A file counts by its content: one that was not committed at first and was later is the same.

    Args:
        old: The record before.
        new: The record after.
        patches: By the version's reference, its uncommitted changes; text says why they are not at
            hand; without an entry it had none.
        code: Has the commits.

    Returns:
        None: a commit is not at hand.
    """
    between = code.between(old.code.commit, new.code.commit)
    if between is None:
        return None
    sides = [_Side.of(record, patches.get(record.reference, b"")) for record in (old, new)]
    before, after = sides
    names = {path for _, path in between.files} | before.patched.keys() | after.patched.keys()
    made_by = {*_outputs(before, code), *_outputs(after, code)}
    files, made = [], []
    for path in sorted(names):
        one, other = before.blob(path, code), after.blob(path, code)
        if one == other:
            continue
        how = "A" if one is None else "D" if other is None else "M"
        if _is_made(path, made_by):
            made.append(path)
        else:
            files.append((how, path))
    touched = before.patched.keys() | after.patched.keys()
    return CodeDiff(
        commits=between.commits,
        back=between.back,
        files=tuple(files),
        uncommitted=frozenset(path for _, path in files if path in touched),
        made=tuple(made),
        notes=tuple(note for side in sides for note in side.notes),
    )


@dataclass(frozen=True)
class _Side:
    commit: str
    patched: Mapping[str, str | None]
    """The blob that a patch makes of a file; None: it deletes it."""
    notes: tuple[str, ...]

    @classmethod
    def of(cls, record: VersionRecord, patch: bytes | str) -> "_Side":
        if isinstance(patch, str):
            note = f"what {record.reference} had not committed cannot be read: {patch}"
            return cls(record.code.commit, {}, (note,))
        return cls(record.code.commit, dict(_patched(patch)), ())

    def blob(self, path: str, code: CodeRepository) -> str | None:
        """Returns the git name of a file's content as it ran; None: there was no such file."""
        if path in self.patched:
            return self.patched[path]
        content = code.read(path, rev=self.commit)
        if content is None:
            return None
        raw = b"blob %d\0%b" % (len(content), content)
        return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def _patched(patch: bytes) -> Iterator[tuple[str, str | None]]:
    found = list(_FILE.finditer(patch))
    for place, one in enumerate(found):
        stop = found[place + 1].start() if place + 1 < len(found) else len(patch)
        index = _INDEX.search(patch, one.end(), stop)
        name = (one[1] or one[2]).decode(errors="backslashreplace")
        if index is not None:  # else only its mode changed
            blob = index[1].decode()
            yield name, None if blob == _NONE[: len(blob)] else blob


def _outputs(side: _Side, code: CodeRepository) -> Iterator[str]:
    """Yields the paths that the pipeline at a commit writes."""
    content = code.read(_LOCK, rev=side.commit)
    if content is None:
        return
    try:
        lock = parse_yaml(content, what=_LOCK)
    except Refused:
        return  # of a merge that went wrong, say: what it would have named is told as code
    stages = lock.get("stages") if isinstance(lock, dict) else None
    for stage in stages.values() if isinstance(stages, dict) else ():
        outs = stage.get("outs") if isinstance(stage, dict) else None
        for out in outs if isinstance(outs, list) else ():
            if isinstance(out, dict) and isinstance(out.get("path"), str):
                yield out["path"]


def _is_made(path: str, made_by: set[str]) -> bool:
    if path.endswith(".dvc") or path.rpartition("/")[2] in (_LOCK, ".gitignore"):
        return True
    return path in made_by or any(path.startswith(f"{folder}/") for folder in made_by)
