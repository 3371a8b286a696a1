"""Plans a registration: all is captured, hashed, held against the ledger; nothing is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.actions.capture import (
    Draft,
    Registration,
    capture,
    look_at,
    named_method,
    pickle_reason,
)
from ft_registry.actions.claims import accept, of_draft
from ft_registry.actions.evaluations import attachments_of, dataset_input, draft_metrics
from ft_registry.actions.events import check_reason, require_ledger
from ft_registry.actions.hosted import tell_same_job
from ft_registry.actions.loading import Loading, find_loading
from ft_registry.actions.made_weights import NO_RUN, find_run
from ft_registry.actions.repeats import measured_of_model, tell_repeats
from ft_registry.actions.resolve import read_evaluations
from ft_registry.actions.run_admission import AdmittedRun, admit
from ft_registry.actions.secrecy import exempt_secrets, secrets_in_draft
from ft_registry.actions.shown_training import claimed_data, shown_curves, shown_params
from ft_registry.actions.standings import read_standing
from ft_registry.actions.tags import IDENTITY, TRANSACTION, version_tags
from ft_registry.actions.tombstones import stored_tombstones, untold_words
from ft_registry.errors import BackendUnavailable, Refused
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import IdentityPointer
from ft_registry.model.run_document import RUN_JSON
from ft_registry.model.snapshot import Dataset
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.context import Context
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import Upload

if TYPE_CHECKING:
    from ft_registry.ports.example_index import IndexFiles
    from ft_registry.ports.runs import RunStore


@dataclass(frozen=True)
class RegistrationPlan:
    """What a registration would put on record."""

    draft: Draft
    run_id: str | None
    known: VersionReference | None
    """The version that has this identity already."""
    scored: frozenset[tuple[str, str]]
    """Suite and digest of the files whose scores that one has already."""
    notices: tuple[str, ...]
    """What nobody can tell of its base and data, and what MLflow's own loader cannot do."""
    loading: Loading
    """What MLflow's own loader is told."""
    unasked: BackendUnavailable | None = None
    """Why MLflow could not be asked which run made the weights."""


def plan_registration(
    request: Registration,
    *,
    top: Path,
    cwd: Path,
    ledger: Ledger,
    data: DataStore,
    code: CodeRepository,
    indexes: "Callable[[], IndexFiles]",
    runs: "Callable[[], RunStore]",
    context: Context,
) -> RegistrationPlan:
    """Captures and hashes what is to be registered; writes nothing.

    Raises:
        InvalidInput, NotFound, Refused, NotARegistry, IntegrityError: See `capture`.
        Refused: A secret would be on record; the same was on record, and its deletion as well;
            scores speak of another model; or data holds what was erased.
        NotFound, IntegrityError, Refused: See `find_run` and `admit`.
        BackendUnavailable: The ledger's remote does not answer.
    """
    require_ledger(ledger)
    check_reason(request.note)
    named_method(request.method)
    looked = look_at(request.path, keep_all=bool(pickle_reason(request.allow_pickle)))
    made_by = find_run(request.run_id, looked.files, runs)
    run = made_by.run
    draft = capture(
        request, looked, top=top, cwd=cwd, ledger=ledger, data=data, code=code, context=context,
        knows_data=run is not None and bool(run.document.data),
    )  # fmt: skip
    ledger.refresh()
    said = made_by.notices
    if run is not None:
        draft, told = admit(draft, run, request=request, top=top, ledger=ledger, code=code)
        said += told
    known = known_as(draft, ledger)
    if known is None:
        draft = _without_secrets(draft, run, request)
    if draft.evaluations:
        measured = of_draft(draft, ledger, known=known)
        there = measured_of_model(ledger, draft.model)
        accepted = tuple(
            tell_repeats(
                accept(one, measured, trust=request.trust, cwd=cwd),
                str(known or ""), there, trust=request.trust,
            )
            for one in draft.evaluations
        )  # fmt: skip
        draft = replace(draft, evaluations=accepted)
    before = read_evaluations(ledger, known) if known is not None else []
    scored = frozenset((one.suite, one.origin) for one in before)
    loading = find_loading(
        draft.root, draft.files, kind=draft.kind, folder=draft.folder, base=draft.base,
        base_folder=draft.base_folder, ledger=ledger,
    )  # fmt: skip
    notices: tuple[str, ...] = ()
    if known is None:  # what is on record already is no new claim
        untold = _untold(draft.data, indexes, ledger)
        same = tell_same_job(draft.hosted, draft.model, ledger)
        notices = (*said, *draft.notices, *untold, *loading.notices(), *same)
        notices += (*_left_out(draft), *_warnings(draft))
    run_id = run.run_id if run is not None else request.run_id
    return RegistrationPlan(
        draft, None if run_id == NO_RUN else run_id, known, scored, notices, loading,
        made_by.unasked,
    )  # fmt: skip


