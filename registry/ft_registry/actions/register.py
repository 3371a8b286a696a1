"""Registers a version: bytes first, then the version, then the record, then what pages show.

A kill at any point leaves bytes that nothing names (for gc), or a version in MLflow without a
record, which the next run of the same command takes up. It never leaves a record of bytes that are
not there. The same identity registered again is the same version.
"""

from dataclasses import dataclass, field, replace

from ft_registry.actions.capture import Draft
from ft_registry.actions.corrections import filed_as, free
from ft_registry.actions.evaluations import (
    Evidence,
    Subject,
    attachments_of,
    make_evaluation,
    make_metrics,
    measured_on,
    overrides_of,
)
from ft_registry.actions.events import make_event
from ft_registry.actions.homes import home_of
from ft_registry.actions.plan_register import RegistrationPlan, known_as, upload_of
from ft_registry.actions.projection import project_version, stored_of
from ft_registry.actions.resolve import FiledRecord, read_evaluations, read_record
from ft_registry.actions.tags import version_tags
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.event import Requirement
from ft_registry.model.manifest import entry_of
from ft_registry.model.record import Artifact, Run, VersionRecord
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import IdentityPointer, ModelDocument
from ft_registry.model.run_document import RUN_JSON
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import ModelStore, Projection, StoredModel, StoredVersion, Upload


@dataclass(frozen=True)
class Registered:
    """What `register` did."""

    filed: FiledRecord
    created: bool
    """False: the same inputs were registered before."""
    evaluations: tuple[Evaluation, ...]
    """Those that were added now."""
    notices: list[str] = field(default_factory=list)
    """What the caller should hear although it all went well."""


def register(
    plan: RegistrationPlan, *, ledger: Ledger, models: ModelStore, context: Context
) -> Registered:
    """Puts a folder of weights on record as the next version of a model.

    Raises:
        IntegrityError: What MLflow has is not what was sent; nothing is on record.
        BackendUnavailable: MLflow or the ledger's remote does not answer; nothing is on record.
        OutcomeUnknown: A reply was lost: the next run settles it.
    """
    draft = plan.draft
    # One clone registers one identity at a time; between clones the ledger decides.
    with context.lock(f"register-{draft.identity[7:23]}"):
        known = known_as(draft, ledger)
        if known is not None:
            return _again(draft, known, ledger=ledger, models=models, context=context)
        models.check()
        if plan.unasked is not None:  # it answers again: what the run knows would be missing
            raise plan.unasked
        stored, number = _store(plan, models=models, context=context)
        record = _record(draft, stored, number, context)
        done = _publish(draft, record, stored, ledger=ledger, models=models, context=context)
        return replace(done, notices=[*plan.notices, *done.notices])


def _store(
    plan: RegistrationPlan, *, models: ModelStore, context: Context
) -> tuple[StoredModel, int]:
    draft = plan.draft
    upload = upload_of(plan)
    description = draft.note or f"{draft.kind} of {draft.model}"
    left = models.find(draft.model, draft.identity)
    if left is not None and left.uri:
        return _take_up(left, upload, description, models=models), left.number
    stored = models.upload(upload)
    tags = version_tags(draft, transaction=context.nonce())
    return stored, models.create_version(draft.model, stored, tags=tags, description=description)


def _take_up(
    left: StoredVersion, upload: Upload, description: str, *, models: ModelStore
) -> StoredModel:
    """Takes up a version whose registration was cut off before its record.

    Weights, data and configuration are the same, or its identity would be another. What the
    identity leaves out (patch, commit, scores) may have changed since and is stored anew.
    """
    found = StoredModel(left.uri.removeprefix("models:/"), left.uri, left.run_id)
    stored = models.complete(found, upload)
    models.project(
        Projection(
            model=upload.model,
            number=left.number,
            logged_model_id=stored.logged_model_id,
            run_id=stored.run_id,
            description=description,
            tags=upload.tags,
            attachments=upload.attachments,
            metrics=upload.metrics,
        )
    )
    return stored


def _record(draft: Draft, stored: StoredModel, number: int, context: Context) -> VersionRecord:
    return VersionRecord(
        model=draft.model,
        version=number,
        identity=draft.identity,
        kind=draft.kind,
        method=draft.method,
        artifact=Artifact(
            uri=stored.uri,
            folder=draft.folder,
            digest=draft.digest,
            size=sum(entry.size for entry in draft.files),
            files=draft.files,
            peft=draft.peft,
            location=stored.location,
            mlmodel=stored.mlmodel,
            hosted=draft.hosted,
        ),
        base=draft.base,
        data=draft.data,
        code=draft.code,
        config=draft.config,
        tokenizer=draft.tokenizer,
        environment=draft.environment,
        pipeline=draft.pipeline,
        run=Run(
            run_id=stored.run_id,
            logged_model_id=stored.logged_model_id,
            document=entry_of(RUN_JSON, draft.run_document) if draft.run_document else None,
            admitted=draft.admitted,
        ),
        cost=draft.cost,
        seeds=draft.seeds,
        parents=draft.parents,
        training=draft.training,
        exemptions=draft.exemptions,
        note=draft.note,
        registered_at=timestamp(context.now()),
        registered_by=context.actor,
        host=context.host,
    )


