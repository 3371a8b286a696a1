"""Reads a format back from the title that is on record of it."""

from ft_registry.examples.formats import KINDS, SYNONYMS, UNKNOWN, Format


def titled_format(title: str) -> Format | None:
    """Returns the format that has a title; None: no format that is known here has it.

    Args:
        title: See `Format.title`.
    """
    name, _, notes = title.removesuffix(")").partition(" (")
    if name != UNKNOWN and name not in KINDS:
        return None
    style, _, own = notes.rpartition("; ")
    if own == "conversational":
        style, own = own, ""
    owned = set(own.split(", "))
    keys = (*KINDS[name].required, *KINDS[name].optional) if name in KINDS else ()
    renamed = tuple(
        (standard, key)
        for standard in keys
        for key in SYNONYMS.get(standard, ())
        if key in owned and key != standard
    )
    found = Format(name, style == "conversational", renamed)
    return found if found.title == title else None
