"""Shows the ledger's state in the store of models. A projection is derived: never read as truth."""

from collections.abc import Sequence

from ft_registry.actions.homes import home_of
from ft_registry.actions.resolve import FiledRecord, read_alias
from ft_registry.actions.score_history import score_history
from ft_registry.actions.verdicts import newest_verdicts, read_verdicts, verdict_tags
from ft_registry.errors import BackendUnavailable
from ft_registry.formats.description import describe
from ft_registry.formats.score_page import score_page
from ft_registry.formats.verdict_html import verdict_html
from ft_registry.gates.report import Report
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.home import Home
from ft_registry.model.reference import VersionReference
from ft_registry.model.shown import Mark
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.models import Metric, ModelStore, Projection, StoredModel

RECORD = "ftr/record.json"
SCORES = "ftr/scores.html"
GATES = "ftr/gates"
_REPORTED = 100
"""Versions on the page with scores."""
_SETTLING_ROUNDS = 5


def stored_of(home: Home) -> StoredModel:
    """Returns where a version's bytes lie as the store names it."""
    return StoredModel(home.logged_model_id, home.uri, home.run_id, home.location)


def project_version(
    filed: FiledRecord,
    evaluations: Sequence[Evaluation],
    *,
    ledger: Ledger,
    models: ModelStore,
    metrics: tuple[Metric, ...] = (),
) -> list[str]:
    """Writes description, record and tags of a version; returns what went wrong, in words.

    The ledger has it already, so a failure here is told and not raised.
    """
    record = filed.record
    home = home_of(ledger, filed)
    verdicts = read_verdicts(ledger, VersionReference(record.model, record.version))
    projection = Projection(
        model=record.model,
        number=record.version,
        logged_model_id=home.logged_model_id,
        run_id=home.run_id,
        description=describe(record, evaluations),
        tags={"ftr.record": filed.digest, **verdict_tags(verdicts)},
        attachments={
            RECORD: filed.content,
            **scores_page(record.model, ledger),
            **gate_pages(verdicts),
        },
        metrics=metrics,
    )
    try:
        models.project(projection)
    except BackendUnavailable as error:
        return [
            f"{record.reference} is on record; MLflow does not show all of it yet: {error.message}"
        ]
    return []


def scores_page(model: str, ledger: Ledger) -> dict[str, bytes]:
    """Returns the page with the scores of the newest versions, by its path beside the weights.

    Nothing where none was measured.
    """
    history = score_history(ledger, model, last=_REPORTED)
    return {SCORES: score_page(history).encode()} if history.series else {}


def gate_pages(verdicts: Sequence[Verdict]) -> dict[str, bytes]:
    """Returns what the last gate of each alias decided, as people and as programs read it."""
    found: dict[str, bytes] = {}
    for alias, verdict in newest_verdicts(verdicts).items():
        found[f"{GATES}/{alias}.json"] = verdict.to_bytes()
        found[f"{GATES}/{alias}.html"] = verdict_html(Report(verdict)).encode()
    return found


def project_alias(model: str, alias: str, *, ledger: Ledger, models: ModelStore) -> list[str]:
    """Points the store's alias to where the ledger's points, until both agree.

    Another process may move the alias in the ledger between our two steps; whoever looks last
    sees the last state. What cannot be shown now, `sync` shows later.
    """
    try:
        for _ in range(_SETTLING_ROUNDS):
            before = read_alias(ledger, model, alias)
            if before is None:
                return []
            models.set_alias(model, alias, Mark(before.version, before.digest))
            if read_alias(ledger, model, alias) == before:
                return []
    except BackendUnavailable as error:
        return [
            f"the ledger has moved {model}@{alias}; MLflow does not show it yet: {error.message}"
        ]
    return [f"{model}@{alias} moves all the time: MLflow may show an older version"]
