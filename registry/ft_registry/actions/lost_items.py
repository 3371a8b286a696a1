"""Finds out whether the store lost the scored items of an evaluation that is on record.

Whoever gives the same files again holds them: they can be put back as they were, since the record
names their bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ft_registry.actions.evaluations import Evidence
from ft_registry.actions.item_tables import ItemTables
from ft_registry.errors import BackendUnavailable, NotFound
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import Evaluation, ItemTable
from ft_registry.model.home import Home

_HELD = "MLflow has lost its scored items: these files hold them"


@dataclass(frozen=True)
class LostItems:
    """What the store has to get again, and what to tell of it."""

    attachments: Mapping[str, bytes] = field(default_factory=dict)
    """By the path beside the weights; empty: nothing is lost, or nothing can be put back."""
    notices: tuple[str, ...] = ()


def find_lost(
    evaluation: Evaluation, evidence: Evidence, home: Home, tables: ItemTables
) -> LostItems:
    """Looks for the items of an evaluation that is on record; changes nothing.

    Args:
        evaluation: As it is on record.
        evidence: The same files, read again.
        home: Where its items should lie.
        tables: Looks at the store.
    """
    items, table = evaluation.items, evidence.table
    if not isinstance(items, ItemTable) or table is None:
        return LostItems()
    try:
        if tables.are_kept(items, home):
            return LostItems()
    except BackendUnavailable as error:
        return LostItems(notices=(f"could not look for its scored items: {error.message}",))
    except NotFound as error:
        return LostItems(notices=(f"its scored items are gone: {error.message}",))
    if digest_bytes(table) != items.digest:
        return LostItems(
            notices=(
                "its scored items are gone from MLflow, and this release reads others from the "
                "files: --corrects puts these in their place",
            )
        )
    return LostItems({items.artifact: table}, (_HELD,))
