"""Puts a baseline on record: a prompt, or retrieval, that a fine-tuned version has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.claims import accept, of_baseline
from ft_registry.actions.contenders import baseline_evaluations, read_baseline
from ft_registry.actions.corrections import (
    WITHDRAWN,
    filed_as,
    free,
    is_withdrawn,
    overtaken,
    stand_among,
)
from ft_registry.actions.coverage import cover
from ft_registry.actions.evaluations import (
    Evidence,
    Subject,
    attachments_of,
    make_evaluation,
    make_metrics,
    overrides_of,
)
from ft_registry.actions.events import check_reason, make_event, require_ledger
from ft_registry.actions.evidence import read_evidence
from ft_registry.actions.homes import home_of_baseline
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.lost_items import find_lost
from ft_registry.actions.projection import stored_of
from ft_registry.actions.repeats import measured_of_model, tell_repeats
from ft_registry.actions.resolve import require_model
from ft_registry.actions.secrecy import exempt_secrets
from ft_registry.actions.tags import IDENTITY
from ft_registry.errors import Conflict, InvalidInput, NotFound
from ft_registry.model import layout
from ft_registry.model.baseline import FILE, FOLDER, Baseline, BaselineKind, baseline_file
from ft_registry.model.canonical import digest
from ft_registry.model.config import SuiteSettings
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, PublicSet, SnapshotUse
from ft_registry.model.event import Requirement
from ft_registry.model.record import Config, Run
from ft_registry.model.reference import BaselineReference
from ft_registry.model.registered import ModelDocument
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import ModelStore, StoredModel, Upload
from ft_registry.readers.files import hash_folder
from ft_registry.readers.params import flatten, read_config_files
from ft_registry.readers.secrets import in_values

_STRUCTURED = (".yaml", ".yml", ".json", ".toml")
_NO_DATA = Unknown(unknown="no dataset was named: --data says what it was measured on")


@dataclass(frozen=True)
class BaselineRequest:
    """What a person asks to put on record."""

    reference: BaselineReference
    kind: BaselineKind
    base: str
    """The model that is asked."""
    configs: tuple[Path, ...]
    """Prompt, retrieval settings: text, YAML, JSON or TOML."""
    evaluations: tuple[Path, ...]
    suite: str = ""
    data: SnapshotUse | PublicSet | None = None
    allow_partial: bool = False
    begins: bool = False
    """The model may have nothing on record yet, although there are others."""
    trust: bool = False
    """Take the files for those of this baseline, whatever they say of their model."""
    corrects: bool = False
    """The files correct what their suites have measured of it so far."""
    suites: Mapping[str, SuiteSettings] = field(default_factory=dict)
    """What the settings say of suites."""
    note: str = ""


@dataclass(frozen=True)
class AddedBaseline:
    """A baseline on record."""

    baseline: Baseline
    created: bool
    """False: it was on record, with the same configuration."""
    evaluations: tuple[Evaluation, ...]
    """Those that were added now."""
    put_back: tuple[Evaluation, ...] = ()
    """Those that were on record, whose scored items the store had lost and has again."""
    notices: tuple[str, ...] = ()
    """What the caller should hear although it all went well."""


def add_baseline(
    request: BaselineRequest,
    *,
    top: Path,
    cwd: Path,
    scratch: Path,
    ledger: Ledger,
    models: ModelStore,
    tables: ItemTables,
    context: Context,
) -> AddedBaseline:
    """Puts a baseline on record with its scores; of one that is there, the scores that are new.

    Of scores that are on record it puts back the items that the store lost.

    Raises:
        InvalidInput, NotFound, Refused: What was asked cannot be put on record.
        Conflict: The label is taken by a baseline of another configuration, or the files are on
            record as saying something else.
        BackendUnavailable: MLflow or the ledger's remote does not answer; nothing is on record.
    """
    require_ledger(ledger)
    ledger.refresh()
    _check_model(ledger, request)
    check_reason(request.note)
    if not request.evaluations:
        raise InvalidInput(
            "expected scores of the baseline, found none",
            hints=["--eval FILE: on the same items as the versions that are to beat it"],
        )
    config = read_prompts([(path.name, cwd / path) for path in request.configs])
    measured = of_baseline(str(request.reference), request.base, cwd=cwd)
    evidence = [
        accept(
            read_evidence(
                [path], top=top, cwd=cwd, context=context, suite=request.suite,
                allow_partial=request.allow_partial, suites=request.suites,
            ),
            measured, trust=request.trust, cwd=cwd,
        )
        for path in request.evaluations
    ]  # fmt: skip
    data = request.data or _NO_DATA
    record = measured_of_model(ledger, request.reference.model)
    evidence = [
        cover(
            tell_repeats(one, str(request.reference), record, trust=request.trust),
            data,
            datasets=(),
            ledger=ledger,
            allow_partial=request.allow_partial,
        )
        for one in evidence
    ]
    models.check()
    try:
        known, found = read_baseline(ledger, request.reference)
    except NotFound:
        return _create(request, config, evidence, scratch, ledger, models, context)
    if (known.config.digest, known.kind, known.base) != (config.digest, request.kind, request.base):
        raise Conflict(
            f"expected {request.reference} as it is on record ({known.kind}, {known.base}, "
            f"configuration {known.config.digest[:19]}), found {request.kind}, {request.base}, "
            f"{config.digest[:19]}",
            hints=["another prompt is another baseline: choose another --label"],
        )
    before = list(baseline_evaluations(ledger, request.reference))
    sorted_out = _sort_out(_evaluations(evidence, request, found, context), before, request)
    notices = list(sorted_out.notices)
    put_back = []
    home = home_of_baseline(ledger, known, found)
    for one, again in sorted_out.known:
        lost = find_lost(one, again, home, tables)
        notices += [f"{one.suite}: {notice}" for notice in lost.notices]
        if lost.attachments:
            models.attach(stored_of(home), lost.attachments, ())
            put_back.append(one)
    if sorted_out.fresh:
        _score(known, stored_of(home), sorted_out.fresh, request.note, ledger, models, context)
    return AddedBaseline(
        known, created=False, evaluations=tuple(one for one, _ in sorted_out.fresh),
        put_back=tuple(put_back), notices=tuple(notices),
    )  # fmt: skip


def _check_model(ledger: Ledger, request: BaselineRequest) -> None:
    """Raises NotFound where a model's name is new beside others: it may be a slip."""
    if request.begins or not ledger.paths("models"):
        return
    try:
        require_model(ledger, request.reference.model)
    except NotFound as error:
        hints = [*error.hints, "--new begins a model with its baseline"]
        raise NotFound(error.message, hints=hints) from None


