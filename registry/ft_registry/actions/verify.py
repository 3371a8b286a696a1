"""Verifies versions: the bytes of the weights, what was kept beside them, base and data.

What must be there stands in the ledger; every place where it should be is looked at. Nothing is
believed by time, mode or name.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.events import require_ledger
from ft_registry.actions.homes import home_of
from ft_registry.actions.resolve import (
    read_evaluations,
    read_record,
    require_model,
    version_numbers,
)
from ft_registry.actions.standings import read_standing
from ft_registry.actions.verify_base import BaseLook, base_version
from ft_registry.actions.verify_data import DataLook
from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.actions.verify_weights import Progress, WeightsLook
from ft_registry.errors import BackendUnavailable, IntegrityError
from ft_registry.model import layout
from ft_registry.model.record import VersionBase
from ft_registry.model.reference import VersionReference
from ft_registry.model.verification import Depth, Finding, Verification
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger

_SHOWN = 3
"""Findings that an error names; `verify` shows all of them."""
_WHAT_MADE_IT = ("data", "base")
"""The kinds that a person may set aside: without them a version loads, but is not made again."""


@dataclass(frozen=True)
class Evidence:
    """Everything that verification looks at."""

    ledger: Ledger
    artifacts: ArtifactStore
    data: DataStore
    cache: ByteCache
    top: Path
    """The top level of the work tree: a base in a folder is named from it."""


def verify_version(
    version: VersionReference,
    evidence: Evidence,
    *,
    depth: Depth,
    progress: Progress | None = None,
) -> Verification:
    """Looks at all that a version is made of, and at the versions that it was tuned from.

    Args:
        version: Which.
        evidence: Where to look.
        depth: How closely.
        progress: Is told how many bytes of weights were read, and how many there are.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: There is no such version.
    """
    require_ledger(evidence.ledger)
    require_model(evidence.ledger, version.model)
    return _verify([version], evidence, depth=depth, progress=progress)


def verify_all(
    evidence: Evidence, *, depth: Depth, progress: Progress | None = None
) -> Verification:
    """Looks at every version and at the ledger itself.

    Left out are versions that were taken out of MLflow on purpose: nothing of them is expected.

    Raises:
        NotARegistry: There is no ledger here.
    """
    require_ledger(evidence.ledger)
    ledger = evidence.ledger
    names = sorted({path.split("/")[1] for path in ledger.paths("models")})
    versions = [
        VersionReference(name, number) for name in names for number in version_numbers(ledger, name)
    ]
    kept = [version for version in versions if not _is_given_up(ledger, version)]
    found = _verify(kept, evidence, depth=depth, progress=progress)
    audited = verify_ledger(ledger, depth=depth)
    # What cannot be read is told by those who looked at all of the ledger, if they saw it.
    told = {finding.subject for finding in audited.damage if finding.kind == "document"}
    mine = tuple(f for f in found.findings if f.kind != "document" or f.subject not in told)
    ranks = {str(version): rank for rank, version in enumerate(kept)}
    return Verification(_sorted((*mine, *audited.findings), ranks), (*found.notes, *audited.notes))


def _is_given_up(ledger: Ledger, version: VersionReference) -> bool:
    try:
        standing = read_standing(ledger, version).standing
    except IntegrityError:
        return False
    return standing is not None and standing.standing == "deleted"


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
        override_data: A person takes it upon them that data or base are damaged or lost: they stay
            among the findings.
        progress: See `verify_version`.

    Raises:
        NotFound: There is no such version.
        IntegrityError: Something is damaged or lost; it says what, and where it was last seen.
        BackendUnavailable: A store did not answer, so that nothing can be said.
    """
    found = verify_version(version, evidence, depth="full", progress=progress)
    judge(version, found, override_data=override_data)
    return found


def judge(version: VersionReference, found: Verification, *, override_data: bool) -> None:
    """Raises unless a version may be relied on after what was found; see `require_intact`."""
    damage = [
        finding for finding in found.damage if not (override_data and finding.kind in _WHAT_MADE_IT)
    ]
    if damage:
        raise IntegrityError(
            f"expected {version} byte for byte as it was recorded, found {_first(damage)}",
            hints=[
                f"ft-registry verify {version} --full shows all that was found",
                f"ft-registry list {version.model} shows the other versions",
            ],
        )
    if found.undecided:
        raise BackendUnavailable(
            f"expected to read every byte of {version}, found {_first(found.undecided)}",
            hints=[f"run it again when the store answers; ft-registry verify {version} --full"],
        )


def _first(findings: Sequence[Finding]) -> str:
    more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return "; ".join(finding.as_text() for finding in findings[:_SHOWN]) + more


def _verify(
    versions: Iterable[VersionReference],
    evidence: Evidence,
    *,
    depth: Depth,
    progress: Progress | None,
) -> Verification:
    ledger = evidence.ledger
    weights = WeightsLook(evidence.artifacts, evidence.cache, depth)
    bases = BaseLook(ledger, evidence.top, depth)
    data = DataLook(ledger, evidence.data, depth)
    ranks: dict[str, int] = {}
    parts: list[Verification] = []
    pending = deque(versions)
    while pending:
        version = pending.popleft()
        if str(version) in ranks:
            continue
        ranks[str(version)] = len(ranks)
        try:
            filed = read_record(ledger, version)
            weights.add(filed, home_of(ledger, filed), read_evaluations(ledger, version))
        except IntegrityError as error:
            parts.append(Verification((_broken(version, error),)))
            continue
        parts.append(Verification(tuple(bases.look(filed.record))))
        parts.append(data.look(filed.record))
        if isinstance(filed.record.base, VersionBase):
            # An adapter is worth nothing without the weights under it.
            below = base_version(filed.record.base)
            if below is not None and ledger.read(layout.version(below.model, below.number)):
                pending.append(below)
    found = weights.finish(progress).joined(parts)
    return Verification(_sorted(found.findings, ranks), found.notes)


def _broken(version: VersionReference, error: IntegrityError) -> Finding:
    name = layout.version(version.model, version.number)
    return Finding("document", name, "changed", str(version), found=error.message)


def _sorted(findings: Sequence[Finding], ranks: Mapping[str, int]) -> tuple[Finding, ...]:
    """Returns the findings of each version together, those of the ledger last."""
    last = len(ranks)
    return tuple(sorted(findings, key=lambda f: (ranks.get(f.subject, last), f.subject)))
