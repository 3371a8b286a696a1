"""Events: what the ledger's commits say happened, and under which requirements.

Requirements ride with updates, as in Iceberg's commits: an event lists the documents it relied on,
each with the digest it must still have (or none, when it must be absent). When the head has moved
they are checked again before the event is applied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from ft_registry.model.canonical import canonical_bytes, digest_bytes
from ft_registry.model.document import Document, Part, is_empty
from ft_registry.model.manifest import Digest, RelativePath
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

EventType: TypeAlias = Literal[
    "init", "snapshot", "register", "evaluate", "approve", "promote", "rollback",
    "restore", "reproduce", "adopt", "relocate", "erase", "policy",
]  # fmt: skip


class Requirement(Part):
    """A document as the event must find it."""

    path: RelativePath
    digest: Digest | None
    """None: there is no document at the path."""
    folder: Annotated[bool, Field(exclude_if=lambda value: not value)] = False
    """The path is a folder's, and the digest `digest_within`: the event relies on what is not in
    it as well, such as an evaluation that nobody had added yet."""

    def found(self, digests: Mapping[str, str | None]) -> str | None:
        """Returns the digest that a state has in place of the one required.

        Args:
            digests: Of its documents, by path: the one at `path`, or all that lie in the folder.
        """
        return digest_within(self.path, digests) if self.folder else digests.get(self.path)


def digest_within(folder: str, digests: Mapping[str, str | None]) -> str | None:
    """Returns one digest of all documents that lie in a folder; None: there are none.

    What lies in folders below it does not count.

    Args:
        folder: Its path.
        digests: Of documents, by path; others may be among them.
    """
    within = {
        path: digest
        for path, digest in digests.items()
        if digest is not None and path.rpartition("/")[0] == folder
    }
    return digest_bytes(canonical_bytes(within)) if within else None


class Write(Part):
    """A document that the event wrote."""

    path: RelativePath
    digest: Digest | None
    """None: it took the document away."""


class Event(Document):
    """One thing that happened."""

    SCHEMA: ClassVar[str] = "ft-registry/event/1"

    type: EventType
    time: Timestamp
    actor: Actor
    host: str
    tool: str
    """The program that wrote the event, with its version."""
    nonce: str
    """Random, so that no two events are equal byte for byte: git answers "up to date" to the push
    of a commit that the other side already has, without testing who came first."""
    subject: str
    """One line for people."""
    reason: str = ""
    model: str | None = None
    version: int | None = None
    alias: str | None = None
    previous: Annotated[int | None, Field(alias="from")] = None
    """The version that the alias named before; None when it named none."""
    to: int | None = None
    """The version that the alias names since."""
    overrides: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """The guards that a person set aside, by name; shown for ever."""
    provenance: Annotated[dict[str, str], Field(default_factory=dict, exclude_if=is_empty)]
    """Of an adopted change: where it was found (``store``, ``uri``, ``seen_at``, ...)."""
    requires: tuple[Requirement, ...] = ()
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True)
class LoggedEvent:
    """An event with the name that the ledger gave it."""

    id: str
    """The ledger's name of the event: the commit."""
    event: Event
