"""Baselines: what a fine-tuned version has to beat to be worth its cost.

A prompt, or a prompt with retrieval, in front of a model that is not tuned for the task.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from ft_registry.model.canonical import canonical_bytes
from ft_registry.model.document import Document, is_empty
from ft_registry.model.home import Home
from ft_registry.model.names import AliasName, ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.record import Config, Run
from ft_registry.model.time import Timestamp

BaselineKind: TypeAlias = Literal["prompt", "rag", "other"]
FOLDER = "baseline"
"""The folder inside the logged model that holds its file."""
FILE = "baseline.json"


def baseline_file(kind: BaselineKind, base: str, config: Config) -> bytes:
    """Returns the file that the store keeps of a baseline: what is asked, and how."""
    return canonical_bytes({"kind": kind, "base": base, "config": config.files})


class Baseline(Document):
    """A contender that is not fine-tuned."""

    SCHEMA: ClassVar[str] = "ft-registry/baseline/1"

    model: ModelName
    """The registered model whose versions are held against it."""
    label: AliasName
    kind: BaselineKind
    base: str
    """The model that is asked, as one names it: a hub's ``id@commit``, a model of an API."""
    config: Config
    """Its prompt, retrieval settings and the like, by file."""
    uri: str
    """MLflow's URI of the logged model that keeps the configuration and the scored items."""
    run: Run
    location: Annotated[str, Field(exclude_if=is_empty)] = ""
    note: Annotated[str, Field(exclude_if=is_empty)] = ""
    recorded_at: Timestamp
    recorded_by: Actor

    @property
    def reference(self) -> str:
        """``name:label``."""
        return f"{self.model}:{self.label}"

    def home(self, digest: str) -> Home:
        """Returns where its scored items lay at first.

        Args:
            digest: Of the document.
        """
        return Home(
            model=self.model,
            version=None,
            baseline=self.label,
            record=digest,
            uri=self.uri,
            run_id=self.run.run_id,
            logged_model_id=self.run.logged_model_id,
            location=self.location,
            since=self.recorded_at,
            by=self.recorded_by,
        )
