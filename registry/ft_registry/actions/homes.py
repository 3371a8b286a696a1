"""Finds the home of a version: whatever looks for its bytes asks here."""

from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.home import Home, first_home
from ft_registry.ports.ledger import Ledger


def home_of(ledger: Ledger, filed: FiledRecord) -> Home:
    """Returns where a version's bytes lie now, as far as the ledger knows.

    Raises:
        IntegrityError: The ledger's document is no home, or that of another record.
    """
    record = filed.record
    return parse_home(ledger.read(layout.home(record.model, record.version)), filed)


def parse_home(content: bytes | None, filed: FiledRecord) -> Home:
    """Returns the home that a document names; without one, that which the record names.

    Raises:
        IntegrityError: It is no home, or that of another record.
    """
    record = filed.record
    if content is None:
        return first_home(record, filed.digest)
    home = Home.parse(content, what=f"the home of {record.reference}")
    if home.record != filed.digest:
        raise IntegrityError(
            f"expected the home of {record.reference} to be that of {filed.digest}, found that of "
            f"{home.record}",
            hints=["ft-registry verify looks at the whole ledger"],
        )
    return home
