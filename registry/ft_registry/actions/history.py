"""Reads the audit trail: who, when, what, why."""

from datetime import datetime

from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import require_model, resolve
from ft_registry.errors import InvalidInput, NotFound
from ft_registry.model import layout
from ft_registry.model.alias import holder_at
from ft_registry.model.event import LoggedEvent
from ft_registry.model.names import model_name
from ft_registry.model.reference import AliasReference, parse_alias_reference, parse_contender
from ft_registry.model.time import timestamp
from ft_registry.ports.ledger import Ledger


def log(ledger: Ledger, subject: str | None) -> list[LoggedEvent]:
    """Returns the events of the registry, of a model, or of an alias, newest first.

    Args:
        ledger: The truth.
        subject: ``name``, ``name@alias``, or None for all.

    Raises:
        NotFound: There is no such model or alias.
        InvalidInput: The subject is malformed.
    """
    require_ledger(ledger)
    if subject is None:
        return list(ledger.events(newest_first=True))
    if ":" in subject and not subject.startswith("models:/"):
        baseline = parse_contender(subject)
        raise InvalidInput(
            f"expected a model or an alias, found the baseline {baseline}: it has no log of its "
            "own",
            hints=[
                f"ft-registry log {baseline.model} has its events",
                f"ft-registry show {baseline} shows it",
            ],
        )
    if "@" in subject:
        return _moves(ledger, parse_alias_reference(subject), newest_first=True)
    require_model(ledger, model_name(subject))
    return list(ledger.events(f"models/{subject}", newest_first=True))


def at(ledger: Ledger, alias: AliasReference, moment: datetime) -> LoggedEvent:
    """Returns the event that decided which version an alias named at a moment.

    Raises:
        NotFound: There is no such alias, or it named nothing yet.
    """
    require_ledger(ledger)
    history = _moves(ledger, alias)
    stamp = timestamp(moment)
    found = holder_at(history, stamp)
    if found is None:
        first = history[0].event
        raise NotFound(
            f"expected {alias} to name a version at {stamp[:19]}Z, found that it named none before "
            f"{first.time[:19]}Z",
            hints=[f"ft-registry log {alias}"],
        )
    return found


def _moves(
    ledger: Ledger, alias: AliasReference, *, newest_first: bool = False
) -> list[LoggedEvent]:
    require_model(ledger, alias.model)
    path = layout.alias(alias.model, alias.alias)
    found = list(ledger.events(path, newest_first=newest_first))
    if not found:
        resolve(ledger, alias)  # says what there is
    return found
