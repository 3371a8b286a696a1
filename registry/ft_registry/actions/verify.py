"""Verifies versions: the bytes of the weights, what was kept beside them, base and data.

What must be there stands in the ledger; every place where it should be is looked at. Nothing is
believed by time, mode or name.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.actions.contenders import read_baseline
from ft_registry.actions.events import require_ledger
from ft_registry.actions.holdings import BaselineHolding, Holdings
from ft_registry.actions.resolve import read_record, require_model
from ft_registry.actions.verify_base import BaseLook, base_version
from ft_registry.actions.verify_data import DataLook
from ft_registry.actions.verify_index import IndexLook
from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.actions.verify_shown import look_at_versions
from ft_registry.actions.verify_weights import Progress, WeightsLook
from ft_registry.errors import BackendUnavailable, IntegrityError
from ft_registry.model import layout
from ft_registry.model.record import VersionBase, VersionRecord
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.model.verification import Depth, Finding, Verification
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import StoreView

if TYPE_CHECKING:
    from ft_registry.ports.example_index import IndexFiles

_SHOWN = 3
"""Findings that an error names; `verify` shows all of them."""
_ELSEWHERE = "base"
"""A base in a folder of the work tree, which goes on to other bases: what a version is loaded upon
lies elsewhere. `verify` tells that it differs; it keeps no version from serving."""


@dataclass(frozen=True)
class Evidence:
    """Everything that verification looks at."""

    ledger: Ledger
    artifacts: ArtifactStore
    data: DataStore
    cache: ByteCache
    top: Path
    """The top level of the work tree: a base in a folder is named from it."""
    indexes: "Callable[[], IndexFiles]"
    """Copies of the indexes of examples; made when there is one on record."""


def verify_version(
    version: VersionReference,
    evidence: Evidence,
    *,
    depth: Depth,
    to_serve: bool = False,
    view: StoreView | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Looks at all that a version is made of, and at the versions that it was tuned from.

    Args:
        version: Which.
        evidence: Where to look.
        depth: How closely.
        to_serve: Leave aside what nobody needs to load a version or make it again: the indexes of
            examples, which are derived from the data.
        view: Tells whether the store still has the version itself; None: that is not asked.
        progress: Is told how many bytes of weights were read, and how many there are.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: There is no such version.
    """
    ledger = evidence.ledger
    holdings = Holdings(ledger, require_ledger(ledger))
    require_model(ledger, version.model)
    if holdings.record(version) is None:
        read_record(ledger, version)  # tells which there are
    return _verify(
        [version], holdings, evidence, depth=depth, to_serve=to_serve, view=view, progress=progress
    )


def verify_baseline(
    reference: BaselineReference,
    evidence: Evidence,
    *,
    depth: Depth,
    progress: Progress | None = None,
) -> Verification:
    """Looks at what the store keeps of a baseline: its file, and the items of its evaluations.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: There is no such baseline.
        IntegrityError: Its document is damaged.
    """
    ledger = evidence.ledger
    holdings = Holdings(ledger, require_ledger(ledger))
    read_baseline(ledger, reference)
    look = WeightsLook(evidence.artifacts, evidence.cache, depth)
    look.add_baseline(holdings.baseline(reference))
    return look.finish(progress)


