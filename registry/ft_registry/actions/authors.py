"""Finds the events that wrote documents, and the documents that no event owns up to.

What was put on top of the ledger by hand has no event that claims it. `verify` looks at all of the
history; this looks at the few documents that a move relies on, or that are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ft_registry.errors import IntegrityError, NotARegistry
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import LoggedEvent
from ft_registry.model.reference import AliasReference, VersionReference
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class Authors:
    """The events that touched some documents, and what each document is now."""

    events: tuple[LoggedEvent, ...]
    """The newest first."""
    present: dict[str, str]
    """The digest of each document that is there, by path."""
    cut: NotARegistry | None
    """The clone is shallow, and events before these are not at hand; None: these are all."""
    at: str | None = None
    """The newest event that counts."""

    def fault(self, place: str, *, once: bool = False) -> str:
        """Returns what no event says of a document, in words; empty: its events made it so.

        Args:
            place: The document.
            once: It is written once: what later events say of it does not count.
        """
        claims = [
            write.digest
            for logged in self.events
            for write in logged.event.writes
            if write.path == place
        ]
        if not claims and self.cut is not None:
            return ""  # who wrote it is beyond the end of the clone
        found = self.present.get(place)
        expected = claims[-1 if once else 0] if claims else None
        if found == expected:
            return ""
        return (
            f"expected {place} as its event put it on record ({expected or 'not at all'}), found "
            f"{found or 'nothing'} there"
        )


def read_authors(
    ledger: Ledger, places: Sequence[str], *folders: str, until: str | None = None
) -> Authors:
    """Returns who wrote documents; all of them in one look at the history.

    Args:
        ledger: The truth.
        places: The documents.
        folders: Where else events are looked for.
        until: Stop at the newest event that says it wrote this document. Of one that moves often
            those before are many, and say nothing of what it is now.

    Raises:
        IntegrityError: One of them was touched by a commit that holds no event.
    """
    events: list[LoggedEvent] = []
    cut = None
    # One state: a document that moves in between would look as if nobody had moved it.
    at = ledger.head()
    try:
        for logged in ledger.events(*places, *folders, newest_first=True, at=at):
            events.append(logged)  # those before the cut count
            if until is not None and any(write.path == until for write in logged.event.writes):
                break
    except NotARegistry as error:
        cut = error
    contents = ledger.read_many(places, at=at)
    present = {place: digest_bytes(content) for place, content in contents.items()}
    return Authors(tuple(events), present, cut, at)


def with_places(authors: Authors, ledger: Ledger, places: Sequence[str]) -> Authors:
    """Returns authors that know what further documents are now.

    Args:
        authors: They have the events that touched the documents.
        ledger: The truth.
        places: The documents.
    """
    contents = ledger.read_many(places, at=authors.at)
    found = {place: digest_bytes(content) for place, content in contents.items()}
    return replace(authors, present=authors.present | found)


def check_authors(ledger: Ledger, version: VersionReference, alias: AliasReference) -> None:
    """Raises unless events wrote the record, the alias and the standing as they are.

    In a shallow clone only what its history reaches is looked at.

    Raises:
        IntegrityError: Somebody changed one of them without an event that says so.
    """
    record = layout.version(version.model, version.number)
    moving = (
        layout.alias(alias.model, alias.alias),
        layout.standing(version.model, version.number),
    )
    faults = [read_authors(ledger, [record]).fault(record, once=True)]
    faults += [read_authors(ledger, [place], until=place).fault(place) for place in moving]
    for place, fault in zip((record, *moving), faults, strict=True):
        if fault:
            newest = next(iter(ledger.events(place, newest_first=True)), None)
            by = f", by the commit {newest.id[:12]}" if newest else ""
            raise IntegrityError(
                f"{fault}{by}: it was written by hand, not by ft-registry",
                hints=[
                    "ft-registry verify names all that was changed so",
                    'the page "Rolling back" says how the ledger goes back to before it',
                ],
            )
