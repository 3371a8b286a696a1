"""Finds the base of a version: the weights it was tuned from."""

import re
from pathlib import Path

from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import InvalidInput, NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import manifest_digest
from ft_registry.model.record import FolderBase, HubBase, Kind, VersionBase
from ft_registry.model.reference import parse_reference
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.files import hash_folder
from ft_registry.readers.weights import read_config

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+|[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_HINTS = [
    "--base DIR for a local folder, --base ORG/MODEL@COMMIT for a hub, --base NAME/7 for a version "
    "of this registry",
]


def find_base(
    argument: str | None, *, kind: Kind, root: Path, top: Path, cwd: Path, ledger: Ledger
) -> FolderBase | HubBase | VersionBase | Unknown:
    """Returns the base that was named, or that the adapter's own configuration names.

    Args:
        argument: A folder, ``ID@REV`` of a hub, or a reference; None: not named.
        kind: An adapter must have a base; full weights may have none on record.
        root: The folder of the weights.
        top: The top level of the repository: folders are named from it.
        cwd: From where a relative folder counts.
        ledger: For references.

    Raises:
        Refused: An adapter's base is not known, or is a folder that is not there.
        NotFound: The reference names nothing.
        InvalidInput: The argument is malformed.
    """
    if argument is not None:
        return _named(argument, top=top, cwd=cwd, ledger=ledger)
    if kind != "adapter":
        return Unknown(unknown="no base was named: --base says it")
    config = read_config(root / "adapter_config.json")
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name:
        raise Refused(
            f"expected the base of the adapter, found none: adapter_config.json in {root} names no "
            "base_model_name_or_path",
            hints=_HINTS,
        )
    folder = next((place for place in (cwd / name, top / name) if place.is_dir()), None)
    if folder is not None:
        return _folder(folder, top)
    if Path(name).is_absolute() or not _HUB_ID.fullmatch(name) or name.startswith("."):
        raise Refused(
            f"expected the base {name!r} that adapter_config.json names, found no such folder",
            hints=_HINTS,
        )
    unpinned = Unknown(
        unknown="adapter_config.json names no revision; --base ID@COMMIT pins the base"
    )
    return _hub(name, revision if isinstance(revision, str) and revision else unpinned)


def _named(
    argument: str, *, top: Path, cwd: Path, ledger: Ledger
) -> FolderBase | HubBase | VersionBase:
    if not argument:
        raise InvalidInput("expected a base, found an empty text", hints=_HINTS)
    if (cwd / argument).is_dir():
        return _folder(cwd / argument, top)
    if (cwd / argument).exists() or argument.startswith(("/", "./", "../", "~")):
        raise NotFound(f"expected a folder of base weights, found none at {argument}", hints=_HINTS)
    name, at, revision = argument.partition("@")
    if at and _HUB_ID.fullmatch(name) and _COMMIT.fullmatch(revision):
        return _hub(name, revision)
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
            hints=_HINTS,
        ) from error
    version = resolve(ledger, reference)
    return VersionBase(version=str(version), record=read_record(ledger, version).digest)


def _hub(name: str, revision: str | Unknown) -> HubBase:
    return HubBase(
        id=name,
        revision=revision,
        digest=Unknown(unknown="the weights were not at hand; --base DIR hashes them"),
    )


def _folder(folder: Path, top: Path) -> FolderBase:
    resolved = folder.resolve()
    files = hash_folder(resolved, follow_links=True)
    if not any(entry.path.endswith((".safetensors", ".bin", ".gguf", ".pth")) for entry in files):
        raise Refused(
            f"expected a folder of base weights, found no weights in {folder}", hints=_HINTS
        )
    inside = resolved.is_relative_to(top)
    is_snapshot = resolved.parent.name == "snapshots" and _COMMIT.fullmatch(resolved.name)
    return FolderBase(
        id=resolved.relative_to(top).as_posix() if inside else resolved.name,
        # A hub's cache names the folder of a snapshot after the commit.
        revision=resolved.name
        if is_snapshot
        else Unknown(unknown="a folder has no revision; its digest names the weights"),
        digest=manifest_digest(files),
    )