@dataclass(frozen=True)
class _SortedOut:
    """Scores that were given: the new ones, and those that are on record."""

    fresh: list[tuple[Evaluation, Evidence]]
    """As they go there."""
    known: list[tuple[Evaluation, Evidence]]
    notices: list[str]


def _sort_out(
    made: list[tuple[Evaluation, Evidence]], before: list[Evaluation], request: BaselineRequest
) -> _SortedOut:
    found = _SortedOut([], [], [])
    suites = [one.suite for one, _ in made]
    if request.corrects and len(set(suites)) < len(suites):
        raise InvalidInput(
            "expected one file of each suite with --corrects, found several",
            hints=["one evaluation takes the place of what was measured: which?"],
        )
    for one, evidence in made:
        on_record = [*before, *(other for other, _ in found.fresh)]
        evaluation, is_known = stand_among(one, on_record, corrects=request.corrects)
        if not is_known:
            found.fresh.append((evaluation, evidence))
            continue
        if evaluation in before:
            found.known.append((evaluation, evidence))
        if is_withdrawn(evaluation, on_record):
            found.notices.append(f"{evaluation.suite}: {WITHDRAWN}")
    return found


def read_prompts(files: list[tuple[str, Path]]) -> Config:
    """Returns configuration files as data; a file of plain text is its text.

    Raises:
        NotFound, Refused: See `read_config_files`; or a text is not UTF-8, or holds a secret.
    """
    texts = [(name, path) for name, path in files if path.suffix not in _STRUCTURED]
    values = dict(read_config_files([one for one in files if one not in texts]).files)
    for name, path in texts:
        try:
            values[name] = path.read_text(encoding="utf-8")
        except OSError as error:
            raise NotFound(f"expected a prompt, found none at {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidInput(f"expected a prompt in UTF-8, found {error} in {path}") from error
    # By format alone: a prompt has no keys, and nothing but another one helps who is refused.
    places = (place for name in values for place in in_values(name, values[name], by_key=False))
    exempt_secrets(places, None, hints=["take it out: what is on record can be read by all"])
    return Config(files=values, digest=digest(values))


def _evaluations(
    evidence: list[Evidence], request: BaselineRequest, document: str, context: Context
) -> list[tuple[Evaluation, Evidence]]:
    of = Subject(request.reference.model, document, baseline=request.reference.label)
    data = request.data or _NO_DATA
    return [(make_evaluation(one, of=of, data=data, context=context), one) for one in evidence]


def _create(
    request: BaselineRequest,
    config: Config,
    evidence: list[Evidence],
    scratch: Path,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> AddedBaseline:
    reference = request.reference
    stored = store_baseline(
        reference, request.kind, request.base, config,
        attachments=attachments_of(evidence), scratch=scratch, models=models,
    )  # fmt: skip
    baseline = Baseline(
        model=reference.model,
        label=reference.label,
        kind=request.kind,
        base=request.base,
        config=config,
        uri=stored.uri,
        run=Run(run_id=stored.run_id, logged_model_id=stored.logged_model_id),
        location=stored.location,
        note=request.note,
        recorded_at=timestamp(context.now()),
        recorded_by=context.actor,
    )
    sorted_out = _sort_out(_evaluations(evidence, request, baseline.digest, context), [], request)
    made = [one for one, _ in sorted_out.fresh]
    path = layout.baseline(reference.model, reference.label)
    documents = {
        layout.model(reference.model): ModelDocument(name=reference.model).to_bytes(),
        path: baseline.to_bytes(),
        **filed_as(made),
    }
    event = make_event(
        context,
        "evaluate",
        f"baseline {reference}: {request.kind} on {request.base}"[:200],
        model=reference.model,
        reason=request.note,
        overrides=overrides_of(evidence),
    )
    requires = (Requirement(path=path, digest=None),)
    try:
        ledger.append(Change(event=event, documents=documents, requires=requires))
    except RequirementFailed as error:
        models.discard(stored)
        raise Conflict(
            f"expected the label {reference} to be free, found that somebody has just taken it",
            hints=["run the command again: scores are added where the configuration is the same"],
        ) from error
    models.attach(stored, {}, make_metrics(made, (), ledger))
    return AddedBaseline(baseline, created=True, evaluations=tuple(made))


def store_baseline(
    reference: BaselineReference,
    kind: BaselineKind,
    base: str,
    config: Config,
    *,
    attachments: Mapping[str, bytes],
    scratch: Path,
    models: ModelStore,
) -> StoredModel:
    """Stores the file of a baseline, and what is kept beside it.

    Raises:
        BackendUnavailable: The store failed.
        IntegrityError: What arrived is not what was sent.
    """
    with TemporaryDirectory(prefix="baseline-", dir=scratch) as folder:
        root = Path(folder)
        (root / FILE).write_bytes(baseline_file(kind, base, config))
        return models.upload(
            Upload(
                model=reference.model,
                files=hash_folder(root),
                root=root,
                folder=FOLDER,
                attachments=attachments,
                params={"baseline.kind": kind, "baseline.base": base} | flatten(config.files),
                tags={"ftr.baseline": reference.label, "ftr.config": config.digest},
                metrics=(),
                datasets=(),
                metadata={IDENTITY: config.digest},
                kind=FOLDER,
                run_id=None,
                is_external=True,
            )
        )


def _score(
    baseline: Baseline,
    stored: StoredModel,
    fresh: list[tuple[Evaluation, Evidence]],
    note: str,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> None:
    """Adds scores to a baseline that is on record: their items first."""
    models.attach(stored, attachments_of(evidence for _, evidence in fresh), ())
    made = [evaluation for evaluation, _ in fresh]
    event = make_event(
        context,
        "evaluate",
        f"evaluate {baseline.reference}: {', '.join(one.suite for one in made)}"[:200],
        model=baseline.model,
        reason=note,
        overrides=overrides_of(evidence for _, evidence in fresh),
    )
    documents = filed_as(made)
    try:
        ledger.append(Change(event=event, documents=documents, requires=free(documents)))
    except RequirementFailed as error:
        raise overtaken(made, reference=baseline.reference) from error
    models.attach(stored, {}, make_metrics(made, (), ledger))
