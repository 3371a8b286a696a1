"""Plans healing: reads every byte, and looks for a good copy of what is not as on record."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ft_registry.actions.contenders import read_baseline
from ft_registry.actions.cures import Cure, Healers, data_cures, weights_cures
from ft_registry.actions.events import require_ledger
from ft_registry.actions.holdings import BaselineHolding, Holding, Holdings
from ft_registry.actions.index_cures import index_cures
from ft_registry.actions.resolve import read_record, require_model
from ft_registry.actions.verify import Evidence
from ft_registry.actions.verify_base import BaseLook, base_version
from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.actions.verify_weights import Progress
from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError
from ft_registry.model import layout
from ft_registry.model.healing import Wound
from ft_registry.model.record import VersionBase
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.model.verification import Finding

_NAMED = 3
"""Of what an error names; the result names all of it."""


@dataclass(frozen=True)
class HealPlan:
    """What is not as on record, and what can be done about it."""

    cures: tuple[Cure, ...] = ()
    lost: tuple[Wound, ...] = ()
    """No good copy was found anywhere."""
    open: tuple[Wound, ...] = ()
    """A place did not answer, so that nobody knows."""
    left: tuple[Finding, ...] = ()
    """What is damaged and has no bytes to put back: documents, commits, bases."""
    notes: tuple[str, ...] = ()

    @property
    def failure(self) -> FtRegistryError | None:
        """What the caller must raise when all that can be done is done."""
        return failure_of(self.lost, self.open, self.left)


def failure_of(
    lost: Sequence[Wound], unknown: Sequence[Wound], left: Sequence[Finding]
) -> FtRegistryError | None:
    """Returns the error for what is not whole."""
    damage = [finding for finding in left if finding.is_damage]
    broken = [_named(w.subject, w.name) for w in lost] + [_named(f.subject, f.name) for f in damage]
    if broken:
        hints = []
        if any(wound.kind not in ("data", "index") for wound in lost):
            hints.append("--from DIR looks for weights in a folder too: a backup, a restored one")
        if any(wound.kind == "data" for wound in lost):
            hints.append("data: in a clone whose cache has it, run this, or dvc push")
        if any(wound.kind == "index" for wound in lost):
            hints.append("an index: set FT_REGISTRY_EXAMPLE_KEY, if it has a secret; or delete it")
        if damage:
            hints.append("ft-registry verify tells what is damaged besides bytes")
        return IntegrityError(
            f"expected a good copy of all that is damaged or missing, found none of "
            f"{_listed(broken)}",
            hints=hints,
        )
    silent = [reason for wound in unknown for reason in wound.unasked]
    silent += [finding.as_text() for finding in left if finding.is_open]
    if silent:
        return BackendUnavailable(
            f"expected every place to answer, found {_listed(list(dict.fromkeys(silent)))}",
            hints=["run it again when it answers: what is healed stays healed"],
        )
    return None


def _named(subject: str, name: str) -> str:
    return f"{name} of {subject}" if subject else name


def _listed(texts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(texts))
    more = f"; and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
    return "; ".join(distinct[:_NAMED]) + more


def plan_heal(
    wanted: VersionReference | BaselineReference | None,
    healers: Healers,
    *,
    progress: Progress | None = None,
) -> HealPlan:
    """Reads all that versions are made of, in every place, and plans what to put back.

    Args:
        wanted: One version, with those that it was tuned from, or one baseline; None: all of them.
        healers: Where to look.
        progress: See `verify_version`.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: There is no such version or baseline.
    """
    ledger = healers.evidence.ledger
    holdings = Holdings(ledger, require_ledger(ledger))
    every = [version for version in holdings.all() if not holdings.is_given_up(version)]
    baselines = holdings.baselines()
    left: list[Finding] = []
    notes: list[str] = []
    chosen: list[Holding | BaselineHolding]
    if isinstance(wanted, BaselineReference):
        read_baseline(ledger, wanted)
        chosen = [holdings.baseline(wanted)]
    elif wanted is not None:
        require_model(ledger, wanted.model)
        if holdings.record(wanted) is None:
            read_record(ledger, wanted)  # tells which there are
        chosen = list(_with_bases([wanted], holdings, left))
    else:
        chosen = [*_with_bases(every, holdings, left), *baselines]
        audited = verify_ledger(ledger, depth="fast")
        known = {finding.name for finding in left}
        left += [f for f in audited.findings if f.state != "ok" and f.name not in known]
        notes += audited.notes
    cures, found, more = weights_cures(
        chosen, lambda: [*_all(every, holdings), *baselines], healers, progress
    )
    left += _bases(chosen, holdings, healers.evidence)
    cures += data_cures(chosen, healers.data)
    of_indexes, told = index_cures(chosen, healers)
    cures += of_indexes
    return HealPlan(
        tuple(cure for cure in cures if cure.wound.is_curable),
        tuple(c.wound for c in cures if not c.wound.is_curable and not c.wound.is_open),
        tuple(c.wound for c in cures if c.wound.is_open),
        (*left, *found),
        tuple(dict.fromkeys([*notes, *more, *told])),
    )


def _with_bases(
    versions: Iterable[VersionReference], holdings: Holdings, left: list[Finding]
) -> Iterator[Holding]:
    """Yields versions and those that they were tuned from."""
    seen: set[str] = set()
    pending = deque(versions)
    while pending:
        version = pending.popleft()
        if str(version) in seen:
            continue
        seen.add(str(version))
        try:
            holding = holdings.of(version)
        except IntegrityError as error:
            name = layout.version(version.model, version.number)
            left.append(Finding("document", name, "changed", str(version), found=error.message))
            continue
        yield holding
        base = holding.filed.record.base
        below = base_version(base) if isinstance(base, VersionBase) else None
        if below is not None and holdings.record(below) is not None:
            pending.append(below)


def _all(versions: Iterable[VersionReference], holdings: Holdings) -> Iterator[Holding]:
    for version in versions:
        try:
            yield holdings.of(version)
        except IntegrityError:  # it was told where it was asked for
            continue


def _bases(
    chosen: Iterable[Holding | BaselineHolding], holdings: Holdings, evidence: Evidence
) -> list[Finding]:
    look = BaseLook(holdings, evidence.top, "full")
    found = [
        finding
        for holding in chosen
        if isinstance(holding, Holding)
        for finding in look.look(holding.filed.record)
    ]
    return [finding for finding in found if finding.is_damage]
