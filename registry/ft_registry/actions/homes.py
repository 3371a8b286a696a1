"""Finds the home of a version or baseline: whatever looks for its bytes asks here."""

from ft_registry.actions.resolve import FiledRecord
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.model.baseline import Baseline
from ft_registry.model.home import Home, first_home
from ft_registry.ports.ledger import Documents


def home_of(ledger: Documents, filed: FiledRecord) -> Home:
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
    return _of(content, record.reference, filed.digest)


def home_of_baseline(ledger: Documents, baseline: Baseline, digest: str) -> Home:
    """Returns where a baseline's file and scored items lie now, as far as the ledger knows.

    Args:
        ledger: The truth.
        baseline: Which.
        digest: Of its document.

    Raises:
        IntegrityError: The ledger's document is no home, or that of another baseline.
    """
    content = ledger.read(layout.baseline_home(baseline.model, baseline.label))
    return parse_baseline_home(content, baseline, digest)


def parse_baseline_home(content: bytes | None, baseline: Baseline, digest: str) -> Home:
    """Returns the home that a document names; without one, that which the baseline names.

    Raises:
        IntegrityError: It is no home, or that of another baseline.
    """
    if content is None:
        return baseline.home(digest)
    return _of(content, baseline.reference, digest)


def _of(content: bytes, reference: str, digest: str) -> Home:
    home = Home.parse(content, what=f"the home of {reference}")
    if home.record != digest:
        raise IntegrityError(
            f"expected the home of {reference} to be that of {digest}, found that of {home.record}",
            hints=["ft-registry verify looks at the whole ledger"],
        )
    return home
