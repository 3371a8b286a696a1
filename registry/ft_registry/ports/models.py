"""The port to the store of models: keeps the bytes and hands out version numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ft_registry.model.manifest import FileEntry


@dataclass(frozen=True)
class DatasetInput:
    """A dataset as the store's pages show it."""

    name: str
    digest: str
    """DVC's hash: it is the true one, and it fits into the 36 characters that MLflow allows."""
    source: Mapping[str, object]
    context: str
    """The role."""
    tags: Mapping[str, str]
    rows: int | None
    size: int


@dataclass(frozen=True)
class Metric:
    """One score, tied to the data it was measured on."""

    key: str
    value: float
    dataset: DatasetInput | None


@dataclass(frozen=True)
class Upload:
    """What is to be stored for one version."""

    model: str
    files: tuple[FileEntry, ...]
    root: Path
    """The folder that holds the files."""
    folder: str
    """The folder inside the logged model that they go to."""
    attachments: Mapping[str, bytes]
    """Further artifacts by path, such as the patch and the item tables."""
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[Metric, ...]
    datasets: tuple[DatasetInput, ...]
    metadata: Mapping[str, object]
    kind: str
    run_id: str | None
    """An existing run that the version belongs to; None: open one."""


@dataclass(frozen=True)
class StoredModel:
    """Where the store put an upload."""

    logged_model_id: str
    uri: str
    run_id: str


@dataclass(frozen=True)
class StoredVersion:
    """A version as the store knows it: read back, hence not to be trusted."""

    number: int
    identity: str
    run_id: str
    uri: str


@dataclass(frozen=True)
class Projection:
    """What the store's pages are to say of a version: derived from the ledger, never read back."""

    model: str
    number: int
    logged_model_id: str
    run_id: str
    description: str
    tags: Mapping[str, str]
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()


class ModelStore(Protocol):
    """Keeps bytes under an immutable id and numbers versions."""

    def check(self) -> None:
        """Proves that the store answers.

        Raises:
            BackendUnavailable: It does not.
        """

    def upload(self, upload: Upload) -> StoredModel:
        """Stores the files and verifies that all arrived. Not yet a version: nobody sees it.

        Raises:
            BackendUnavailable: The store failed; what it has is unreachable.
            IntegrityError: What arrived is not what was sent.
        """

    def discard(self, stored: StoredModel) -> None:
        """Marks an upload that became no version as deleted, for the store's own clean-up."""

    def find(self, model: str, identity: str) -> StoredVersion | None:
        """Returns the version that carries the identity, if there is one."""

    def get(self, model: str, number: int) -> StoredVersion | None:
        """Returns a version, or None when the store has none of that number."""

    def create_version(
        self, model: str, stored: StoredModel, *, tags: Mapping[str, str], description: str
    ) -> int:
        """Creates a version in one step, its tags included, and returns its number.

        Raises:
            OutcomeUnknown: The reply was lost and the version cannot be found again.
        """

    def delete_version(self, model: str, number: int) -> None:
        """Takes back a version that no record names."""

    def project(self, projection: Projection) -> None:
        """Writes what the pages are to say."""

    def set_alias(self, model: str, alias: str, number: int) -> None:
        """Points the store's alias to the version that the ledger names."""
