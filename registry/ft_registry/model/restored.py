"""What a restored folder says of itself: which version it is, how far, and every file in it."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from ft_registry.model.document import Document
from ft_registry.model.manifest import Digest, FileEntry
from ft_registry.model.names import ModelName
from ft_registry.model.proof import Level, ProofStep
from ft_registry.model.time import Timestamp

# The layout of a restored folder.
CODE = "code"
"""The tree at the commit, with patch, data and whatever else the recorded stage read."""
ARTIFACT = "artifact"
EVALUATIONS = "evaluations"
ENVIRONMENT = "environment"
RECORD = "record.json"
"""The record, as its bytes lie in the ledger."""
RESTORED = "restored.json"


class RestoredFolder(Document):
    """The document ``restored.json``."""

    SCHEMA: ClassVar[str] = "ft-registry/restored/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)]
    record: Digest
    level: Level
    steps: tuple[ProofStep, ...]
    lock: dict[str, Any]
    """What the weights are, as promotions print it."""
    files: tuple[FileEntry, ...]
    """Every file of the folder but this document, by its path there; links are left out."""
    tool: str
    started_at: Timestamp
    finished_at: Timestamp
