"""Standings: what people think of a version after it served."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from ft_registry.model.document import Document
from ft_registry.model.manifest import Digest
from ft_registry.model.names import AliasName, ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

Judgement: TypeAlias = Literal["good", "bad", "deleted"]


class Standing(Document):
    """Whether a version may serve again.

    A rollback calls bad what it leaves, so that no later rollback goes there; promoting it again
    against that word calls it good. ``deleted``: somebody took it out of MLflow and that was
    adopted; it is expected there no more.
    """

    SCHEMA: ClassVar[str] = "ft-registry/standing/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)]
    record: Digest
    standing: Judgement
    alias: AliasName | None
    """The alias that it held when that was said; None: said of the version as such."""
    reason: str
    since: Timestamp
    by: Actor
