"""The port to the store of models: keeps the bytes and hands out version numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ft_registry.model.manifest import FileEntry
from ft_registry.model.shown import Mark, ShownModel


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
    time: str = ""
    """When it was put on record, as documents write it; empty: it is being put on record now."""


@dataclass(frozen=True)
class Upload:
    """What is to be stored for one version."""

    model: str
    files: tuple[FileEntry, ...]
    root: Path
    """The folder that holds the files, or the one file."""
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
    loading: Mapping[str, object] = field(default_factory=dict)
    """What the store's own loader is told of the weights; empty: it cannot load them."""
    base_folder: Path | None = None
    """Where the base lies on this machine: of no use to a store that others read as well."""
    is_external: bool = False
    """It stands for a model whose weights are kept elsewhere."""
    curves: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    """Steps and values by name, for the run that is opened; one that exists has its own."""


@dataclass(frozen=True)
class StoredModel:
    """Where the store put an upload."""

    logged_model_id: str
    uri: str
    run_id: str
    location: str = ""
    """Where the store itself says that it put it, without credentials; empty: it did not say."""
    mlmodel: FileEntry | None = None
    """The file by which the store's own loader finds the parts; None: it has none."""


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


@dataclass(frozen=True)
class Restored:
    """A version as it is to stand in the store again."""

    stored: StoredModel
    tags: Mapping[str, str]
    description: str


class StoreView(Protocol):
    """Looks at what the store shows, quickly, to compare it with the ledger."""

    def shown(self, models: Sequence[str]) -> dict[str, ShownModel]:
        """Returns what the store has of registered models; one that it does not know is left out.

        Raises:
            BackendUnavailable: The store does not answer, not in time, or cannot be read this way;
                the message says which.
        """

    def known(self, logged_models: Sequence[str]) -> dict[str, bool]:
        """Returns whether the store has logged models, by id: of those that are no version.

        Raises:
            BackendUnavailable: As `shown`.
        """


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
            BackendUnavailable: The store failed; what it has is unreachable, and marked as deleted
                if the store still takes that.
            IntegrityError: What arrived is not what was sent.
        """

    def complete(self, stored: StoredModel, upload: Upload) -> StoredModel:
        """Returns an earlier upload of the same files with all that `upload` would say of it.

        What tells the store's own loader where the parts lie is written anew.

        Raises:
            BackendUnavailable: The store failed.
        """

    def attach(
        self, stored: StoredModel, attachments: Mapping[str, bytes], metrics: Sequence[Metric]
    ) -> None:
        """Adds files, and scores with the data they were measured on, to an upload.

        Raises:
            BackendUnavailable: The store failed.
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
        """Writes what the pages are to say, and marks the description as ours."""

    def set_alias(
        self, model: str, alias: str, mark: Mark, *, description: str | None = None
    ) -> None:
        """Points the store's alias to the version that the ledger names, and marks it as ours.

        What the store shows so already is not written again.

        Args:
            model: The registered model.
            alias: The alias.
            mark: What the ledger's names.
            description: What the model's page is to say; None: it stays as it is.
        """

    def remove_alias(self, model: str, alias: str) -> None:
        """Takes the store's alias away, if it is there."""

    def write_page(
        self,
        model: str,
        number: int,
        *,
        description: str | None,
        tags: Mapping[str, str],
        drop: Sequence[str] = (),
    ) -> None:
        """Writes parts of what the page of a version says; None leaves the description alone.

        Args:
            model: The registered model.
            number: The version.
            description: The whole description; it is marked as ours.
            tags: Those to set.
            drop: The keys of those to take away.
        """

    def describe(self, model: str, description: str) -> None:
        """Writes the description of a registered model, and marks it as ours."""

    def knows(self, stored: StoredModel) -> bool:
        """Returns whether an upload and its run are there, neither of them deleted."""

    def restore_run(self, run_id: str) -> None:
        """Takes a run out of the store's trash."""

    def create_at(self, model: str, number: int, restored: Restored) -> bool:
        """Creates a version under its number, if the store has not handed out that number yet.

        Gaps before it are filled with versions that are taken away again. Killed in between, it
        leaves versions that `tidy` takes away.

        Returns:
            False: the store hands out higher numbers already; nothing has changed.

        Raises:
            OutcomeUnknown: A reply was lost.
        """

    def rebuild(self, model: str, restored: Mapping[int, Restored], *, last: int) -> None:
        """Makes a registered model anew, so that versions stand under numbers handed out before.

        It is made beside the present one: each version in order, the restored ones under their
        numbers, all others as they are now, with tags and descriptions, and the present aliases.
        Then it takes the present one's place. A rebuild that was cut off is settled by `tidy`.

        Args:
            model: The registered model.
            restored: The versions to restore, by number; they win over what is there.
            last: The highest number that was handed out.

        Raises:
            Conflict: The present one changed meanwhile; it was left as it is.
            BackendUnavailable: A version cannot be carried over; nothing has changed.
        """

    def tidy(self, model: str) -> None:
        """Finishes or takes back what a `create_at` or `rebuild` left that was cut off.

        Raises:
            Conflict: Both registered models are there, and the present one is a newer one.
        """