def _publish(
    draft: Draft,
    record: VersionRecord,
    stored: StoredModel,
    *,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> Registered:
    # As the ledger gives it back, in which the order of names is another: pages are made of that.
    content = record.to_bytes()
    filed = FiledRecord(VersionRecord.parse(content, what=record.reference), content)
    evaluations = [evaluation for evaluation, _ in _evaluations(draft, filed, context)]
    version_path = layout.version(record.model, record.version)
    identity_path = layout.identity(record.model, record.identity)
    pointer = IdentityPointer(identity=record.identity, version=record.version)
    documents = {
        layout.model(record.model): ModelDocument(name=record.model).to_bytes(),
        version_path: filed.content,
        identity_path: pointer.to_bytes(),
        layout.environment(draft.packages.digest): draft.packages.to_bytes(),
        **filed_as(evaluations),
    }
    event = make_event(
        context,
        "register",
        f"register {record.reference}: {_summary(draft)}",
        model=record.model,
        version=record.version,
        reason=draft.note,
        overrides=(
            *overrides_of(draft.evaluations), *(one.door for one in draft.exemptions),
        ),
    )  # fmt: skip
    change = Change(
        event=event,
        documents=documents,
        requires=(
            Requirement(path=version_path, digest=None),
            Requirement(path=identity_path, digest=None),
        ),
        pins=(record.code.commit,) if draft.is_code_here else (),
    )
    try:
        ledger.append(change)
    except RequirementFailed as error:
        return _lost(error, draft, record, stored, ledger=ledger, models=models)
    notices = project_version(filed, ledger=ledger, models=models, context=context)
    return Registered(filed, True, tuple(evaluations), notices)


def _lost(
    error: RequirementFailed,
    draft: Draft,
    record: VersionRecord,
    stored: StoredModel,
    *,
    ledger: Ledger,
    models: ModelStore,
) -> Registered:
    """Settles a registration that the ledger did not take."""
    known = known_as(draft, ledger)
    if known is not None and known.number == record.version:
        return Registered(read_record(ledger, known), False, ())  # another clone finished our work
    models.delete_version(record.model, record.version)
    models.discard(stored)
    if known is not None:
        return Registered(read_record(ledger, known), False, ())
    raise IntegrityError(
        f"expected MLflow to hand out a new number for {record.model}, found "
        f"{record.reference}, which the ledger has for other weights",
        hints=["was the registered model deleted in MLflow? it begins again at version 1 then"],
    ) from error


def _again(
    draft: Draft,
    known: VersionReference,
    *,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> Registered:
    """Answers a registration whose identity is on record; evaluations that are new are added."""
    filed = read_record(ledger, known)
    before = read_evaluations(ledger, known)
    fresh: list[tuple[Evaluation, Evidence]] = []
    told: list[str] = []
    for made, evidence in _evaluations(draft, filed, context):
        found = [one for one in before if (one.suite, one.origin) == (made.suite, made.origin)]
        if not found:
            fresh.append((made, evidence))
        elif not any(one.says_the_same(made) for one in found):
            told.append(
                f"{made.suite} is on record, {found[-1].circumstances}; this is "
                f"{made.circumstances}: ft-registry eval add {known} FILE --corrects"
            )
    if not fresh:
        return Registered(filed, False, (), told)
    models.check()
    event = make_event(
        context,
        "evaluate",
        f"evaluate {known}: {', '.join(evaluation.suite for evaluation, _ in fresh)}",
        model=known.model,
        version=known.number,
        reason=draft.note,
        overrides=overrides_of(evidence for _, evidence in fresh),
    )
    # First the bytes: what is on record must be there, whenever this process ends.
    attachments = attachments_of(evidence for _, evidence in fresh)
    models.attach(stored_of(home_of(ledger, filed)), attachments, ())
    added = tuple(evaluation for evaluation, _ in fresh)
    documents = filed_as(added)
    try:
        ledger.append(Change(event=event, documents=documents, requires=free(documents)))
    except RequirementFailed:  # another clone has just added one of them: see what is left to do
        return _again(draft, known, ledger=ledger, models=models, context=context)
    notices = project_version(
        filed,
        ledger=ledger,
        models=models,
        context=context,
        metrics=make_metrics(added, filed.record.data, ledger),
    )
    return Registered(filed, False, added, told + notices)


def _evaluations(
    draft: Draft, filed: FiledRecord, context: Context
) -> list[tuple[Evaluation, Evidence]]:
    of = Subject.of(filed)
    return [
        (make_evaluation(one, of=of, data=measured_on(draft.data, one), context=context), one)
        for one in draft.evaluations
    ]


def _summary(draft: Draft) -> str:
    method = "" if isinstance(draft.method, Unknown) else f"{draft.method} "
    trained = [dataset for dataset in draft.data if dataset.role == "train"]
    rows = sum(d.rows for d in trained if isinstance(d.rows, int))
    return f"{method}{draft.kind}" + (f" on {rows} examples" if rows else "")
