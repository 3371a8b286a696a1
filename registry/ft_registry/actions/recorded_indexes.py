"""The indexes of examples on record for the data of versions: derived from it, kept beside it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ft_registry.actions.snapshots import snapshots_of
from ft_registry.errors import IntegrityError
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.snapshot import DataContent, Dataset, DvcHash, Snapshot
from ft_registry.ports.ledger import Ledger


@dataclass(frozen=True)
class RecordedIndex:
    """An index, and the snapshot whose examples it names."""

    index: ExampleIndex
    snapshot: Snapshot

    @property
    def content(self) -> DataContent:
        """The file of the index, as what DVC tracks."""
        index = self.index
        return DataContent(
            path=index.path, dvc=DvcHash(md5=index.md5, size=index.size, nfiles=1),
            sha256=index.sha256, rows=index.rows,
        )  # fmt: skip


class RecordedIndexes:
    """Looks up the indexes of datasets.

    Args:
        ledger: The truth.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, tuple[RecordedIndex, ...]] = {}

    def of(self, data: Iterable[Dataset]) -> list[RecordedIndex]:
        """Returns each index of some datasets once.

        A snapshot that cannot be read names none: who looks at the ledger tells of it.
        """
        found = {one.index.md5: one for dataset in data for one in self._of(dataset.key)}
        return list(found.values())

    def _of(self, key: str) -> tuple[RecordedIndex, ...]:
        if key not in self._known:
            try:
                snapshots = snapshots_of(key, self._ledger)
            except IntegrityError:
                snapshots = []
            self._known[key] = tuple(
                RecordedIndex(one.examples, one)
                for one in snapshots
                if isinstance(one.examples, ExampleIndex)
            )
        return self._known[key]
