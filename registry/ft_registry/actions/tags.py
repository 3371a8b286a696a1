"""The tags by which MLflow's search finds a version, and by which its pages sum it up."""

from ft_registry.actions.capture import Draft
from ft_registry.model.record import VersionRecord
from ft_registry.model.version_row import base_label, known

IDENTITY = "ftr.identity"
TRANSACTION = "ftr.txn"
RECORD = "ftr.record"


def version_tags(draft: Draft, *, transaction: str) -> dict[str, str]:
    """Returns the tags that a version is created with, all in one call.

    Args:
        draft: What is registered.
        transaction: A fresh word, by which a version is found again whose creation was not
            confirmed.
    """
    return {TRANSACTION: transaction, **_tags(draft, artifact=draft.digest)}


def record_tags(record: VersionRecord, digest: str) -> dict[str, str]:
    """Returns the tags that a version on record is to have, but for the transaction's.

    Args:
        record: The record.
        digest: Of the record as it is filed.
    """
    return {RECORD: digest, **_tags(record, artifact=record.artifact.digest)}


def _tags(made: Draft | VersionRecord, *, artifact: str) -> dict[str, str]:
    base = made.base.model_dump(mode="json")
    tags = {
        IDENTITY: made.identity,
        "ftr.kind": made.kind,
        "ftr.method": known(made.method),
        "ftr.artifact": artifact,
        "ftr.base": base_label(base),
        "ftr.config": made.config.digest,
        "ftr.commit": made.code.commit,
        "ftr.dirty": str(made.code.dirty).lower(),
    }
    if isinstance(base.get("digest"), str):
        tags["ftr.base.digest"] = base["digest"]
    for dataset in made.data:
        tags[f"ftr.data.{dataset.role}.{dataset.name}.dvc"] = dataset.key
        if isinstance(dataset.sha256, str):
            tags[f"ftr.data.{dataset.role}.{dataset.name}.sha256"] = dataset.sha256
    return tags
