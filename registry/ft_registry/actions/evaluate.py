"""Adds an evaluation to a version: what an evaluator found, bound to the weights it measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.actions.claims import accept, names_model, of_version
from ft_registry.actions.corrections import (
    WITHDRAWN,
    filed_as,
    free,
    is_withdrawn,
    overtaken,
    stand_among,
    twin_of,
)
from ft_registry.actions.coverage import cover
from ft_registry.actions.evaluations import (
    Evidence,
    Subject,
    make_evaluation,
    make_metrics,
    measured_on,
    overrides_of,
)
from ft_registry.actions.events import check_reason, make_event
from ft_registry.actions.evidence import read_evidence
from ft_registry.actions.homes import home_of
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.lost_items import LostItems, find_lost
from ft_registry.actions.projection import project_version, stored_of
from ft_registry.actions.repeats import measured_of_model, tell_repeats
from ft_registry.actions.resolve import FiledRecord, read_evaluations, read_record, resolve
from ft_registry.errors import Conflict
from ft_registry.model import layout
from ft_registry.model.config import SuiteSettings
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, PublicSet, SnapshotUse, in_force
from ft_registry.model.event import Requirement
from ft_registry.model.reference import Reference, VersionReference
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import ModelStore


@dataclass(frozen=True)
class EvaluationRequest:
    """What a person asks to add."""

    reference: Reference
    files: tuple[Path, ...]
    suite: str = ""
    """Empty: what the files say."""
    data: SnapshotUse | PublicSet | None = None
    """What it was measured on; None: the record's dataset of the role eval."""
    allow_partial: bool = False
    trust: bool = False
    """Take the files for those of this version, whatever they say of their model."""
    corrects: bool = False
    """It corrects what the suite has measured of this version so far."""
    suites: Mapping[str, SuiteSettings] = field(default_factory=dict)
    """What the settings say of suites."""
    note: str = ""


@dataclass(frozen=True)
class EvaluationPlan:
    """What adding an evaluation would put on record."""

    version: VersionReference
    filed: FiledRecord
    evidence: Evidence
    evaluation: Evaluation
    known: bool
    """The same is on record."""
    note: str
    notices: list[str] = field(default_factory=list)
    lost: LostItems = field(default_factory=LostItems)
    """What the store has lost of what is on record, and gets again."""


@dataclass(frozen=True)
class Added:
    """An evaluation on record."""

    evaluation: Evaluation
    created: bool
    """False: it was on record before."""
    notices: list[str]
    put_back: bool = False
    """The store had lost its scored items, and has them again."""


def plan_evaluation(
    request: EvaluationRequest,
    *,
    top: Path,
    cwd: Path,
    ledger: Ledger,
    tables: ItemTables,
    context: Context,
) -> EvaluationPlan:
    """Reads an evaluation and holds it against the version; writes nothing.

    Of one that is on record it looks whether the store still has the scored items.

    Raises:
        InvalidInput, NotFound: The reference or the files are none, or there is nothing to correct.
        Conflict: The files are on record as saying something else.
        Refused: The files cannot be read as an evaluation, speak of another model, or are of more
            or fewer items than the data has.
    """
    ledger.refresh()
    version = resolve(ledger, request.reference)
    filed = read_record(ledger, version)
    check_reason(request.note)
    evidence = read_evidence(
        request.files, top=top, cwd=cwd, context=context, suite=request.suite,
        allow_partial=request.allow_partial, suites=request.suites,
    )  # fmt: skip
    evidence = accept(evidence, of_version(filed, ledger), trust=request.trust, cwd=cwd)
    evidence = tell_repeats(
        evidence, filed.record.reference, measured_of_model(ledger, version.model),
        trust=request.trust,
    )  # fmt: skip
    data = request.data or measured_on(filed.record.data, evidence)
    evidence = cover(
        evidence, data, datasets=filed.record.data, ledger=ledger,
        allow_partial=request.allow_partial,
    )  # fmt: skip
    made = make_evaluation(evidence, of=Subject.of(filed), data=data, context=context)
    before = read_evaluations(ledger, version)
    evaluation, known = stand_among(made, before, corrects=request.corrects)
    lost = LostItems()
    if known:
        lost = find_lost(evaluation, evidence, home_of(ledger, filed), tables)
        notices = [*([WITHDRAWN] if is_withdrawn(evaluation, before) else []), *lost.notices]
    else:
        notices = list(_notices(evaluation, evidence, before))
    return EvaluationPlan(version, filed, evidence, evaluation, known, request.note, notices, lost)


def _notices(evaluation: Evaluation, evidence: Evidence, before: Sequence[Evaluation]) -> list[str]:
    found = list(evaluation.notes)
    if not names_model(evidence.measurement.claim) and evaluation.harness.name != "items":
        found.append("the files do not say which model was measured: your word counts")
    if isinstance(evaluation.data, Unknown):
        found.append(f"the data is not on record: {evaluation.data.unknown}")
    times = sum(one.suite == evaluation.suite for one in in_force(before))
    if times and not evaluation.supersedes:
        found.append(
            f"{evaluation.suite} was measured {times} time{'s' if times > 1 else ''} "
            "before: the newest counts, eval show tells the spread; --corrects withdraws the others"
        )
    return found


def add_evaluation(
    plan: EvaluationPlan, *, ledger: Ledger, models: ModelStore, context: Context
) -> Added:
    """Puts an evaluation on record: its items first, then the ledger, then what pages show.

    Of one that is on record it puts back the items that the store lost.

    Raises:
        BackendUnavailable: MLflow or the ledger's remote does not answer; nothing is on record.
        Conflict: Somebody registered over the version, or corrected the same, meanwhile.
    """
    evaluation, filed = plan.evaluation, plan.filed
    if plan.known:
        if plan.lost.attachments:
            models.check()
            models.attach(stored_of(home_of(ledger, filed)), plan.lost.attachments, ())
        return Added(evaluation, False, plan.notices, put_back=bool(plan.lost.attachments))
    models.check()
    models.attach(stored_of(home_of(ledger, filed)), plan.evidence.attachments, ())
    documents = filed_as([evaluation])
    verb = "correct" if evaluation.supersedes else "evaluate"
    event = make_event(
        context,
        "evaluate",
        f"{verb} {filed.record.reference}: {evaluation.suite} {evaluation.in_words()}"[:200],
        model=evaluation.model,
        version=evaluation.version,
        reason=plan.note,
        overrides=overrides_of([plan.evidence]),
    )
    record = Requirement(
        path=layout.version(filed.record.model, filed.record.version), digest=filed.digest
    )
    try:
        ledger.append(Change(event=event, documents=documents, requires=(*free(documents), record)))
    except RequirementFailed as error:
        if error.requirement == record:
            raise Conflict(
                f"expected the record of {filed.record.reference} as it was read, found another"
            ) from error
        twin = twin_of(evaluation, read_evaluations(ledger, plan.version))
        if twin is None:
            raise overtaken([evaluation], reference=filed.record.reference) from error
        return Added(twin, created=False, notices=[])
    notices = project_version(
        filed,
        ledger=ledger,
        models=models,
        context=context,
        metrics=make_metrics([evaluation], filed.record.data, ledger),
    )
    return Added(evaluation, created=True, notices=plan.notices + notices)
