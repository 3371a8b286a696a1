"""Looks whether the store of models still has the versions themselves, under their numbers."""

from collections.abc import Sequence

from ft_registry.errors import BackendUnavailable
from ft_registry.model.record import VersionRecord
from ft_registry.model.shown import ShownModel
from ft_registry.model.verification import Finding, Verification
from ft_registry.ports.models import StoreView


def look_at_versions(view: StoreView, records: Sequence[VersionRecord]) -> Verification:
    """Returns a finding for each version that the store does not show as recorded.

    It is no damage: the bytes are judged by themselves, and `sync` makes such a version again. But
    nobody can load it by its number, so that `promote` and `rollback` refuse to go there.

    Args:
        view: What the store shows.
        records: The versions.
    """
    try:
        shown = view.shown(sorted({record.model for record in records}))
    except BackendUnavailable as error:
        return Verification(notes=(f"could not look at MLflow's versions: {error.message}",))
    found = [(record, _fault(record, shown.get(record.model))) for record in records]
    return Verification(
        tuple(
            Finding("version", record.reference, "unknown", record.reference, "", found=fault)
            for record, fault in found
            if fault
        )
    )


def _fault(record: VersionRecord, shown: ShownModel | None) -> str:
    version = shown.versions.get(record.version) if shown else None
    if version is None or version.deleted:
        return "not in MLflow: ft-registry sync --restore makes it again"
    if version.identity != record.identity:
        return "MLflow has another version of that number: ft-registry status"
    return ""
