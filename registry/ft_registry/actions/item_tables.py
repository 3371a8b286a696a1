"""Finds the scored items of an evaluation: kept here, else fetched from where the weights lie."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.errors import IntegrityError, NotFound
from ft_registry.evaluations.items import Items
from ft_registry.faultpoints import faultpoint
from ft_registry.formats.item_table import read_item_table
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, ItemTable
from ft_registry.model.home import Home
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.readers.files import hash_file


@dataclass(frozen=True)
class ItemTables:
    """The tables of scored items, by their digest."""

    folder: Path
    """Where they are kept: inside the git directory, deletable."""
    artifacts: ArtifactStore

    def find(self, evaluation: Evaluation, home: Home) -> Items:
        """Returns the items of an evaluation.

        Args:
            evaluation: Which.
            home: Where the bytes of its version lie.

        Raises:
            NotFound: It has totals only.
            IntegrityError: The table has other bytes than were recorded, or is gone from the store.
            BackendUnavailable: The store does not answer.
        """
        items = evaluation.items
        if isinstance(items, Unknown):
            raise NotFound(
                f"expected the scored items of {evaluation.suite}, found none: {items.unknown}",
                hints=["add the evaluation with its samples, such as lm_eval --log_samples writes"],
            )
        place = self.folder / f"{items.digest.removeprefix('sha256:')}.parquet"
        if not place.exists() or not _is(place, items.digest):
            self._fetch(evaluation, items, home, place)
        return read_item_table(place)

    def are_kept(self, items: ItemTable, home: Home) -> bool:
        """Returns whether the store has a table as it was recorded, whatever is kept here.

        Raises:
            NotFound: The store knows the logged model no more.
            BackendUnavailable: The store does not answer.
        """
        shelf = self.artifacts.shelf(home)
        if items.artifact not in shelf.sizes:
            if shelf.is_orphan:
                raise NotFound(
                    f"expected {home.uri} in MLflow, found that it knows it no more",
                    hints=["ft-registry sync --restore makes it again"],
                )
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="items-", dir=self.folder) as scratch:
            self.artifacts.fetch(home, [items.artifact], Path(scratch))
            return _is(Path(scratch) / items.artifact, items.digest)

    def _fetch(self, evaluation: Evaluation, items: ItemTable, home: Home, place: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="items-", dir=self.folder) as scratch:
            try:
                self.artifacts.fetch(home, [items.artifact], Path(scratch))
            except NotFound as error:  # it was there when it went on record
                raise IntegrityError(
                    f"expected {items.artifact} in {home.uri} as it was recorded, found it gone: "
                    f"{error.message}",
                    hints=[
                        *error.hints,
                        _way_back(evaluation),
                        "ft-registry verify tells what else is gone",
                    ],
                ) from error
            found = Path(scratch) / items.artifact
            if not _is(found, items.digest):
                raise IntegrityError(
                    f"expected {items.artifact} in {home.uri} as it was recorded, found other "
                    "bytes",
                    hints=[
                        _way_back(evaluation),
                        "ft-registry verify looks at all that lies beside the weights",
                    ],
                )
            faultpoint("file.place")
            os.replace(found, place)  # noqa: PTH105 - from a folder that is about to go


def _way_back(evaluation: Evaluation) -> str:
    verb = "eval" if evaluation.version is not None else "baseline"
    source = f" ({evaluation.source})" if evaluation.source else ""
    return f"ft-registry {verb} add of the same files{source} puts them back"


def _is(file: Path, digest: str) -> bool:
    return hash_file(file, "sha256")[0] == digest.removeprefix("sha256:")
