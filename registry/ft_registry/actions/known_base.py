"""What is known of weights that something stands on: names, commits, digests, files."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.homes import home_of
from ft_registry.actions.resolve import FiledRecord, read_record
from ft_registry.actions.verify_base import base_version
from ft_registry.model.document import Unknown
from ft_registry.model.home import Home
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import Base, FolderBase, HostedBase, VersionBase
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.contents import is_model_file
from ft_registry.readers.files import hash_folder

_WEIGHTS = ((".safetensors", ".gguf"), (".bin", ".pth", ".pt"))
"""Endings of weights: if there are some of the first, the second are copies, or no weights."""


@dataclass(frozen=True)
class KnownBase:
    """Weights that something stands on, as far as they are known."""

    called: str
    revision: str = ""
    """A commit, or what else a hub calls a state; empty: not known."""
    names: frozenset[str] = frozenset()
    """What else it is called."""
    digest: str = ""
    """Of the manifest of a folder; empty: not known."""
    weights: str = ""
    """Of the manifest of its weights alone; empty: not known."""
    files: tuple[FileEntry, ...] = ()
    """Those of a version."""
    root: Path | None = None
    """Of a folder that nobody has read: where it is."""

    @property
    def shown(self) -> str:
        """What people are told."""
        at = self.revision not in ("", self.called)
        return f"{self.called}@{self.revision}" if at else self.called

    def may_be_called(self, name: str) -> bool:
        """Returns whether a name may be its; of a snapshot in a cache only the commit is known."""
        return self.called == self.revision or any(
            is_same(name, one) for one in (self.called, *self.names)
        )

    def may_be_in(self, folder: Path) -> bool:
        """Returns whether a folder may hold it: whether it does, where its bytes are known."""
        if self.files:
            return are_weights_of(hash_folder(folder.resolve(), follow_links=True), self.files)
        if self.root is not None and folder.samefile(self.root):
            return True
        known = self.digest or (folder_digest(self.root) if self.root is not None else "")
        return not known or known == folder_digest(folder)


def are_weights_of(found: Iterable[FileEntry], ours: Iterable[FileEntry]) -> bool:
    """Returns whether the weights among some files are among others.

    What a trainer left to resume from is none; where there are safetensors, pickles are none.
    """
    files = [entry for entry in found if is_model_file(entry.path)]
    known = {entry.sha256 for entry in ours}
    for endings in _WEIGHTS:
        if there := {entry.sha256 for entry in files if entry.path.endswith(endings)}:
            return there <= known
    return False


def folder_digest(folder: Path) -> str:
    """Returns the digest of all that lies in a folder, links to files followed."""
    return manifest_digest(hash_folder(folder.resolve(), follow_links=True))


def is_folder(path: Path) -> bool:
    """Returns whether there is a folder, whatever stands in the path."""
    return os.path.isdir(path)  # noqa: PTH112 - pathlib's raises at what can be no path


def is_same(one: str, other: str) -> bool:
    """Returns whether two names may be of one model.

    Evaluators put before a model's name by which way it is asked: ``hf/org/model``,
    ``openai:chat:gpt-4o``. What is before the last part must be in both, as far as both have it.
    """
    short, long = sorted((_parts(one), _parts(other)), key=len)
    if short[-1:] != long[-1:]:
        return False
    rest = iter(long)
    return all(part in rest for part in short)


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[/:]", name.casefold()) if part]


def names_of(filed: FiledRecord, home: Home) -> Iterator[str]:
    """Yields what a version is called, here and in MLflow."""
    record = filed.record
    yield from (record.model, record.reference, filed.digest)
    for uri in (record.artifact.uri, home.uri, home.location, record.artifact.location):
        yield uri.removeprefix("models:/")
    yield from (record.run.run_id, home.run_id, home.logged_model_id)


def bases_of(base: Base | Unknown, ledger: Ledger) -> Iterator[KnownBase]:
    """Yields what weights stand on: below an adapter, what that one stands on as well."""
    while isinstance(base, VersionBase):
        version = base_version(base)
        if version is None:
            return
        filed = read_record(ledger, version)
        names = frozenset(names_of(filed, home_of(ledger, filed))) - {"", filed.record.model}
        yield KnownBase(base.version, names=names, files=filed.record.artifact.files)
        if filed.record.kind != "adapter":
            return
        base = filed.record.base
    if isinstance(base, Unknown):
        return
    if isinstance(base, HostedBase):
        yield KnownBase(base.id)
        return
    revision = base.revision if isinstance(base.revision, str) else ""
    if isinstance(base, FolderBase):
        yield KnownBase(base.id, revision, digest=base.digest, weights=base.weights or "")
    else:
        weights = base.digest if isinstance(base.digest, str) else ""
        yield KnownBase(base.id, revision, weights=weights)
