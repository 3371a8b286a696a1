"""Finds the base of a version: the weights it was tuned from."""

import re
from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.ancestry import follow
from ft_registry.actions.known_base import is_folder
from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import InvalidInput, NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import (
    NOT_AT_HAND,
    Base,
    FolderBase,
    HubBase,
    Kind,
    Tokenizer,
    VersionBase,
)
from ft_registry.model.reference import parse_reference
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.base_files import (
    ENDINGS,
    check_links,
    has_weights,
    hash_parts,
    tokenizer_of,
    weight_names,
)
from ft_registry.readers.files import hash_folder
from ft_registry.readers.hub_cache import (
    COMMIT,
    Snapshot,
    find_snapshot,
    named_snapshot,
    snapshot_at,
)
from ft_registry.readers.named_base import NamedBase

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+|[A-Za-z0-9][\w.-]*")
HINTS = [
    "--base DIR for a local folder, --base ORG/MODEL@COMMIT for a hub, --base NAME/7 for a version "
    "of this registry",
]
UNPINNED = Unknown(unknown="adapter_config.json names no revision; --base ID@COMMIT pins the base")


@dataclass(frozen=True)
class BaseSources:
    """Where bases are looked for."""

    ledger: Ledger
    top: Path
    """The top level of the repository: folders are named from it."""
    cwd: Path
    """From where a relative folder counts."""
    hub_cache: Path | None
    """See `ft_registry.ports.context.Context.hub_cache`."""

    def folder(self, name: str) -> Path | None:
        """Returns the folder that a name is here, if there is one."""
        places = (self.cwd / name, self.top / name)
        return next((place for place in places if is_folder(place)), None)

    def snapshot(self, id_: str, revision: str) -> Snapshot | None:
        """Returns a hub's model as its cache holds it here, if it does."""
        return find_snapshot(self.hub_cache, id_, revision) if self.hub_cache else None


@dataclass(frozen=True)
class FoundBase:
    """A base, and what of it is at hand."""

    base: Base | Unknown
    is_given: bool
    """Whether a person named it; else the files beside the weights do."""
    folder: Path | None = None
    """Where its bytes lie here."""
    weights: tuple[FileEntry, ...] = ()
    """Those of the folder, just hashed."""
    notices: tuple[str, ...] = ()

    @property
    def is_of_hub(self) -> bool:
        """Whether it is named by the id that a hub gave it."""
        return isinstance(self.base, HubBase)

    @property
    def tokenizer(self) -> Tokenizer | None:
        """Of the folder."""
        return self.base.tokenizer if isinstance(self.base, HubBase | FolderBase) else None


def find_base(
    argument: str | None, named: NamedBase, *, kind: Kind, root: Path, sources: BaseSources
) -> FoundBase:
    """Returns the base that was named, or that the files of the weights name themselves.

    Args:
        argument: A folder, ``ID@REV`` of a hub, or a reference; None: not named.
        named: What the files say.
        kind: An adapter must have a base; full weights may have none on record.
        root: The folder of the weights.
        sources: Where to look.

    Raises:
        Refused: An adapter's base is not known, is a folder that is not there, or has links that
            lead out of it.
        NotFound: The reference names nothing, or something that it was tuned from is gone.
        IntegrityError: What it was tuned from is not what it cites; the bytes in the cache of a
            hub are not what they are called.
        InvalidInput: The argument is malformed.
    """
    if argument is not None:
        return _given(argument, sources)
    if not named.names:
        if kind != "adapter":
            return FoundBase(Unknown(unknown="no base was named: --base says it"), is_given=False)
        raise Refused(
            f"expected the base of the adapter, found none: adapter_config.json in {root} names no "
            "base_model_name_or_path",
            hints=HINTS,
        )
    for name in named.names:
        revision = named.revision if name == named.adapter else ""
        found = _named(name, revision, root, sources)
        if found is not None:
            return found
    if kind != "adapter":
        why = f"README.md names {named.card!r}, which is not here: --base says what it is"
        return FoundBase(Unknown(unknown=why), is_given=False)
    raise Refused(
        f"expected the base {named.names[0]!r} that adapter_config.json names, found no such "
        "folder",
        hints=HINTS,
    )


def _given(argument: str, sources: BaseSources) -> FoundBase:
    if not argument:
        raise InvalidInput("expected a base, found an empty text", hints=HINTS)
    place = sources.cwd / argument
    if place.is_dir():
        return _in_folder(place, sources, is_given=True)
    if place.exists() or argument.startswith(("/", "./", "../", "~")):
        raise NotFound(f"expected a folder of base weights, found none at {argument}", hints=HINTS)
    name, at, revision = argument.partition("@")
    if at and HUB_ID.fullmatch(name) and COMMIT.fullmatch(revision):
        return _at_commit(name, revision, sources, is_given=True)
    if at and "/" in name:
        raise InvalidInput(
            f"expected a commit after '@' in {argument!r}, found {revision!r}: branches move",
            hints=["the commit stands in the hub's history, and in the cache as the folder's name"],
        )
    try:
        reference = parse_reference(argument)
    except InvalidInput as error:
        raise Refused(
            f"expected a base that can be found, found {argument!r}: no folder, no hub id with a "
            "commit, no version",
            hints=HINTS,
        ) from error
    version = resolve(sources.ledger, reference)
    filed = read_record(sources.ledger, version)
    # Nothing is built on a chain that is broken, or leads in a circle.
    if (end := follow(sources.ledger, filed).end) is not None:
        raise end
    if (hosted := filed.record.artifact.hosted) is not None:
        raise Refused(
            f"expected a base whose weights one can have, found {version}, which {hosted.service} "
            f"keeps as {hosted.model}",
            hints=HINTS,
        )
    return FoundBase(VersionBase(version=str(version), record=filed.digest), is_given=True)


