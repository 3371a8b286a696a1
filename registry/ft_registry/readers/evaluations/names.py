"""Names of suites, and moments, made from what evaluators write."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from ft_registry.model.time import timestamp

_OUTSIDE = re.compile(r"[^A-Za-z0-9._-]+|\.{2,}")
LONGEST = 100
"""Characters of the name of a suite."""
_NAMED = 3


def suite_of(tasks: Sequence[str], *, otherwise: str = "evaluation") -> str:
    """Returns the name of a suite of tasks, in the grammar of names.

    Args:
        tasks: One, or several: then the first ones, or the first and how many more there are. It
            may be longer than a name can be: whoever reads may give another.
        otherwise: The name where nothing is left of them.
    """
    shown = "-".join(tasks[:_NAMED])
    if len(tasks) > _NAMED or (len(tasks) > 1 and len(shown) > LONGEST):
        shown = f"{tasks[0]}-and-{len(tasks) - 1}-more"
    name = _OUTSIDE.sub("-", shown).strip("._-")
    return name or otherwise


def time_of(text: object) -> str:
    """Returns a moment in the form of documents; empty: the text is none.

    Args:
        text: ISO 8601; without a zone it is taken for UTC, whatever clock wrote it.
    """
    if not isinstance(text, str) or not text:
        return ""
    try:
        found = datetime.fromisoformat(text.strip())
        return timestamp(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return ""
