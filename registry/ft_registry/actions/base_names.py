"""Holds the base that a person names against what the files of the weights name themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

from ft_registry.actions.ancestry import follow
from ft_registry.actions.base import HUB_ID, BaseSources, FoundBase
from ft_registry.actions.known_base import KnownBase, bases_of, folder_digest
from ft_registry.actions.resolve import read_record, resolve
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import VersionBase
from ft_registry.model.reference import parse_reference
from ft_registry.readers.base_files import has_weights, hash_parts, weight_names
from ft_registry.readers.files import hash_folder
from ft_registry.readers.hub_cache import COMMIT, named_snapshot
from ft_registry.readers.named_base import NamedBase, TrainerClaim

_PACKED = re.compile(r"[-_.](unsloth|bnb|gptq|awq|gguf|fp8|int[48]|[48]bit)\b.*", re.IGNORECASE)
"""What is put behind a model's name when its weights are packed."""


def hold_name(
    found: FoundBase, named: NamedBase, claim: TrainerClaim | None, sources: BaseSources
) -> tuple[str, str]:
    """Returns what speaks for another base, and what nobody can tell, each in words or empty.

    Bytes decide where both are at hand; else commits and names do. A folder of another machine
    says nothing: where its name is another, the person is believed, and that is told.

    Args:
        found: The base.
        named: What adapter and card say.
        claim: What the trainer's own configuration says.
        sources: Where bases are looked for.

    Raises:
        Refused, IntegrityError: A folder that the files name cannot be read.
    """
    if not found.is_given:
        return "", ""
    shown = next(bases_of(found.base, sources.ledger)).shown
    untold = ""
    is_known = False
    for says, said, at in _sayings(named, claim):
        name, revision = named_snapshot(said) or (said, at)
        is_it, why = _is_given(said, name, revision, found, named, sources)
        if is_it is False:
            named_as = f"{name}@{revision}" if COMMIT.fullmatch(revision) else name
            return f"{says} the base {named_as!r}, where {shown} is given{why}", ""
        is_known = is_known or is_it is True
        untold = untold or f"{says} the base {name!r}: that it is {shown} is taken on your word"
    return "", "" if is_known else untold


def _sayings(named: NamedBase, claim: TrainerClaim | None) -> Iterator[tuple[str, str, str]]:
    """Yields who names a base, its name, and its revision: each name once."""
    if named.names:
        source = "adapter_config.json" if named.adapter else "README.md"
        yield f"{source} names", named.names[0], named.revision
    if claim is not None and claim.name not in named.names:
        yield f"the files of {claim.trainer} name", claim.name, claim.revision


def _is_given(
    said: str,
    name: str,
    revision: str,
    found: FoundBase,
    named: NamedBase,
    sources: BaseSources,
) -> tuple[bool | None, str]:
    """Returns whether a name is of what is given, and what shows that it is not.

    None: nobody can tell.
    """
    known = list(bases_of(found.base, sources.ledger))
    folder = sources.folder(said)
    if folder is not None and (answer := _holds(folder, found, known)) is not None:
        return answer, f": other weights lie in {folder}"
    if called := [one for one in known if one.may_be_called(name)]:
        return any(_may_be_at(one.revision, revision) for one in called), ""
    if (answer := _cached(name, revision, found, known, sources)) is not None:
        return answer, ""
    if named.card and any(one.may_be_called(named.card) for one in known):
        return True, ""
    if _is_further_down(name, found, known, sources):
        return False, ", which was tuned from it"
    is_hub_id = HUB_ID.fullmatch(name) is not None and "/" in name
    is_other = is_hub_id and found.is_of_hub and not _are_alike(name, known[0].called)
    return (False, "") if is_other else (None, "")


def _holds(folder: Path, found: FoundBase, known: list[KnownBase]) -> bool | None:
    """Returns whether a folder holds what is given; None: nobody can tell."""
    if found.folder is not None and folder.samefile(found.folder):
        return True
    if not has_weights(folder):
        return None
    files = hash_folder(folder.resolve(), follow_links=True)
    weights = _weights_of(files)
    hashes = {entry.sha256 for entry in weights}
    if not hashes:
        return None
    answers: list[bool | None] = []
    if found.weights:
        answers.append(hashes <= {entry.sha256 for entry in found.weights})
    for one in known:
        if one.files:
            answers.append(hashes <= {entry.sha256 for entry in one.files})
        elif one.weights:
            answers.append(manifest_digest(weights) == one.weights)
        elif one.digest:
            answers.append(folder_digest(folder) == one.digest)
        elif not found.weights:
            answers.append(None)
    return True if True in answers else None if None in answers else False


def _weights_of(files: tuple[FileEntry, ...]) -> tuple[FileEntry, ...]:
    chosen = set(weight_names(entry.path for entry in files))
    return tuple(entry for entry in files if entry.path in chosen)


def _may_be_at(known: str, said: str) -> bool:
    """Returns whether two commits may be one; branches and what is not known tell nothing."""
    are_commits = COMMIT.fullmatch(known) and COMMIT.fullmatch(said)
    return not are_commits or known.startswith(said) or said.startswith(known)


def _cached(
    id_: str, revision: str, found: FoundBase, known: list[KnownBase], sources: BaseSources
) -> bool | None:
    """Returns whether the cache of the hub has the same weights under a name; None: who knows."""
    snapshot = sources.snapshot(id_, revision or "main") if HUB_ID.fullmatch(id_) else None
    weights = hash_parts(snapshot.folder)[0] if snapshot is not None else ()
    if not weights:
        return None
    ours = {manifest_digest(found.weights)} if found.weights else set()
    ours |= {one.weights for one in known if one.weights}
    if manifest_digest(weights) in ours:
        return True
    # Where a branch was in training, its place today does not tell.
    return False if ours and COMMIT.fullmatch(revision) else None


def _is_further_down(
    name: str, found: FoundBase, known: list[KnownBase], sources: BaseSources
) -> bool:
    """Returns whether a name is of what the given version was tuned from, with all it learnt."""
    if not isinstance(found.base, VersionBase):
        return False
    version = resolve(sources.ledger, parse_reference(found.base.version))
    stages = follow(sources.ledger, read_record(sources.ledger, version)).stages
    below = [one for stage in stages for one in bases_of(stage.record.base, sources.ledger)]
    return any(one.may_be_called(name) for one in below if one not in known)


def _are_alike(one: str, other: str) -> bool:
    """Returns whether two ids of a hub may be of one model: a mirror, or its packed weights."""
    return _plain(one) == _plain(other)


def _plain(id_: str) -> str:
    return _PACKED.sub("", id_.rpartition("/")[2].casefold())
