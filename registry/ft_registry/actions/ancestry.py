"""Finds what a version was trained on, its ancestors included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ft_registry.actions.resolve import FiledRecord, read_record, require_model, resolve
from ft_registry.actions.snapshots import FoundSnapshot
from ft_registry.actions.verify_base import base_version
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound
from ft_registry.model.record import VersionBase
from ft_registry.model.reference import Reference, VersionReference
from ft_registry.model.snapshot import TRAINING_ROLES
from ft_registry.ports.ledger import Documents


def ancestors(ledger: Documents, reference: Reference) -> list[VersionReference]:
    """Returns a version and those that it was tuned from, the youngest first.

    Raises:
        NotFound: The reference names nothing, or one of them is gone.
        IntegrityError: One of them is another than the one that was tuned on; so is one at least
            wherever a chain leads in a circle.
    """
    ancestry = follow(ledger, read_record(ledger, resolve(ledger, reference)))
    if ancestry.end is not None:
        raise ancestry.end
    records = [stage.record for stage in ancestry.stages]
    return [VersionReference(record.model, record.version) for record in records]


@dataclass(frozen=True)
class Ancestry:
    """A version and those that it was tuned from, as far as they can be followed."""

    stages: tuple[FiledRecord, ...]
    """The youngest first."""
    end: FtRegistryError | None
    """Why the next one cannot be had; None: the last one was tuned from no version."""


def follow(ledger: Documents, filed: FiledRecord) -> Ancestry:
    """Returns what is behind a record. Each is held against the digest by which it was cited."""
    stages = [filed]
    while isinstance(stages[-1].record.base, VersionBase):
        try:
            stages.append(read_base(ledger, stages[-1]))
        except FtRegistryError as error:
            return Ancestry(tuple(stages), error)
        # Digests cannot lead in a circle: each record was there before it was cited.
    return Ancestry(tuple(stages), None)


def read_base(ledger: Documents, filed: FiledRecord) -> FiledRecord:
    """Returns the version that another was tuned from, as it was when that one was made.

    Raises:
        NotFound: It was tuned from no version, or that is gone.
        IntegrityError: Another record stands in its place.
    """
    base = filed.record.base
    version = base_version(base) if isinstance(base, VersionBase) else None
    if version is None or not isinstance(base, VersionBase):
        raise NotFound(f"expected a version as base of {filed.record.reference}, found none")
    require_model(ledger, version.model)
    above = read_record(ledger, version)
    if above.digest != base.record:
        raise IntegrityError(
            f"expected {version} with the record {base.record[:19]} that was tuned on, found "
            f"{above.digest[:19]}",
            hints=["ft-registry verify names all that was changed by hand"],
        )
    return above


def trained_on(
    ledger: Documents, reference: Reference, snapshots: Sequence[FoundSnapshot]
) -> list[FoundSnapshot]:
    """Returns the snapshots that a version and its ancestors were trained on.

    Raises:
        NotFound: The reference names nothing, or no snapshot of its data is on record.
    """
    versions = ancestors(ledger, reference)
    wanted = {
        data.key: data.path
        for version in versions
        for data in read_record(ledger, version).record.data
        if data.role in TRAINING_ROLES
    }
    found = [one for one in _newest(snapshots) if one.snapshot.content.key in wanted]
    missing = wanted.keys() - {one.snapshot.content.key for one in found}
    if missing:
        paths = ", ".join(sorted(wanted[md5] for md5 in missing))
        raise NotFound(
            f"expected snapshots of all that {reference} was trained on, found none of {paths}",
            hints=["ft-registry data snapshot PATH takes one of data that lies in the work tree"],
        )
    return found


def _newest(snapshots: Iterable[FoundSnapshot]) -> list[FoundSnapshot]:
    """Returns one snapshot for each content: several names may have the same bytes."""
    return list({one.snapshot.content.key: one for one in snapshots}.values())
