"""Sums up the registry: what is on record, and where MLflow and the remote differ from it."""

from dataclasses import dataclass

from ft_registry.actions.drift import look_or_say
from ft_registry.actions.events import require_ledger
from ft_registry.model.drift import Drift
from ft_registry.model.event import LoggedEvent
from ft_registry.ports.index import VersionIndex
from ft_registry.ports.ledger import Ledger, RemoteView
from ft_registry.ports.models import StoreView


@dataclass(frozen=True)
class ModelStatus:
    """One model in a few numbers."""

    name: str
    versions: int
    latest: int
    aliases: dict[str, int]


@dataclass(frozen=True)
class Status:
    """The state of the registry as this clone knows it."""

    head: str
    last: LoggedEvent
    models: list[ModelStatus]
    remote: RemoteView | None
    """How the ledger stood to its remote when that was asked last."""
    drift: tuple[Drift, ...]
    """Where the store of models differs from the ledger."""
    unchecked: str
    """Why the store was not looked at; empty: it was."""


def status(
    ledger: Ledger, index: VersionIndex, *, view: StoreView | None, otherwise: str = ""
) -> Status:
    """Returns the state of the registry; neither the remote nor MLflow's absence fails it.

    Args:
        ledger: The truth; its remote is not asked.
        index: Of the versions.
        view: The store of models; None: it is not to be looked at.
        otherwise: Why it is not.

    Raises:
        NotARegistry: There is no ledger here.
        IntegrityError: A document of the ledger cannot be read.
    """
    head = require_ledger(ledger)
    models: dict[str, ModelStatus] = {}
    for row in index.rows():
        seen = models.get(row.model)
        aliases = dict.fromkeys(row.aliases, row.version)
        models[row.model] = ModelStatus(
            name=row.model,
            versions=(seen.versions if seen else 0) + 1,
            latest=row.version,
            aliases={**(seen.aliases if seen else {}), **aliases},
        )
    last = next(iter(ledger.events(newest_first=True)))
    found = look_or_say(ledger, view, otherwise=otherwise)
    return Status(
        head, last, list(models.values()), ledger.remote_view(), found.drift, found.unchecked
    )
