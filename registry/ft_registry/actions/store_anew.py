"""Stores the bytes of a version anew, where the store of models lost track of them.

The record says what the bytes were; only bytes that still are that are stored. A new run and a new
logged model are made from the record, and a home on record says that the version lies there since.
"""

from pathlib import Path

from ft_registry.actions.evaluations import dataset_input, make_metrics
from ft_registry.actions.events import make_event
from ft_registry.actions.loading import Loading, find_loading
from ft_registry.actions.projection import RECORD, gate_pages, load_pages, story_pages
from ft_registry.actions.resolve import FiledRecord
from ft_registry.actions.shown_training import shown_curves, shown_params
from ft_registry.actions.stories import version_story
from ft_registry.actions.tags import IDENTITY, record_tags
from ft_registry.actions.verdicts import read_verdicts
from ft_registry.actions.weights import find_weights
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, in_force
from ft_registry.model.event import Requirement
from ft_registry.model.home import Home
from ft_registry.model.reference import VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.artifacts import ArtifactStore, Shelf
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed
from ft_registry.ports.models import Metric, ModelStore, StoredModel, Upload


def store_anew(
    filed: FiledRecord,
    evaluations: list[Evaluation],
    home: Home,
    *,
    artifacts: ArtifactStore,
    cache: ByteCache,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
) -> tuple[StoredModel, list[str]]:
    """Uploads a version's bytes again and puts on record where they are now.

    Returns:
        Where they are now, and what was beside the weights and is lost, in words.

    Raises:
        NotFound: The bytes are nowhere.
        IntegrityError: They are other bytes than on record.
        BackendUnavailable: A store does not answer.
        RequirementFailed: Somebody else stored the version anew meanwhile.
    """
    record = filed.record
    shelf = artifacts.shelf(home)
    with cache.scratch() as scratch:
        root = find_weights(filed, home, shelf, artifacts, scratch / "weights")
        attachments, notices = _beside(filed, evaluations, home, shelf, artifacts, scratch / "more")
        loaded = load_pages(ledger, record)
        attachments |= story_pages(version_story(loaded, filed), loaded)
        version = VersionReference(record.model, record.version)
        attachments |= gate_pages(read_verdicts(ledger, version))
        metrics = make_metrics(in_force(evaluations), record.data, ledger)
        loading = find_loading(
            root, record.artifact.files, kind=record.kind, folder=record.artifact.folder,
            base=record.base, base_folder=None, ledger=ledger,
        )  # fmt: skip
        attachments |= loading.attachments(root)
        stored = models.upload(_upload(filed, metrics, root, attachments, loading))
    path = layout.home(record.model, record.version)
    before = ledger.read(path)
    moved = Home(
        model=record.model,
        version=record.version,
        record=filed.digest,
        uri=stored.uri,
        run_id=stored.run_id,
        logged_model_id=stored.logged_model_id,
        location=stored.location,
        mlmodel=stored.mlmodel,
        since=timestamp(context.now()),
        by=context.actor,
    )
    event = make_event(
        context,
        "relocate",
        f"relocate {record.reference}: its bytes are stored anew, as {stored.uri}",
        model=record.model,
        version=record.version,
    )
    requires = (
        Requirement(path=path, digest=digest_bytes(before) if before is not None else None),
        Requirement(path=layout.version(record.model, record.version), digest=filed.digest),
    )
    try:
        ledger.append(Change(event=event, documents={path: moved.to_bytes()}, requires=requires))
    except RequirementFailed:
        models.discard(stored)
        raise
    return stored, notices


def check_whole(
    filed: FiledRecord, home: Home, *, artifacts: ArtifactStore, cache: ByteCache
) -> None:
    """Reads every byte of a version's weights.

    Raises:
        NotFound: A file is nowhere.
        IntegrityError: It has other bytes than on record.
        BackendUnavailable: The store does not answer.
    """
    with cache.scratch() as scratch:
        find_weights(filed, home, artifacts.shelf(home), artifacts, scratch / "weights")


def _beside(
    filed: FiledRecord,
    evaluations: list[Evaluation],
    home: Home,
    shelf: Shelf,
    artifacts: ArtifactStore,
    scratch: Path,
) -> tuple[dict[str, bytes], list[str]]:
    """Returns what lies beside the weights, as far as it is what was recorded."""
    record = filed.record
    wanted = {
        one.items.artifact: one.items.digest
        for one in evaluations
        if not isinstance(one.items, Unknown)
    }
    if not isinstance(record.code.patch, Unknown):
        wanted[record.code.patch.artifact] = record.code.patch.digest
    if record.run.document is not None:
        wanted[record.run.document.path] = f"sha256:{record.run.document.sha256}"
    if not isinstance(record.training, Unknown) and record.training.all_points is not None:
        wanted[record.training.all_points.path] = record.training.all_points.digest
    there = sorted(wanted.keys() & shelf.sizes.keys())
    if there:
        artifacts.fetch(home, there, scratch)
    kept = {RECORD: filed.content}
    for name in there:
        content = (scratch / name).read_bytes()
        if digest_bytes(content) == wanted[name]:
            kept[name] = content
    lost = sorted(wanted.keys() - kept.keys())
    return kept, [f"{record.reference}: {name} is lost or damaged" for name in lost]


def _upload(
    filed: FiledRecord,
    metrics: tuple[Metric, ...],
    root: Path,
    attachments: dict[str, bytes],
    loading: Loading,
) -> Upload:
    record = filed.record
    return Upload(
        model=record.model,
        files=record.artifact.files,
        root=root,
        folder=record.artifact.folder,
        attachments=attachments,
        params=shown_params(record.config, record.artifact.peft, record.training),
        tags=record_tags(record, filed.digest),
        metrics=metrics,
        datasets=tuple(dataset_input(dataset) for dataset in record.data),
        metadata={IDENTITY: record.identity},
        kind=record.kind,
        run_id=None,
        loading=loading.flavor if not isinstance(loading.flavor, Unknown) else {},
        curves=shown_curves(record.training),
        is_external=record.artifact.hosted is not None,
    )
