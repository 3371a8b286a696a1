"""Looks for secrets with Betterleaks: gitleaks' successor, several hundred kinds of secrets."""

import sys
from collections.abc import Iterator, Sequence

from ft_registry.errors import Refused
from ft_registry.examples.sensitive import Finder, texts_of

_LIBRARY = "betterleaks"


def scanner() -> Finder:
    """Returns what looks through examples with Betterleaks.

    Raises:
        Refused: It is not installed.
    """
    try:
        import betterleaks
    except ImportError as error:
        raise Refused(
            "expected Betterleaks to scan examples for secrets, found that it is not installed",
            hints=[
                "pip install ft-registry[scan]",
                "or leave --scan away: heuristics look for the best-known kinds",
            ],
        ) from error

    def scan(contents: Sequence[bytes]) -> Iterator[tuple[int, str]]:
        for place, content in enumerate(contents):
            # One example at a time: a rule that pairs what stands close by must not pair two.
            text = "\n".join(texts_of(content)).replace("\0", " ")
            whole = text.encode("utf-8", "replace").decode()
            for kind in sorted({found.rule_id for found in betterleaks.scan_string(whole)}):
                yield place, f"a secret of the kind {kind} (Betterleaks)"

    return scan


def forbids_fork() -> bool:
    """Returns whether the library runs in this process: its threads would be missing in a copy."""
    return _LIBRARY in sys.modules
