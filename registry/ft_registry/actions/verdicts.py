"""The verdicts on record: those by which aliases came to name a version."""

from collections.abc import Iterable

from ft_registry.model import layout
from ft_registry.model.reference import VersionReference
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Documents

TAG = "ftr.gate."
"""Tag of a version in the store of models, followed by the alias."""


def read_verdicts(ledger: Documents, version: VersionReference) -> list[Verdict]:
    """Returns what gates decided of a version, the oldest first.

    Raises:
        IntegrityError: A document is no verdict.
    """
    folder = layout.version_verdicts(version.model, version.number)
    return parse_verdicts(ledger.read_many(ledger.paths(folder)).items())


def parse_verdicts(contents: Iterable[tuple[str, bytes]]) -> list[Verdict]:
    """Returns verdicts from their bytes by path, the oldest first.

    Raises:
        IntegrityError: A document is no verdict.
    """
    found = [Verdict.parse(content, what=path) for path, content in contents]
    return sorted(found, key=lambda verdict: verdict.decided_at)


def newest_verdicts(verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    """Returns the last one for each alias.

    Args:
        verdicts: The oldest first.
    """
    return {verdict.alias: verdict for verdict in verdicts}


def verdict_tags(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Returns what a store's search finds of verdicts."""
    return {
        f"{TAG}{alias}": _words(verdict) for alias, verdict in newest_verdicts(verdicts).items()
    }


def _words(verdict: Verdict) -> str:
    against = ", ".join(use.reference for use in verdict.opponents)
    words = f"{verdict.outcome}{f' against {against}' if against else ''}"
    overrides = f", overriding {', '.join(verdict.overrides)}" if verdict.overrides else ""
    return f"{words}{overrides}, {verdict.decided_at[:10]}"
