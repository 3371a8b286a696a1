"""The check ``lineage``: what made the version is on record, and can be had again."""

import re
from collections.abc import Iterator

from ft_registry.actions.ancestry import follow
from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.data import learns, learnt_from
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts, some, told
from ft_registry.model.document import Unknown
from ft_registry.model.policy_checks import LineageCheck
from ft_registry.model.record import HostedBase, HubBase, VersionRecord
from ft_registry.model.snapshot import Dataset, SourceListing
from ft_registry.ports.data import DataCopy, DataStore

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def check_lineage(check: LineageCheck, case: Case) -> Answer:
    """Tells whether the lineage is as it is asked to be, back to the weights from outside."""
    facts = Facts()
    try:
        ancestry = follow(case.ledger, case.filed)
    except FtRegistryError as error:
        facts.meets(error)
        return facts.answer()
    records = [stage.record for stage in ancestry.stages]
    if ancestry.end is not None:
        facts.breaks(f"what {records[-1].reference} was tuned from: {told(ancestry.end)}")
    if check.complete:
        _complete(records, facts)
    if check.clean:
        _clean(records, facts)
    if check.base_pinned:
        _pinned(records, facts)
    if check.pushed:
        _pushed(records, case, facts)
    return facts.answer()


def _complete(records: list[VersionRecord], facts: Facts) -> None:
    gaps = [f"{record.reference}: {gap}" for record in records for gap in _gaps(record)]
    if gaps:
        more = f" (and {len(gaps) - 1} more)" if len(gaps) > 1 else ""
        facts.breaks(f"{gaps[0]}{more}; what is not on record is told when a version is registered")
    else:
        facts.holds(f"all is known of {some(record.reference for record in records)}")


def _gaps(record: VersionRecord) -> Iterator[str]:
    """Yields what is not known of a version, in words."""
    if learns(record) and not learnt_from(record):
        yield "no training data is on record"
    for data in record.data:
        # The versions of a bucket name bytes as well as a digest does; marks that move do not.
        if isinstance(data.sha256, Unknown) and not _is_versioned(data):
            yield f"the digest of {data.path} is not known: {data.sha256.unknown}"
    if isinstance(record.base, Unknown):
        yield f"the base is not known: {record.base.unknown}"
    if isinstance(record.method, Unknown):
        yield f"the method is not known: {record.method.unknown}"
    if not _COMMIT.fullmatch(record.code.commit):
        yield "the commit of the code is not known"


def _is_versioned(data: Dataset) -> bool:
    return isinstance(data.dvc, SourceListing) and data.dvc.versioned


def _clean(records: list[VersionRecord], facts: Facts) -> None:
    dirty = [record for record in records if record.code.dirty]
    for record in dirty:
        facts.breaks(
            f"{record.reference} was registered with uncommitted changes on "
            f"{record.code.commit[:12]}: commit, and register again"
        )
    if not dirty:
        facts.holds("no uncommitted changes")


def _pinned(records: list[VersionRecord], facts: Facts) -> None:
    for record in records:
        base = record.base
        if isinstance(base, Unknown):
            facts.breaks(f"the base of {record.reference} is not known: {base.unknown}")
        elif isinstance(base, HubBase) and not _is_pinned(base):
            facts.breaks(
                f"the base of {record.reference} is {base.id}"
                f"{f'@{base.revision}' if isinstance(base.revision, str) else ''}, which no whole "
                "commit and no digest pins: register --base ID@COMMIT does, with all 40 digits"
            )
        elif isinstance(base, HostedBase):
            facts.is_open(
                f"whether the base of {record.reference}, {base.id}, is still what it was: "
                f"{base.digest.unknown}"
            )
        else:
            facts.holds(f"the base of {record.reference} is pinned")


def _is_pinned(base: HubBase) -> bool:
    is_commit = isinstance(base.revision, str) and _COMMIT.fullmatch(base.revision)
    return bool(is_commit) or isinstance(base.digest, str)


def _pushed(records: list[VersionRecord], case: Case, facts: Facts) -> None:
    try:
        store = case.tools.evidence().data
    except FtRegistryError as error:
        facts.is_open(f"whether data lies in a DVC remote: {told(error)}")
        return
    seen: set[str] = set()
    for record in records:
        if learns(record) and not learnt_from(record):
            facts.is_open(f"no training data of {record.reference} is on record to be pushed")
        for data in record.data:
            if data.identity not in seen:
                seen.add(data.identity)
                _look(data, record, store, facts)


def _look(data: Dataset, record: VersionRecord, store: DataStore, facts: Facts) -> None:
    name = f"{data.path} of {record.reference}"
    if isinstance(data.dvc, SourceListing):
        facts.holds(f"{name} stays at its source")
        return
    try:
        copies = store.copies(data, depth="fast", rev=record.code.commit)
    except FtRegistryError as error:
        facts.is_open(f"whether {name} lies in a DVC remote: {told(error)}")
        return
    remotes = [copy for copy in copies if not copy.is_cache]
    if any(copy.state == "ok" for copy in remotes):
        facts.holds(f"{name} is pushed")
    elif asleep := [copy for copy in remotes if copy.state == "unknown"]:
        facts.is_open(f"whether {name} is pushed: {asleep[0].place}: {asleep[0].reason}")
    else:
        facts.breaks(f"{name} lies in no DVC remote: {_where(remotes)}; dvc push uploads it")


def _where(remotes: list[DataCopy]) -> str:
    if not remotes:
        return "none is configured (dvc remote add)"
    return some(f"{copy.place} has it {copy.state}" for copy in remotes)