def _named(name: str, revision: str, root: Path, sources: BaseSources) -> FoundBase | None:
    """Returns the base that a file names; None: it is neither here nor on a hub."""
    folder = sources.folder(name)
    if folder is not None:
        return _in_folder(folder, sources, is_given=False)
    if snapshot := named_snapshot(name):
        return _at_commit(*snapshot, sources, is_given=False)
    if Path(name).is_absolute() or not HUB_ID.fullmatch(name):
        return None
    if COMMIT.fullmatch(revision):
        return _at_commit(name, revision, sources, is_given=False)
    return _on_branch(name, revision, root, sources)


def _on_branch(id_: str, branch: str, root: Path, sources: BaseSources) -> FoundBase:
    """Returns a base of which no file says at which commit it was taken.

    The cache says where a branch was when something was last fetched. Where it moved only after
    the weights were written, training may have begun at another commit.
    """
    unpinned = HubBase(id=id_, revision=branch or UNPINNED, digest=NOT_AT_HAND)
    snapshot = sources.snapshot(id_, branch or "main")
    if snapshot is None or snapshot.moved_ns is None:
        return FoundBase(unpinned, is_given=False)
    if snapshot.moved_ns > _written_ns(root):
        notice = (
            f"the cache of the hub has had {id_} at {snapshot.commit} only since the weights were "
            f"written: if they were tuned from that, --base {id_}@{snapshot.commit} says so"
        )
        return FoundBase(unpinned, is_given=False, notices=(notice,))
    how = f"the cache of the hub had it as {branch or 'main'} when the version was registered"
    return _in_cache(snapshot, is_given=False, pinned=how)


def _written_ns(root: Path) -> int:
    names = ("adapter_model.safetensors", "adapter_model.bin", "adapter_config.json", "config.json")
    place = next((root / name for name in names if (root / name).exists()), root)
    return place.stat().st_mtime_ns


def _at_commit(id_: str, revision: str, sources: BaseSources, *, is_given: bool) -> FoundBase:
    snapshot = sources.snapshot(id_, revision)
    if snapshot is None:
        return FoundBase(HubBase(id=id_, revision=revision, digest=NOT_AT_HAND), is_given)
    return _in_cache(snapshot, is_given=is_given)


def _in_cache(snapshot: Snapshot, *, is_given: bool, pinned: str = "") -> FoundBase:
    check_links(snapshot.folder, snapshot.home)
    weights, tokenizer = hash_parts(snapshot.folder)
    digest = manifest_digest(weights) if weights else _NOT_WHOLE
    base = HubBase(
        id=snapshot.id, revision=snapshot.commit, digest=digest, pinned=pinned, tokenizer=tokenizer
    )
    return FoundBase(base, is_given, snapshot.folder, weights)


_NOT_WHOLE = Unknown(unknown="the cache of the hub does not hold all of the weights")


def _in_folder(folder: Path, sources: BaseSources, *, is_given: bool) -> FoundBase:
    resolved = folder.resolve()
    if (resolved / "snapshots").is_dir() and (resolved / "refs").is_dir():
        raise Refused(
            f"expected a folder of base weights, found all commits of a model in {folder}",
            hints=[f"--base {folder}/snapshots/COMMIT names one of them"],
        )
    without = Refused(
        f"expected a folder of base weights, found no weights in {folder}", hints=HINTS
    )
    if not is_given and not has_weights(resolved):
        raise without
    snapshot = snapshot_at(resolved)
    if snapshot is not None:
        found = _in_cache(snapshot, is_given=is_given)
        if found.weights:
            return found
        raise Refused(
            f"expected a folder of base weights, found none or not all of them in {folder}",
            hints=["fetch the model anew: the hub's client brings what is missing", *HINTS],
        )
    check_links(resolved, resolved)
    files = hash_folder(resolved, follow_links=True)
    if not any(entry.path.endswith(ENDINGS) for entry in files):
        raise without
    chosen = set(weight_names(entry.path for entry in files))
    weights = tuple(entry for entry in files if entry.path in chosen)
    inside = resolved.is_relative_to(sources.top)
    is_snapshot = resolved.parent.name == "snapshots" and COMMIT.fullmatch(resolved.name)
    base = FolderBase(
        id=resolved.relative_to(sources.top).as_posix() if inside else resolved.name,
        # A hub's cache names the folder of a snapshot after the commit.
        revision=resolved.name
        if is_snapshot
        else Unknown(unknown="a folder has no revision; its digest names the weights"),
        digest=manifest_digest(files),
        weights=manifest_digest(weights) if weights else None,
        tokenizer=tokenizer_of(resolved, files),
    )
    return FoundBase(base, is_given, resolved, weights)