def verify_all(
    evidence: Evidence,
    *,
    depth: Depth,
    view: StoreView | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Looks at every version and baseline, and at the ledger itself; see `verify_version`.

    Left out are versions that were taken out of MLflow on purpose: nothing of them is expected.

    Raises:
        NotARegistry: There is no ledger here.
    """
    ledger = evidence.ledger
    holdings = Holdings(ledger, require_ledger(ledger))
    every = list(holdings.all())
    kept = [version for version in every if not holdings.is_given_up(version)]
    found = _verify(
        kept, holdings, evidence, depth=depth, view=view, progress=progress,
        baselines=holdings.baselines(),
    )  # fmt: skip
    audited = verify_ledger(ledger, depth=depth)
    # What cannot be read is told by those who looked at all of the ledger, if they saw it.
    told = {finding.subject for finding in audited.damage if finding.kind == "document"}
    mine = tuple(f for f in found.findings if f.kind != "document" or f.subject not in told)
    ranks = {str(version): rank for rank, version in enumerate(kept)}
    given_up = [str(version) for version in every if version not in kept]
    notes = [f"{name} was deleted on purpose: not looked at" for name in given_up[:_SHOWN]]
    if len(given_up) > _SHOWN:
        notes.append(f"{len(given_up) - _SHOWN} more versions were deleted on purpose")
    return Verification(
        _sorted((*mine, *audited.findings), ranks), (*found.notes, *audited.notes, *notes)
    )


def require_intact(
    version: VersionReference,
    evidence: Evidence,
    *,
    override_data: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Reads every byte of a version, and lets nobody rely on it unless all are as recorded.

    Args:
        version: Which.
        evidence: Where to look.
        override_data: A person takes it upon them that data is damaged or lost: without it a
            version loads, but is not made again. It stays among the findings.
        progress: See `verify_version`.

    Raises:
        NotFound: There is no such version.
        IntegrityError: Something is damaged or lost; it says what, and where it was last seen.
        BackendUnavailable: A store did not answer, so that nothing can be said.
    """
    found = verify_version(version, evidence, depth="full", to_serve=True, progress=progress)
    judge(version, found, override_data=override_data)
    return found


def judge(version: VersionReference, found: Verification, *, override_data: bool) -> None:
    """Raises unless a version may be relied on after what was found; see `require_intact`."""
    passing = (_ELSEWHERE, "data") if override_data else (_ELSEWHERE,)
    damage = [finding for finding in found.damage if finding.kind not in passing]
    if damage:
        raise IntegrityError(
            f"expected {version} byte for byte as it was recorded, found {_first(damage)}",
            hints=[
                f"ft-registry verify {version} --full shows all that was found",
                f"ft-registry list {version.model} shows the other versions",
                *_way_out(damage, version),
            ],
        )
    # A version loads without its data, which may lie where this machine must not look: that nobody
    # answers for it is told, and keeps no version from serving.
    unread = [finding for finding in found.undecided if finding.kind != "data"]
    if unread:
        raise BackendUnavailable(
            f"expected to read every byte of {version}, found {_first(unread)}",
            hints=[f"run it again when the store answers; ft-registry verify {version} --full"],
        )


def _way_out(damage: Sequence[Finding], version: VersionReference) -> list[str]:
    kinds = {finding.kind for finding in damage}
    hints = []
    if kinds == {"data"}:
        hints.append("--override data moves all the same: its weights are whole, it loads")
    elif "data" in kinds:
        hints.append("--override data lets damaged data pass, not weights")
    if kinds & {"artifact", "attachment", "loader", "data"}:
        hints.append(f"ft-registry verify {version} --heal puts good copies back")
    return hints


def _first(findings: Sequence[Finding]) -> str:
    more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return "; ".join(finding.as_text() for finding in findings[:_SHOWN]) + more


def _verify(
    versions: Iterable[VersionReference],
    holdings: Holdings,
    evidence: Evidence,
    *,
    depth: Depth,
    to_serve: bool = False,
    view: StoreView | None,
    progress: Progress | None,
    baselines: Sequence[BaselineHolding] = (),
) -> Verification:
    weights = WeightsLook(evidence.artifacts, evidence.cache, depth)
    for baseline in baselines:
        weights.add_baseline(baseline)
    bases = BaseLook(holdings, evidence.top, depth)
    data = DataLook(evidence.ledger, evidence.data, depth)
    indexes = IndexLook(evidence.ledger, evidence.data, evidence.indexes, depth)
    ranks: dict[str, int] = {}
    parts: list[Verification] = []
    shown: list[VersionRecord] = []
    notes: list[str] = []
    pending = deque(versions)
    while pending:
        version = pending.popleft()
        if str(version) in ranks:
            continue
        ranks[str(version)] = len(ranks)
        try:
            holding = holdings.of(version)
        except IntegrityError as error:
            parts.append(Verification((_broken(version, error),)))
            continue
        record = holding.filed.record
        if not holdings.is_given_up(version):
            shown.append(record)
        elif view is not None:
            notes.append(
                f"{version} was deleted on purpose, which is final: MLflow has it no more; "
                f"ft-registry restore {version} --into DIR brings its files while they survive"
            )
        weights.add(holding)
        parts.append(Verification(tuple(bases.look(record))))
        parts.append(data.look(record))
        if not to_serve:
            parts.append(Verification(tuple(indexes.look(record))))
        if isinstance(record.base, VersionBase):
            # An adapter is worth nothing without the weights under it.
            below = base_version(record.base)
            if below is not None and holdings.record(below) is not None:
                pending.append(below)
    if view is not None:
        parts.append(look_at_versions(view, shown))
        parts.append(Verification(notes=tuple(notes)))
    found = weights.finish(progress).joined(parts)
    return Verification(_sorted(found.findings, ranks), found.notes)


def _broken(version: VersionReference, error: IntegrityError) -> Finding:
    name = layout.version(version.model, version.number)
    return Finding("document", name, "changed", str(version), found=error.message)


def _sorted(findings: Sequence[Finding], ranks: Mapping[str, int]) -> tuple[Finding, ...]:
    """Returns the findings of each version together, of baselines after them, then the ledger's."""
    last = len(ranks)
    return tuple(
        sorted(findings, key=lambda f: (ranks.get(f.subject, last), not f.subject, f.subject))
    )
