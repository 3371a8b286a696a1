"""Makes the ledger: the first event."""

from dataclasses import dataclass

from ft_registry.actions.events import make_event
from ft_registry.model.canonical import canonical_bytes
from ft_registry.model.event import Requirement
from ft_registry.model.layout import FORMAT, FORMAT_VERSION
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change, Ledger, RequirementFailed


@dataclass(frozen=True)
class Initialised:
    """What `init_ledger` found or did."""

    head: str
    created: bool


def init_ledger(ledger: Ledger, context: Context) -> Initialised:
    """Makes the ledger unless there is one.

    Raises:
        BackendUnavailable: The ledger's remote does not answer.
    """
    ledger.refresh()
    head = ledger.head()
    if head is not None:
        return Initialised(head, created=False)
    change = Change(
        event=make_event(context, "init", "begin the ledger"),
        documents={FORMAT: canonical_bytes({"format": FORMAT_VERSION})},
        requires=(Requirement(path=FORMAT, digest=None),),
    )
    try:
        return Initialised(ledger.append(change).id, created=True)
    except RequirementFailed:
        return Initialised(ledger.head() or "", created=False)  # another process was quicker
