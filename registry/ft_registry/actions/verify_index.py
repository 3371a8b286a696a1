"""Looks at the indexes of examples, in every place that may have them.

An index is derived: a version serves and comes back without it. What asks for it (leaks, overlap,
erasure) believes it, so that a changed one is damage; a lost one is made again from the data.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ft_registry.actions.recorded_indexes import RecordedIndex, RecordedIndexes
from ft_registry.errors import BackendUnavailable
from ft_registry.model.record import VersionRecord
from ft_registry.model.verification import Depth, Finding
from ft_registry.ports.data import DataCopy, DataFault, DataStore
from ft_registry.ports.ledger import Ledger

if TYPE_CHECKING:
    from ft_registry.ports.example_index import IndexFiles, KeptIndex


class IndexLook:
    """Looks at the indexes of many versions; what they share is looked at once.

    Args:
        ledger: Knows which there are.
        data: Where DVC keeps them.
        indexes: Where we keep copies; asked for when there is an index on record.
        depth: How closely to look.
    """

    def __init__(
        self, ledger: Ledger, data: DataStore, indexes: "Callable[[], IndexFiles]", depth: Depth
    ) -> None:
        self._recorded = RecordedIndexes(ledger)
        self._data = data
        self._indexes = indexes
        self._depth = depth
        self._copies: dict[str, list[DataCopy]] = {}

    def look(self, record: VersionRecord) -> list[Finding]:
        """Returns what became of the indexes of a version's data."""
        return [
            finding
            for one in self._recorded.of(record.data)
            for finding in self._index(one, record.reference)
        ]

    def _index(self, one: RecordedIndex, subject: str) -> Iterator[Finding]:
        path, copies = one.index.path, self._look(one)
        for copy in copies:
            if copy.state == "ok":
                yield Finding("index", path, "ok", subject, copy.place)
            for fault in copy.faults if copy.state == "damaged" else ():
                yield Finding(
                    "index", path, fault.state, subject, copy.place,
                    fault.expected, fault.found, at=fault.at,
                )  # fmt: skip
        if any(copy.state in ("ok", "damaged") for copy in copies):
            return
        places = "; ".join(copy.place for copy in copies)
        reasons = [f"{copy.place}: {copy.reason}" for copy in copies if copy.reason]
        if reasons:
            yield Finding("index", path, "unknown", subject, places, found="; ".join(reasons))
        else:
            yield Finding(
                "index", path, "missing", subject, places, f"md5 {one.index.md5}",
                "nothing: it is derived, --heal makes it again from the data",
            )  # fmt: skip

    def _look(self, one: RecordedIndex) -> list[DataCopy]:
        key = one.index.md5
        if key not in self._copies:
            try:
                found = self._data.copies(one.content, depth=self._depth)
            except BackendUnavailable as error:
                found = [DataCopy("DVC", "unknown", reason=error.message)]
            kept = self._indexes().kept(one.index, depth=self._depth)
            self._copies[key] = [*found, *([_copy(kept, one)] if kept else [])]
        return self._copies[key]


def _copy(kept: "KeptIndex", one: RecordedIndex) -> DataCopy:
    """Returns what is said of our own copy as of any other."""
    if kept.reason:
        return DataCopy(kept.shown, "unknown", reason=kept.reason)
    if not kept.found:
        return DataCopy(kept.shown, "ok")
    expected = one.index.sha256 if kept.found.startswith("sha256") else f"{one.index.size} bytes"
    fault = DataFault(one.index.md5, "changed", expected, kept.found, str(kept.file))
    return DataCopy(kept.shown, "damaged", (fault,))
