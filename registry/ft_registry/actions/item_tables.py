"""Finds the scored items of an evaluation: kept here, else fetched from where the weights lie."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.errors import IntegrityError, NotFound
from ft_registry.evaluations.items import Items
from ft_registry.formats.item_table import read_item_table
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
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
            self._fetch(items.artifact, items.digest, home, place)
        return read_item_table(place)

    def _fetch(self, artifact: str, digest: str, home: Home, place: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="items-", dir=self.folder) as scratch:
            try:
                self.artifacts.fetch(home, [artifact], Path(scratch))
            except NotFound as error:  # it was there when it went on record
                raise IntegrityError(
                    f"expected {artifact} in {home.uri} as it was recorded, found it gone: "
                    f"{error.message}",
                    hints=[*error.hints, "ft-registry verify tells what else is gone"],
                ) from error
            found = Path(scratch) / artifact
            if not _is(found, digest):
                raise IntegrityError(
                    f"expected {artifact} in {home.uri} as it was recorded, found other bytes",
                    hints=["ft-registry verify looks at all that lies beside the weights"],
                )
            os.replace(found, place)  # noqa: PTH105 - from a folder that is about to go


def _is(file: Path, digest: str) -> bool:
    return hash_file(file, "sha256")[0] == digest.removeprefix("sha256:")
