"""Shows the ledger's state in the store of models. A projection is derived: never read as truth."""

from collections.abc import Sequence

from ft_registry.actions.homes import home_of
from ft_registry.actions.lineage import made_from
from ft_registry.actions.loaded import Loaded, load_model
from ft_registry.actions.past_ledger import present_state
from ft_registry.actions.resolve import FiledRecord, read_alias
from ft_registry.actions.score_history import score_history
from ft_registry.actions.stories import NEWEST, model_story, version_story
from ft_registry.actions.verdicts import newest_verdicts, read_verdicts, verdict_tags
from ft_registry.errors import BackendUnavailable
from ft_registry.formats.description import describe, describe_model
from ft_registry.formats.lineage_page import lineage_page
from ft_registry.formats.report_page import report_page
from ft_registry.formats.verdict_html import verdict_html
from ft_registry.gates.report import Report
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.event import LoggedEvent
from ft_registry.model.home import Home
from ft_registry.model.record import VersionRecord
from ft_registry.model.reference import VersionReference
from ft_registry.model.shown import Mark
from ft_registry.model.story import VersionStory
from ft_registry.model.verdict import Verdict
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Documents, Ledger
from ft_registry.ports.models import Metric, ModelStore, Projection, StoredModel

RECORD = "ftr/record.json"
LINEAGE = "ftr/lineage.html"
REPORT = "ftr/report.html"
GATES = "ftr/gates"
_REPORTED = 50
"""Versions whose scores a report draws."""
_SETTLING_ROUNDS = 50


def stored_of(home: Home) -> StoredModel:
    """Returns where a version's bytes lie as the store names it."""
    return StoredModel(home.logged_model_id, home.uri, home.run_id, home.location)


def project_version(
    filed: FiledRecord,
    *,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
    metrics: tuple[Metric, ...] = (),
    with_model: bool = True,
) -> list[str]:
    """Writes description, record, pages and tags of a version, and the description of its model.

    The ledger has it already, so a failure here is told and not raised.

    Args:
        filed: The version's record.
        ledger: The truth.
        models: Shows it.
        context: Lets one process of this clone write at a time: what it read is not older than
            what another has written.
        metrics: Scores that are new.
        with_model: Describe the model as well.

    Returns:
        What went wrong, in words.
    """
    record = filed.record
    try:
        with context.lock(_shown(record.model)):
            loaded = load_pages(ledger, record)
            models.project(projection_of(filed, ledger=loaded, metrics=metrics))
            if with_model:
                models.describe(record.model, describe_model(model_story(loaded, record.model)))
    except BackendUnavailable as error:
        return [
            f"{record.reference} is on record; MLflow does not show all of it yet: {error.message}"
        ]
    return []


def _shown(model: str) -> str:
    """Returns the name of the lock under which one process at a time shows a model."""
    return f"show-{model}"


def load_pages(ledger: Ledger, record: VersionRecord) -> Loaded:
    """Returns the documents that the pages of a version tell of, read in few steps."""
    return load_model(ledger, record.model, last=_REPORTED, own=record.version)


def projection_of(
    filed: FiledRecord, *, ledger: Documents, metrics: tuple[Metric, ...] = ()
) -> Projection:
    """Returns what the store's pages are to say of a version."""
    record = filed.record
    home = home_of(ledger, filed)
    verdicts = read_verdicts(ledger, VersionReference(record.model, record.version))
    story = version_story(ledger, filed)
    return Projection(
        model=record.model,
        number=record.version,
        logged_model_id=home.logged_model_id,
        run_id=home.run_id,
        description=describe(story),
        tags={"ftr.record": filed.digest, **verdict_tags(verdicts)},
        attachments={
            RECORD: filed.content,
            **story_pages(story, ledger),
            **gate_pages(verdicts),
        },
        metrics=metrics,
    )


def model_description(ledger: Documents, model: str) -> str:
    """Returns what the store's page of a model is to say."""
    return describe_model(model_story(load_model(ledger, model, last=NEWEST), model))


def story_pages(story: VersionStory, ledger: Documents) -> dict[str, bytes]:
    """Returns the pages that tell of a version, by their paths beside the weights."""
    record = story.record
    graph = made_from(ledger, VersionReference(record.model, record.version))
    history = score_history(ledger, record.model, last=_REPORTED)
    report = report_page(story, history=history, at=ledger.head() or "")
    return {LINEAGE: lineage_page(graph).encode(), REPORT: report.encode()}


def gate_pages(verdicts: Sequence[Verdict]) -> dict[str, bytes]:
    """Returns what the last gate of each alias decided, as people and as programs read it."""
    found: dict[str, bytes] = {}
    for alias, verdict in newest_verdicts(verdicts).items():
        found[f"{GATES}/{alias}.json"] = verdict.to_bytes()
        found[f"{GATES}/{alias}.html"] = verdict_html(Report(verdict)).encode()
    return found


def project_alias(
    model: str,
    alias: str,
    *,
    ledger: Ledger,
    models: ModelStore,
    context: Context,
    moved: LoggedEvent | None = None,
) -> list[str]:
    """Points the store's alias to where the ledger's points, until both agree.

    Another process may move the alias in the ledger between our two steps; whoever looks last
    sees the last state. What cannot be shown now, `sync` shows later. Processes of this clone
    take turns.

    Args:
        model: The model.
        alias: The alias.
        ledger: The truth.
        models: Shows it.
        context: Has the lock.
        moved: The move that is to be shown; once another came after it, it is that one's to show.
            None: whatever the ledger says.

    Returns:
        What went wrong, in words.
    """
    try:
        with context.lock(_shown(model)):
            for _ in range(_SETTLING_ROUNDS):
                state = present_state(ledger)
                before = read_alias(state, model, alias)
                if before is None or (moved is not None and not _left(moved, before)):
                    return []
                mark = Mark(before.version, before.digest)
                models.set_alias(model, alias, mark, description=model_description(state, model))
                if read_alias(ledger, model, alias) == before:
                    return []
    except BackendUnavailable as error:
        return [
            f"the ledger has moved {model}@{alias}; MLflow does not show all of it yet: "
            f"{error.message}"
        ]
    return [f"{model}@{alias} moves all the time: MLflow may show an older version"]


def _left(moved: LoggedEvent, state: AliasState) -> bool:
    """Returns whether an alias is as a move left it."""
    place = layout.alias(state.model, state.alias)
    return any((write.path, write.digest) == (place, state.digest) for write in moved.event.writes)
