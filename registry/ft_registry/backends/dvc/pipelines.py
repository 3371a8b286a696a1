"""The pipeline of a tree that lies in a folder: read from its files, without DVC."""

from pathlib import Path

from ft_registry.backends.dvc.content import hash_data
from ft_registry.backends.dvc.pointers import locate_stage
from ft_registry.model.checkout_path import checkout_path
from ft_registry.ports.recipe import Recipe


class DvcPipelines:
    """Reads ``dvc.lock`` and ``dvc.yaml`` of a tree."""

    def find(self, tree: Path, path: str) -> Recipe | None:
        """See `Pipelines.find`."""
        try:
            checkout_path(path)
        except ValueError:
            return None  # outside of the tree: nothing of it makes that

        def read(name: str) -> bytes | None:
            file = tree / name
            return file.read_bytes() if file.is_file() else None

        found = locate_stage(path, read)
        return Recipe(*found) if found else None

    def settle(self, tree: Path) -> None:
        """See `Pipelines.settle`."""
        # Without it `dvc.api.params_show()`, which trainings call, asks for a git repository.
        for folder in tree.rglob(".dvc"):
            own = folder / "config.local"
            if folder.is_dir() and not own.exists():
                own.write_text("[core]\n    no_scm = True\n", encoding="utf-8")

    def md5(self, place: Path) -> str:
        """See `Pipelines.md5`."""
        return hash_data(place).dvc.md5
