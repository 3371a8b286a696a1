"""Data that DVC tracks, as MLflow's datasets: `mlflow.data.from_dvc(path)` and its source.

MLflow loads this in each process that imports it: nothing of ours is imported before it is used.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource

if TYPE_CHECKING:
    from ft_registry.workspace import Workspace

_SCHEME = "dvc://"


class DvcDatasetSource(DatasetSource):  # type: ignore[misc]
    """A path in a DVC repository, and the hash of what lay there.

    Args:
        path: From the top level of the repository.
        md5: DVC's hash; with ``.dir`` at its end that of a folder.
        pointer: The file that held it.
    """

    def __init__(self, path: str, md5: str, pointer: str = "") -> None:
        self.path = path
        self.md5 = md5
        self.pointer = pointer

    @staticmethod
    def _get_source_type() -> str:
        return "dvc"

    def load(self, dst_path: str | None = None) -> str:
        """Brings the very data of the hash, from DVC's cache or else from a remote.

        Args:
            dst_path: The folder to put it into; None: a new one.

        Returns:
            Where it lies.

        Raises:
            FtRegistryError: No place has it, or something is there already.
        """
        folder = Path(dst_path or tempfile.mkdtemp(prefix="ft-registry-")).resolve()
        target = folder / Path(self.path).name
        _workspace(Path.cwd()).data.bring(self.path, self.md5, target)
        return str(target)

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return isinstance(raw_source, str) and raw_source.startswith(_SCHEME)

    @classmethod
    def _resolve(cls, raw_source: Any) -> "DvcDatasetSource":
        workspace = _workspace(Path.cwd())
        return _described(workspace, workspace.top / raw_source.removeprefix(_SCHEME))[0]

    def to_dict(self) -> dict[str, str]:
        """Returns what `from_dict` reads: as `ft-registry` writes it into runs."""
        return {"path": self.path, "pointer": self.pointer, "md5": self.md5}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> "DvcDatasetSource":
        """Returns the source that a run names.

        Raises:
            InvalidInput: It names data that stays at its source, or none.
        """
        path, md5 = source_dict.get("path"), source_dict.get("md5")
        if not isinstance(path, str) or not isinstance(md5, str):
            from ft_registry.errors import InvalidInput

            raise InvalidInput(f"expected path and md5 of data that DVC keeps, found {source_dict}")
        return cls(path, md5, str(source_dict.get("pointer", "")))


class DvcDataset(Dataset):  # type: ignore[misc]
    """Data that DVC tracks, every byte of it hashed. Made by `from_dvc`."""

    def __init__(
        self,
        source: DvcDatasetSource,
        *,
        name: str | None = None,
        digest: str | None = None,
        counts: dict[str, int] | None = None,
    ) -> None:
        self._counts = counts or {}
        super().__init__(source, name or Path(source.path).name.split(".")[0], digest)

    def _compute_digest(self) -> str:
        source: DvcDatasetSource = self._source
        return source.md5

    def to_dict(self) -> dict[str, str]:
        """Returns what MLflow writes into a run."""
        import json

        return {**super().to_dict(), "profile": json.dumps(self._counts)}

    @property
    def profile(self) -> dict[str, int]:
        """Rows, where they could be counted, and bytes."""
        return self._counts

    @property
    def schema(self) -> None:
        """None: examples have none."""
        return


def from_dvc(path: str, name: str | None = None, digest: str | None = None) -> DvcDataset:
    """Returns data that DVC tracks as a dataset of MLflow.

    Every byte is hashed: what is not what its pointer says is no dataset.

    Args:
        path: The file or folder, or its ``.dvc`` file.
        name: What to call it; None: its file's name.
        digest: None: DVC's own hash.

    Raises:
        FtRegistryError: DVC does not track it, or it is not what its pointer says.
    """
    place = Path(path).absolute()
    if place.suffix == ".dvc" and place.is_file():
        place = place.with_suffix("")
    source, counts = _described(_workspace(place.parent), place)
    return DvcDataset(source, name=name, digest=digest, counts=counts)


def _described(workspace: "Workspace", path: Path) -> tuple[DvcDatasetSource, dict[str, int]]:
    from ft_registry.errors import Refused
    from ft_registry.model.snapshot import DvcHash

    found = workspace.data.describe(path)
    content = found.content
    if not isinstance(content.dvc, DvcHash):
        raise Refused(f"expected data that DVC keeps, found that {content.path} stays elsewhere")
    counts = {"num_bytes": content.dvc.size}
    if isinstance(content.rows, int):
        counts["num_rows"] = content.rows
    return DvcDatasetSource(content.path, content.dvc.md5, found.pointer), counts


def _workspace(folder: Path) -> "Workspace":
    from ft_registry.workspace import Workspace

    return Workspace.open(next(up for up in (folder, *folder.parents) if up.is_dir()))
