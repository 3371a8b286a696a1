"""Filing: which document belongs at which place of the ledger, and which of them may change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.approval import Approval
from ft_registry.model.baseline import Baseline
from ft_registry.model.document import Document
from ft_registry.model.evaluation import Correction, Evaluation
from ft_registry.model.home import Home
from ft_registry.model.proof import Proof
from ft_registry.model.record import VersionRecord
from ft_registry.model.registered import IdentityPointer, ModelDocument, PackageList
from ft_registry.model.snapshot import LateIndex, Snapshot
from ft_registry.model.standing import Standing
from ft_registry.model.tombstone import Tombstone
from ft_registry.model.verdict import Verdict


@dataclass(frozen=True)
class Filing:
    """The rule of one kind of document."""

    document: type[Document]
    place: Callable[[Any, str], str]
    """Returns where a document belongs, from what it says and the folder that it was found in."""
    is_immutable: bool = False
    """Whether it stays as it was written, for ever."""


_OF_MODELS = {
    "model.json": Filing(ModelDocument, lambda d, _: layout.model(d.name)),
    "versions": Filing(
        VersionRecord, lambda d, _: layout.version(d.model, d.version), is_immutable=True
    ),
    "identities": Filing(
        IdentityPointer, lambda d, model: layout.identity(model, d.identity), is_immutable=True
    ),
    "evaluations": Filing(
        # One of a baseline that lies here is misplaced: no version is called 0.
        Evaluation,
        lambda d, _: layout.evaluation(d.model, d.version or 0, d.id),
        is_immutable=True,
    ),
    "approvals": Filing(Approval, lambda d, _: layout.approval(d.model, d.version, d.id)),
    "baselines": Filing(
        Baseline, lambda d, _: layout.baseline(d.model, d.label), is_immutable=True
    ),
    "baseline-evaluations": Filing(
        Evaluation,
        lambda d, _: layout.baseline_evaluation(d.model, d.baseline, d.id),
        is_immutable=True,
    ),
    "corrections": Filing(
        Correction,
        lambda d, _: layout.correction(d.model, d.version or 0, d.evaluation),
        is_immutable=True,
    ),
    "baseline-corrections": Filing(
        Correction,
        lambda d, _: layout.baseline_correction(d.model, d.baseline, d.evaluation),
        is_immutable=True,
    ),
    "proofs": Filing(
        Proof, lambda d, _: layout.proof(d.model, d.version, d.digest[7:23]), is_immutable=True
    ),
    "verdicts": Filing(
        Verdict, lambda d, _: layout.verdict(d.model, d.version, d.id), is_immutable=True
    ),
    "standings": Filing(Standing, lambda d, _: layout.standing(d.model, d.version)),
    # One of a baseline that lies here is misplaced: no version is called 0.
    "homes": Filing(Home, lambda d, _: layout.home(d.model, d.version or 0)),
    "baseline-homes": Filing(Home, lambda d, _: layout.baseline_home(d.model, d.baseline)),
    "aliases": Filing(AliasState, lambda d, _: layout.alias(d.model, d.alias)),
}
_OF_OTHERS = {
    "data": Filing(
        Snapshot, lambda d, _: layout.snapshot(d.name, d.content.key), is_immutable=True
    ),
    layout.LATE_INDEXES: Filing(
        LateIndex, lambda d, _: layout.late_index(d.name, d.key), is_immutable=True
    ),
    layout.TOMBSTONES: Filing(Tombstone, lambda d, _: layout.tombstone(d.id), is_immutable=True),
    "environments": Filing(
        PackageList, lambda d, _: layout.environment(d.digest), is_immutable=True
    ),
}
_OF_VERSIONS = (
    "versions", "evaluations", "corrections", "approvals", "proofs", "standings", "homes",
    "verdicts",
)  # fmt: skip


def filing_of(path: str) -> Filing | None:
    """Returns the rule for what lies at a path; None: this program knows of none."""
    room, *rest = path.split("/")
    if room == "models":
        return _OF_MODELS.get(rest[1]) if len(rest) > 1 else None
    return _OF_OTHERS.get(room)


def model_of(path: str) -> str:
    """Returns the model that a path belongs to; empty: none."""
    parts = path.split("/")
    return parts[1] if parts[0] == "models" and len(parts) > 2 else ""


def version_of(path: str) -> str:
    """Returns the version that a path belongs to, ``name/7``; empty: none."""
    parts = path.split("/")
    if parts[0] != "models" or len(parts) < 5 or parts[2] not in _OF_VERSIONS:
        return ""
    return f"{parts[1]}/{parts[4].removesuffix('.json')}"
