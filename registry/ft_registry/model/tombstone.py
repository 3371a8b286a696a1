"""Tombstones: examples that were erased and must not come back."""

from typing import Annotated, ClassVar

from pydantic import Field

from ft_registry.model.document import Document, is_empty
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp


class Tombstone(Document):
    """One example, or one person, that later datasets are checked against.

    It holds hashes, never the text.
    """

    SCHEMA: ClassVar[str] = "ft-registry/tombstone/1"

    exact: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")]
    """The exact hash of the example; empty: it is about a person."""
    normal: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")]
    """The hash of its text, case and spacing aside; empty: not known."""
    subject: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")] = ""
    """The hash of the person's name; empty: it is about an example."""
    key: str = ""
    """The name of the secret that the hashes were made with; empty: they are plain."""
    group: Annotated[str, Field(exclude_if=is_empty)] = ""
    """A random name that the tombstones share which name the same under different secrets: who can
    compare one of them has compared all."""
    reason: str
    since: Timestamp
    by: Actor

    @property
    def id(self) -> str:
        """What tells it from the others: the hash, and the secret."""
        kind = "subject" if self.subject else "example"
        hashed = self.subject or self.exact
        return f"{hashed}-{kind}-{self.key}" if self.key else f"{hashed}-{kind}"
