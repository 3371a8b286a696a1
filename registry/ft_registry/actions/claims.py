"""Holds what an evaluator's file says of its model against the version that it is added to."""

from collections.abc import Iterator
from pathlib import Path

from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import FtRegistryError
from ft_registry.evaluations.measurement import Claim
from ft_registry.model.home import Home
from ft_registry.model.record import VersionBase, VersionRecord
from ft_registry.readers.files import hash_folder

_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pth", ".pt")


def doubt(claim: Claim, filed: FiledRecord, home: Home, *, cwd: Path) -> str:
    """Returns what in a claim speaks for another model, in words; empty: nothing does.

    A digest decides, and so does a folder that is still there: its weights are hashed. A name is
    held against what the version is called here, in MLflow and by its base.

    Args:
        claim: What the file says.
        filed: The version's record.
        home: Where its bytes lie.
        cwd: What relative paths in the file start from.
    """
    record = filed.record
    known = {filed.digest, record.artifact.digest, record.identity}
    known |= {f"sha256:{entry.sha256}" for entry in record.artifact.files}
    digests = [one for one in claim.digests if one.startswith("sha256:")]
    foreign = [one for one in digests if one not in known]
    if foreign:
        return f"weights of {foreign[0][:19]}, which are none of {record.reference}"
    measured = claim.adapter or claim.name
    if digests or not measured:
        return ""
    folder = cwd / measured
    if folder.is_dir():
        return _other_bytes(folder, measured, record)
    if measured.removeprefix("models:/") in set(_names(filed, home)):
        return ""
    if record.kind == "adapter" and measured == _base(record):
        return f"the base {measured!r} without an adapter"
    return f"a model called {measured!r}, which is no name of {record.reference}"


def _other_bytes(folder: Path, called: str, record: VersionRecord) -> str:
    try:
        found = hash_folder(folder, follow_links=True)
    except FtRegistryError as error:
        return f"a model at {called}, which cannot be read: {error.message}"
    there = {entry.sha256 for entry in found if entry.path.endswith(_WEIGHTS)}
    ours = {entry.sha256 for entry in record.artifact.files if entry.path.endswith(_WEIGHTS)}
    if there and there <= ours:
        return ""
    return f"a model at {called}, whose weights are other bytes than those of {record.reference}"


def _names(filed: FiledRecord, home: Home) -> Iterator[str]:
    record = filed.record
    yield from (record.model, record.reference, filed.digest)
    for uri in (record.artifact.uri, home.uri, home.location, record.artifact.location):
        yield uri.removeprefix("models:/")
    yield from (record.run.run_id, home.run_id, home.logged_model_id)
    if record.kind != "adapter" and (base := _base(record)):
        yield base


def _base(record: VersionRecord) -> str:
    if isinstance(record.base, VersionBase):
        return record.base.version
    return getattr(record.base, "id", "")
