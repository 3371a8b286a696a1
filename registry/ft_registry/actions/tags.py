"""The tags by which MLflow's search finds a version, and by which its pages sum it up."""

from ft_registry.actions.capture import Draft
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
    base = draft.base.model_dump(mode="json")
    tags = {
        IDENTITY: draft.identity,
        TRANSACTION: transaction,
        "ftr.kind": draft.kind,
        "ftr.method": known(draft.method),
        "ftr.artifact": draft.digest,
        "ftr.base": base_label(base),
        "ftr.config": draft.config.digest,
        "ftr.commit": draft.code.commit,
        "ftr.dirty": str(draft.code.dirty).lower(),
    }
    if isinstance(base.get("digest"), str):
        tags["ftr.base.digest"] = base["digest"]
    for dataset in draft.data:
        tags[f"ftr.data.{dataset.role}.{dataset.name}.dvc"] = dataset.dvc.md5
        tags[f"ftr.data.{dataset.role}.{dataset.name}.sha256"] = dataset.sha256
    return tags
