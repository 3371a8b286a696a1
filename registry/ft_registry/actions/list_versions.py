"""Lists versions from the index."""

from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import require_model
from ft_registry.errors import InvalidInput
from ft_registry.model.names import model_name
from ft_registry.model.selection import select, sort
from ft_registry.model.version_row import VersionRow
from ft_registry.ports.index import VersionIndex
from ft_registry.ports.ledger import Ledger


def list_versions(
    ledger: Ledger,
    index: VersionIndex,
    *,
    model: str | None,
    where: str,
    sort_key: str,
    limit: int | None,
) -> list[VersionRow]:
    """Returns rows of one model's versions, or of all.

    Args:
        ledger: Says whether the model exists.
        index: Has the rows.
        model: The model; None: all.
        where: See `ft_registry.model.selection`; empty: all rows.
        sort_key: See there; empty: by model and number.
        limit: At most so many rows, from the first; None: all.

    Raises:
        NotFound: There is no such model.
        InvalidInput: An argument is malformed.
    """
    require_ledger(ledger)
    if limit is not None and limit < 1:
        raise InvalidInput(f"expected a limit from 1, found {limit}")
    if model is not None:
        require_model(ledger, model_name(model))
    rows = select(index.rows(model), where)
    if sort_key:
        rows = sort(rows, sort_key)
    return rows[:limit]
