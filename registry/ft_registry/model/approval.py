"""Approvals: a person looked at one record and said yes to it."""

from typing import Annotated, ClassVar

from pydantic import Field

from ft_registry.model.canonical import digest
from ft_registry.model.document import Document, is_empty
from ft_registry.model.manifest import Digest
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp


class Approval(Document):
    """One person's yes to one record. Whoever takes it back takes the document away."""

    SCHEMA: ClassVar[str] = "ft-registry/approval/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)]
    record: Digest
    """What was looked at: of another record it says nothing."""
    by: Actor
    at: Timestamp
    host: str
    reason: Annotated[str, Field(exclude_if=is_empty)] = ""

    @property
    def id(self) -> str:
        """The file name in the ledger: of person and record, so that approving twice is once."""
        return digest({"by": person(self.by.email), "record": self.record})[7:23]


def person(email: str) -> str:
    """Returns what people are told apart by: an e-mail address, capitals aside."""
    return email.strip().casefold()
