"""Sums up the registry, from what is known on this machine."""

from dataclasses import dataclass

from ft_registry.actions.events import require_ledger
from ft_registry.model.event import LoggedEvent
from ft_registry.ports.index import VersionIndex
from ft_registry.ports.ledger import Ledger, RemoteView


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


def status(ledger: Ledger, index: VersionIndex) -> Status:
    """Returns the state of the registry without asking any server.

    Raises:
        NotARegistry: There is no ledger here.
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
    return Status(head, last, list(models.values()), ledger.remote_view())
