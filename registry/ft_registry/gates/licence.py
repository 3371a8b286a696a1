"""The licence that a model card names, in the way of model hubs: YAML between two lines ``---``."""

from collections.abc import Mapping
from typing import Any


def front_matter(card: str) -> str | None:
    """Returns the YAML at the beginning of a card; None: there is none."""
    lines = card.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return None
    for place, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:place])
    return None


def licences_of(metadata: Any) -> list[str]:
    """Returns the licences that a card's metadata names, in lower case.

    Hubs write ``license: other`` beside a ``license_name`` of one that they do not list.
    """
    if not isinstance(metadata, Mapping):
        return []
    found = metadata.get("license")
    names = found if isinstance(found, list) else [found]
    named = [name.strip().lower() for name in names if isinstance(name, str) and name.strip()]
    own = metadata.get("license_name")
    if named == ["other"] and isinstance(own, str) and own.strip():
        return [own.strip().lower()]
    # Of what cannot be read nothing is known: it must not be passed over.
    return named if len(named) == len(names) else []
