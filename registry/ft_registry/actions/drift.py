"""Compares the ledger with what the store of models shows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ft_registry.actions.homes import home_of, parse_baseline_home, parse_home
from ft_registry.actions.loaded import Loaded
from ft_registry.actions.projection import RECORD
from ft_registry.actions.resolve import FiledRecord
from ft_registry.actions.stories import model_story, tell
from ft_registry.actions.tags import record_tags
from ft_registry.actions.verdicts import parse_verdicts, verdict_tags
from ft_registry.errors import BackendUnavailable, NotARegistry, NotFound
from ft_registry.formats.description import describe, describe_model
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.baseline import Baseline
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.drift import (
    Drift,
    ExpectedBaseline,
    ExpectedModel,
    ExpectedVersion,
    find_baseline_drift,
    find_drift,
)
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.record import VersionRecord
from ft_registry.model.shown import ShownModel
from ft_registry.model.standing import Standing
from ft_registry.model.verdict import Verdict
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import StoreView


@dataclass(frozen=True)
class Look:
    """One look at the store, and what it showed."""

    drift: tuple[Drift, ...] = ()
    shown: Mapping[str, ShownModel] = field(default_factory=dict)
    unchecked: str = ""
    """Why nothing was looked at; empty: it was."""


def look(ledger: Ledger, view: StoreView) -> Look:
    """Returns where the store differs from the ledger.

    Raises:
        BackendUnavailable: The store does not answer.
        IntegrityError: A document of the ledger cannot be read.
    """
    expected = expect(ledger)
    of_versions = [model for model in expected if model.versions]
    shown = view.shown([model.name for model in of_versions])
    drift = [_with_author(one, ledger) for one in find_drift(of_versions, shown)]
    ahead = {one.model for one in drift if one.kind == "alias_ahead"}
    # Who moved an alias described the model as it is since: that is ahead of us as well.
    drift = [one for one in drift if not (one.model in ahead and _is_of_model_page(one))]
    stored = [one.logged_model_id for model in expected for one in model.baselines]
    if stored:
        drift += find_baseline_drift(expected, view.known(stored))
    return Look(tuple(drift), shown)


def _is_of_model_page(drift: Drift) -> bool:
    return drift.kind in ("description_missing", "description_edited") and drift.version is None


def _with_author(drift: Drift, ledger: Ledger) -> Drift:
    """Tells an alias that another clone moved from one that has not followed this one."""
    if not drift.state:
        return drift
    place = layout.alias(drift.model, drift.alias)
    moves = ledger.events(place, newest_first=True)
    with suppress(NotARegistry):  # those before the end of a shallow clone are not at hand
        written = (write for one in moves for write in one.event.writes)
        if any(write.path == place and write.digest == drift.state for write in written):
            return drift
    moved = "about to be moved" if drift.target == drift.version else "moved"
    found = f"version {drift.target}: {moved} by an event that is not in this ledger"
    return replace(drift, kind="alias_ahead", found=found, adoptable=False)


def look_or_say(ledger: Ledger, view: StoreView | None, *, otherwise: str = "") -> Look:
    """Returns where the store differs; where it cannot be looked at, says why instead.

    Args:
        ledger: The truth.
        view: The store; None: it is not to be asked.
        otherwise: Why it is not to be asked.
    """
    if view is None:
        return Look(unchecked=otherwise)
    try:
        return look(ledger, view)
    except BackendUnavailable as error:
        return Look(unchecked=error.message)


def expect(ledger: Ledger) -> list[ExpectedModel]:
    """Returns what the store is to show of every model.

    Raises:
        IntegrityError: A document cannot be read.
    """
    head = ledger.head()
    paths = ledger.paths("models", at=head)
    contents = ledger.read_many((path for path in paths if _is_shown(path)), at=head)
    by_model: dict[str, dict[str, bytes]] = {}
    for path, content in contents.items():
        by_model.setdefault(path.split("/")[1], {})[path] = content
    return [_model(name, contents) for name, contents in sorted(by_model.items())]


def missing_records(
    ledger: Ledger, artifacts: ArtifactStore, found: Look, versions: Iterable[FiledRecord]
) -> list[Drift]:
    """Returns the versions beside whose weights the copy of their record is missing.

    Versions whose bytes are lost are left out: that is more than a missing copy.
    """
    broken = {(drift.model, drift.version) for drift in found.drift if not drift.is_absence}
    drift = []
    for filed in versions:
        record = filed.record
        shown = found.shown.get(record.model)
        if shown is None or record.version not in shown.versions:
            continue
        if (record.model, record.version) in broken or shown.versions[record.version].deleted:
            continue
        try:
            shelf = artifacts.shelf(home_of(ledger, filed))
        except NotFound:
            continue
        if shelf.sizes and RECORD not in shelf.sizes:
            drift.append(
                Drift(
                    "record_missing", record.reference, RECORD, "no such artifact", True, False,
                    model=record.model, version=record.version,
                )
            )  # fmt: skip
    return drift


def _is_shown(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 3 and parts[2] in (
        "versions", "evaluations", "aliases", "standings", "homes", "verdicts", "baselines",
        "baseline-homes",
    )  # fmt: skip


def _model(name: str, contents: Mapping[str, bytes]) -> ExpectedModel:
    def below(folder: str) -> dict[str, bytes]:
        start = f"models/{name}/{folder}/"
        return {path: content for path, content in contents.items() if path.startswith(start)}

    states = [AliasState.parse(content, what=path) for path, content in below("aliases").items()]
    evaluations: dict[int | None, list[Evaluation]] = {}
    for path, content in below("evaluations").items():
        found = Evaluation.parse(content, what=path)
        evaluations.setdefault(found.version, []).append(found)
    verdicts: dict[int, list[Verdict]] = {}
    for verdict in parse_verdicts(below("verdicts").items()):
        verdicts.setdefault(verdict.version, []).append(verdict)
    filed = [
        FiledRecord(VersionRecord.parse(content, what=path), content)
        for path, content in below("versions").items()
    ]
    versions = {
        one.record.version: _version(
            one,
            evaluations.get(one.record.version, []),
            verdicts.get(one.record.version, []),
            contents,
        )
        for one in filed
    }
    baselines = [
        _baseline(Baseline.parse(content, what=path), digest_bytes(content), contents)
        for path, content in below("baselines").items()
    ]
    return ExpectedModel(
        name,
        {state.alias: state.version for state in states},
        versions,
        baselines,
        describe_model(model_story(Loaded(contents), name)) if versions else "",
    )


def _baseline(baseline: Baseline, digest: str, contents: Mapping[str, bytes]) -> ExpectedBaseline:
    moved = contents.get(layout.baseline_home(baseline.model, baseline.label))
    home = parse_baseline_home(moved, baseline, digest)
    return ExpectedBaseline(baseline.label, home.uri, home.logged_model_id)


def _version(
    filed: FiledRecord,
    evaluations: Sequence[Evaluation],
    verdicts: Sequence[Verdict],
    contents: Mapping[str, bytes],
) -> ExpectedVersion:
    record = filed.record
    number = record.version
    home = parse_home(contents.get(layout.home(record.model, number)), filed)
    said = contents.get(layout.standing(record.model, number))
    standing = Standing.parse(said, what=f"the standing of {record.reference}") if said else None
    return ExpectedVersion(
        number=number,
        tags=record_tags(record, filed.digest) | verdict_tags(verdicts),
        description=describe(tell(filed, evaluations, verdicts)),
        uri=home.uri,
        run_id=home.run_id,
        since=record.registered_at,
        deleted=standing is not None and standing.standing == "deleted",
    )
