"""Finds out how MLflow's own loader is to load a version: `mlflow.transformers.load_model`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import FtRegistryError, NotFound
from ft_registry.formats.mlmodel import COMPONENTS, Weights, transformers_flavor
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Base, HubBase, Kind, VersionBase
from ft_registry.model.reference import parse_reference
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.loading import read_task, tokenizer_files


@dataclass(frozen=True)
class Loading:
    """What an upload takes along for MLflow's loader."""

    flavor: Mapping[str, object] | Unknown
    """Empty: there are no weights here."""
    base_folder: Path | None
    """Where the flavor's base lies on this machine."""
    tokenizer: tuple[str, ...]
    """Those of the files that MLflow looks for in another place as well."""
    is_foreign: bool = False
    """MLflow takes another tokenizer than the one beside the weights."""

    def attachments(self, root: Path) -> dict[str, bytes]:
        """Returns the second copies, by where MLflow looks for them.

        Args:
            root: The folder of the weights.

        Raises:
            NotFound: One is there no more.
        """
        try:
            return {f"{COMPONENTS}/{name}": (root / name).read_bytes() for name in self.tokenizer}
        except OSError as error:
            raise NotFound(
                f"expected to read {error.filename}, found: {error.strerror}",
                hints=["wait for the program that writes it, then run the command again"],
            ) from error

    def notices(self) -> Iterator[str]:
        """Yields what a person should know who means to load it so."""
        if isinstance(self.flavor, Unknown):
            yield f"mlflow.transformers cannot load it: {self.flavor.unknown}"
        elif self.is_foreign:
            yield (
                "mlflow.transformers loads the base's tokenizer from the hub, not the one beside "
                "the weights"
            )


def find_loading(
    root: Path,
    files: Sequence[FileEntry],
    *,
    kind: Kind,
    folder: str,
    base: Base | Unknown,
    base_folder: Path | None,
    ledger: Ledger,
) -> Loading:
    """Returns what MLflow's loader is to be told of a folder of weights.

    Args:
        root: The folder.
        files: Its manifest.
        kind: What kind of weights it holds.
        folder: The folder inside the logged model that they go to.
        base: What they were tuned from.
        base_folder: Where that lies on this machine, if it does.
        ledger: For a base that is a version.
    """
    if kind == "external":
        return Loading({}, None, ())  # what there is to load lies with a service
    tokenizer = tokenizer_files(files)
    flavor = _flavor(root, files, kind, folder, base, base_folder, ledger, bool(tokenizer))
    if isinstance(flavor, Unknown):
        return Loading(flavor, None, ())
    if kind == "adapter" and isinstance(base, HubBase):
        return Loading(flavor, None, (), is_foreign=bool(tokenizer))
    return Loading(flavor, base_folder if kind == "adapter" else None, tokenizer)


def _flavor(
    root: Path,
    files: Sequence[FileEntry],
    kind: Kind,
    folder: str,
    base: Base | Unknown,
    base_folder: Path | None,
    ledger: Ledger,
    has_tokenizer: bool,
) -> Mapping[str, object] | Unknown:
    task = read_task(root, files, kind=kind, base=base_folder)
    if isinstance(task, Unknown):
        return task
    if kind == "adapter" and isinstance(base, VersionBase):
        try:
            below = read_record(ledger, resolve(ledger, parse_reference(base.version))).record
        except FtRegistryError as error:
            return Unknown(unknown=error.message)
        if below.kind == "adapter":
            return Unknown(unknown=f"its base {base.version} is an adapter itself")
    return transformers_flavor(Weights(kind, folder, base, task, has_tokenizer))
