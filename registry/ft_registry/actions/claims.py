"""Holds what an evaluator's file says of its model against what its scores are to be of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.capture import Draft
from ft_registry.actions.evaluations import Evidence
from ft_registry.actions.homes import home_of
from ft_registry.actions.known_base import (
    KnownBase,
    are_weights_of,
    bases_of,
    folder_digest,
    is_folder,
    is_same,
    names_of,
)
from ft_registry.actions.resolve import FiledRecord, read_record
from ft_registry.errors import FtRegistryError, Refused
from ft_registry.evaluations.measurement import Claim
from ft_registry.model.manifest import FileEntry
from ft_registry.model.reference import VersionReference
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.files import hash_folder

_SHAPES = ("adapter_config.json", "config.json")
"""What decides beside the weights how they act."""
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_CACHED = re.compile(r".*/models--([^/]+)/snapshots/([0-9a-f]{7,64})/?")
"""A snapshot in the cache of a hub, which names its folders after model and commit."""
_WAY = re.compile(r"(python|exec|javascript|golang|ruby|package|file|https?|wss?|webhook):")
"""How promptfoo asks through a program or an address: that names no model."""


@dataclass(frozen=True)
class Measured:
    """What scores are to be of."""

    called: str
    is_adapter: bool
    names: frozenset[str]
    """What it is called here and in MLflow."""
    digests: frozenset[str]
    files: tuple[FileEntry, ...]
    bases: tuple[KnownBase, ...]
    """What an adapter is loaded upon, a chain from its end; what a baseline asks."""
    root: Path | None = None
    """The folder whose bytes have just been read."""
    hosted: str = ""
    """What the service that keeps it is asked for; evaluators put before it how they ask."""
    is_tuned: bool = True
    """False: a baseline, which is its base."""


def of_version(filed: FiledRecord, ledger: Ledger) -> Measured:
    """Returns a version on record as what scores are of."""
    record = filed.record
    known = {filed.digest, record.artifact.digest, record.identity}
    return Measured(
        called=record.reference,
        is_adapter=record.kind == "adapter",
        names=frozenset(names_of(filed, home_of(ledger, filed))),
        digests=frozenset(known | {f"sha256:{entry.sha256}" for entry in record.artifact.files}),
        files=record.artifact.files,
        bases=tuple(bases_of(record.base, ledger)),
        hosted=record.artifact.hosted.model if record.artifact.hosted else "",
    )


def of_draft(draft: Draft, ledger: Ledger, *, known: VersionReference | None) -> Measured:
    """Returns what is to be registered as what scores are of.

    Args:
        draft: What is to be registered.
        ledger: Has the versions that it may stand on.
        known: The version that it is already; None: it has no number yet.
    """
    if known is not None:
        return replace(of_version(read_record(ledger, known), ledger), root=draft.root)
    digests = {draft.digest, draft.identity}
    return Measured(
        called=f"the {'job' if draft.hosted else 'weights'} in {draft.root.name}",
        is_adapter=draft.kind == "adapter",
        names=frozenset({draft.model}),
        digests=frozenset(digests | {f"sha256:{entry.sha256}" for entry in draft.files}),
        files=draft.files,
        bases=tuple(bases_of(draft.base, ledger)),
        root=draft.root,
        hosted=draft.hosted.model if draft.hosted else "",
    )


def of_baseline(reference: str, base: str, *, cwd: Path) -> Measured:
    """Returns a baseline as what scores are of.

    Args:
        reference: What it is called.
        base: The model that it asks.
        cwd: What a relative folder starts from.
    """
    name, _, revision = base.partition("@")
    root = cwd / base if is_folder(cwd / base) else None
    known = KnownBase(base, root=root) if root is not None else KnownBase(name, revision)
    return Measured(
        called=reference, is_adapter=False, names=frozenset({reference}), digests=frozenset(),
        files=(), bases=(known,), is_tuned=False,
    )  # fmt: skip


def accept(evidence: Evidence, of: Measured, *, trust: bool, cwd: Path) -> Evidence:
    """Returns scores that may be put on record as those of something.

    Args:
        evidence: The scores.
        of: What they are to be of.
        trust: Take them even if the files speak of another model; they say so for ever.
        cwd: What relative paths in the files start from.

    Raises:
        Refused: The files speak of another model.
    """
    found = doubt(evidence.measurement.claim, of, cwd=cwd)
    if found and not trust:
        raise Refused(
            f"expected scores of {of.called}, found in those of {evidence.suite} {found}",
            hints=[
                "add them to the version that they are of: ft-registry list shows them"
                if of.is_tuned
                else "--base names the model as the evaluator does",
                f"--trust takes them for those of {of.called}; that stays on record",
            ],
        )
    return replace(evidence, trusted=found)


def names_model(claim: Claim) -> bool:
    """Returns whether a file says anything of the model that was measured."""
    return bool(_name(claim) or claim.adapter or claim.digests)


def doubt(claim: Claim, of: Measured, *, cwd: Path) -> str:
    """Returns what in a claim speaks for another model, in words; empty: nothing does.

    A digest decides, and so does a folder that is still there: its files are hashed. A name is
    held against what the thing is called, what its base is called against its base. Of what an
    adapter was loaded upon, and of an adapter's commit, only what the file says can be held.
    """
    name, adapter = _name(claim), claim.adapter
    digests = [one for one in claim.digests if one.startswith("sha256:")]
    foreign = [one for one in digests if one not in of.digests]
    if foreign and of.digests:
        return f"weights of {foreign[0][:19]}, which are none of {of.called}"
    if adapter and not of.is_adapter:
        return f"an adapter {adapter!r}" + (f" on {name!r}" if name not in ("", adapter) else "")
    if not of.is_tuned:
        return "" if not name or name in of.names else _other_base(name, claim, of, cwd)
    measured = adapter or name
    if measured and not digests and (found := _other_model(measured, of, cwd)):
        return found
    if adapter and name not in ("", adapter, *of.names):
        return _other_base(name, claim, of, cwd)
    return ""


def _name(claim: Claim) -> str:
    return "" if _WAY.match(claim.name) else claim.name


def _other_model(measured: str, of: Measured, cwd: Path) -> str:
    folder = cwd / measured
    if is_folder(folder):
        found = _other_bytes(folder, measured, of)
    elif measured.removeprefix("models:/") in of.names or (
        of.hosted and is_same(measured, of.hosted)
    ):
        found = ""
    else:
        found = f"a model called {measured!r}, which is no name of {of.called}"
    if found and any(base.may_be_called(measured) for base in of.bases):
        if of.is_adapter:
            return f"the base {measured!r} without an adapter"
        return f"the base {measured!r}, which {of.called} was tuned from"
    return found


def _other_bytes(folder: Path, called: str, of: Measured) -> str:
    if of.root is not None and folder.resolve() == of.root.resolve():
        return ""
    try:
        found = hash_folder(folder, follow_links=True)
    except FtRegistryError as error:
        return f"a model at {called}, which cannot be read: {error.message}"
    if not are_weights_of(found, of.files):
        return f"a model at {called}, whose weights are other bytes than those of {of.called}"
    shapes = {entry.path: entry.sha256 for entry in of.files if entry.path in _SHAPES}
    for entry in found:
        if shapes.get(entry.path, entry.sha256) != entry.sha256:
            return (
                f"a model at {called}, whose {entry.path} is another than that of {of.called} "
                f"(sha256 {entry.sha256[:12]}, on record {shapes[entry.path][:12]})"
            )
    return ""


def _other_base(name: str, claim: Claim, of: Measured, cwd: Path) -> str:
    """Returns what speaks for another base; empty as well where nobody can tell."""
    cached = _CACHED.fullmatch(name)
    said, shown = claim.revision, name
    commits = [one for one in (claim.revision, *claim.digests) if _is_commit(one)]
    if cached:
        said, shown = cached[2], cached[1].replace("--", "/")
        commits = [said]
    elif is_folder(cwd / name):
        return _other_base_bytes(cwd / name, name, of)
    elif name.startswith(("/", "./", "../", "~")):
        return ""
    named = [base for base in of.bases if base.may_be_called(shown)]
    if not named and of.bases:
        return f"the base {shown!r}, where {of.called} has {_bases_of(of)}"
    if named and not any(_may_be(base.revision, said, commits) for base in named):
        return f"the base {shown}@{(commits or [said])[0]}, where {of.called} has {_bases_of(of)}"
    return ""


def _other_base_bytes(folder: Path, called: str, of: Measured) -> str:
    try:
        if not of.bases or any(base.may_be_in(folder) for base in of.bases):
            return ""
        found = folder_digest(folder)
    except FtRegistryError as error:
        return f"a base at {called}, which cannot be read: {error.message}"
    return f"a base at {called} of {found[:19]}, where {of.called} has {_bases_of(of)}"


def _bases_of(of: Measured) -> str:
    return " on ".join(
        f"{base.shown} of {base.digest[:19]}" if base.digest else base.shown for base in of.bases
    )


def _is_commit(text: str) -> bool:
    return _COMMIT.fullmatch(text) is not None


def _may_be(known: str, said: str, commits: Iterable[str]) -> bool:
    """Returns whether a revision on record may be the one that a file states."""
    if not known:
        return True
    if _is_commit(known):
        given = list(commits)
        return not given or any(one.startswith(known) or known.startswith(one) for one in given)
    return said in ("", known) or _is_commit(said)