def _untold(
    datasets: Sequence[Dataset], indexes: "Callable[[], IndexFiles]", ledger: Ledger
) -> Iterator[str]:
    """Yields in words of which data nobody can tell whether it holds what was erased."""
    stones = stored_tombstones(ledger)
    if not stones:
        return
    # Not above: it imports what reads tables.
    from ft_registry.actions.recall import recall

    for dataset in datasets:
        untold = recall(dataset, stones, ledger, indexes())
        if untold:
            yield f"{untold_words(dataset, untold)}; ft-registry data check looks"


def _without_secrets(draft: Draft, run: AdmittedRun | None, request: Registration) -> Draft:
    given = [one for one in run.document.exemptions if one.door == "secret"] if run else []
    command = run.document.command if run else ()
    found = exempt_secrets(secrets_in_draft(draft, command), request.allow_secret, known=given)
    return replace(draft, exemptions=(*draft.exemptions, *found))


def _left_out(draft: Draft) -> Iterator[str]:
    """Yields in words what of the folder is not kept."""
    for one in draft.left_out:
        count = f"{len(one.files)} files, " if one.what.endswith("/") else ""
        yield f"left out: {one.what} ({count}{one.size:,} bytes), {one.why}"


def _warnings(draft: Draft) -> list[str]:
    """Returns in words what nobody will know of the version."""
    found = []
    if not draft.data:
        found.append(
            "no data on record: train by ft-registry run --data PATH or in a stage of dvc.yaml, "
            "and it is known; or name it with --data PATH" + claimed_data(draft.training)
        )
    if draft.code.left_out:
        found.append(
            f"{len(draft.code.left_out)} untracked files are too large for the patch, such as "
            f"{draft.code.left_out[0]}: commit them, or track them with DVC"
        )
    revision = getattr(draft.base, "revision", None)
    if getattr(draft.base, "source", "") == "hub" and isinstance(revision, Unknown):
        found.append(f"the base is not pinned: {revision.unknown}")
    if not isinstance(draft.training, Unknown):
        found += draft.training.left_out
    return found


def known_as(draft: Draft, ledger: Ledger) -> VersionReference | None:
    """Returns the version that has a draft's identity already.

    Raises:
        Refused: It was on record, and its deletion is as well.
    """
    # Registered with all that lay in the folder it is the same version: by an older ft-registry,
    # or with pickles allowed.
    for identity in filter(None, (draft.identity, draft.whole_identity)):
        if (content := ledger.read(layout.identity(draft.model, identity))) is not None:
            break
    else:
        return None
    pointer = IdentityPointer.parse(content, what=f"the pointer of identity {identity}")
    version = VersionReference(draft.model, pointer.version)
    standing = read_standing(ledger, version)
    if standing.is_deleted:
        raise Refused(
            f"expected inputs that are not on record, found those of {version}, {standing.words}",
            hints=[
                "that is final; other weights, data, configuration or base make a new version",
                f"ft-registry restore {version} --into DIR brings its files while they survive",
            ],
        )
    return version


def upload_of(plan: RegistrationPlan) -> Upload:
    """Returns what the store of models is to keep of a plan.

    Raises:
        NotFound: A file of the tokenizer is there no more.
    """
    draft, loading = plan.draft, plan.loading
    attachments = attachments_of(draft.evaluations) | loading.attachments(draft.root)
    if not isinstance(draft.code.patch, Unknown):
        attachments[draft.code.patch.artifact] = draft.patch
    if draft.run_document:
        attachments[RUN_JSON] = draft.run_document
    attachments |= draft.points
    tags = version_tags(draft, transaction="")
    return Upload(
        model=draft.model,
        files=draft.files,
        root=draft.root,
        folder=draft.folder,
        attachments=attachments,
        params=shown_params(draft.config, draft.peft, draft.training),
        tags={key: value for key, value in tags.items() if key != TRANSACTION},
        metrics=draft_metrics(draft.evaluations, draft.data),
        datasets=tuple(dataset_input(dataset) for dataset in draft.data),
        metadata={IDENTITY: draft.identity},
        kind=draft.kind,
        run_id=plan.run_id,
        loading=loading.flavor if not isinstance(loading.flavor, Unknown) else {},
        base_folder=loading.base_folder,
        curves=shown_curves(draft.training),
        is_external=draft.hosted is not None,
    )
