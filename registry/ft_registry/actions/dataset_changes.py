"""Tells what became of the data of one version in another: which set is which, what changed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ft_registry.actions.compare_data import DataDiff, diff_data
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.snapshots import FoundSnapshot, read_snapshots
from ft_registry.errors import FtRegistryError, NotFound
from ft_registry.examples.kernel import SOURCES
from ft_registry.model.snapshot import Dataset
from ft_registry.ports.ledger import Ledger

_LOOKED_UP = 10_000
"""Examples of each kind that are looked up, to tell of which source they are."""
_ALIKE = 0.5
"""Share of the smaller one's examples that two have in common that are one, renamed."""

_SAME: tuple[Callable[[Dataset, Dataset], bool], ...] = (
    lambda one, other: one.name == other.name and one.key == other.key,
    lambda one, other: one.name == other.name and one.path == other.path,
    lambda one, other: one.name == other.name,
    lambda one, other: one.key == other.key,
)
"""What tells that two are one, the surest first."""


@dataclass(frozen=True)
class DatasetChange:
    """A dataset of one role on both sides."""

    role: str
    before: Dataset | None
    after: Dataset | None
    """None: the side has none that it could be."""
    examples: DataDiff | None = None
    """Example by example; None: `why` says why not, or the bytes are the same."""
    why: str = ""
    by_source: Mapping[str, int] = field(default_factory=dict)
    """Changed examples by their source, where they name one and the data is at hand."""

    @property
    def same(self) -> bool:
        """Whether the bytes are the same."""
        if self.before is None or self.after is None:
            return False
        return self.before.key == self.after.key


def dataset_changes(
    old: Sequence[Dataset],
    new: Sequence[Dataset],
    ledger: Ledger,
    shelves: Callable[[], Shelves],
) -> Iterator[DatasetChange]:
    """Yields what became of each dataset, in the order of the old side; what is new comes last.

    Args:
        old: The data of one version.
        new: The data of the other.
        ledger: Has the snapshots.
        shelves: Made when data differs.
    """

    def alike(left: Dataset, right: Dataset) -> float:
        try:
            found = _compare(left, right, ledger, shelves, shown=0)
        except FtRegistryError:
            return 0.0  # nobody can tell: they stay two
        shared = found.same + found.edited
        return shared / max(1, shared + min(found.removed, found.added))

    for role in dict.fromkeys(data.role for data in (*old, *new)):
        before, after = ([data for data in side if data.role == role] for side in (old, new))
        for left, right in pair_datasets(before, after, alike):
            yield _change(role, left, right, ledger, shelves)


def pair_datasets(
    old: Sequence[Dataset],
    new: Sequence[Dataset],
    alike: Callable[[Dataset, Dataset], float],
) -> list[tuple[Dataset | None, Dataset | None]]:
    """Returns which dataset is which, where files may have been renamed; those of one role.

    By name and content, then by name, then by content, then by the examples that they share. A role
    that each side has one of is that one.

    Args:
        old: The datasets of one side.
        new: The datasets of the other.
        alike: Tells which share of the smaller one's examples two have in common.
    """
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    pairs: dict[int, int] = {}
    for same in _SAME:
        for one, other in _left(pairs, old, new):
            if one not in pairs and other not in pairs.values() and same(old[one], new[other]):
                pairs[one] = other
    shares = {(one, other): alike(old[one], new[other]) for one, other in _left(pairs, old, new)}
    for (one, other), share in sorted(shares.items(), key=lambda entry: -entry[1]):
        if share >= _ALIKE and one not in pairs and other not in pairs.values():
            pairs[one] = other
    found: list[tuple[Dataset | None, Dataset | None]] = [
        (data, new[pairs[one]] if one in pairs else None) for one, data in enumerate(old)
    ]
    return found + [(None, data) for n, data in enumerate(new) if n not in pairs.values()]


def _left(
    pairs: Mapping[int, int], old: Sequence[Dataset], new: Sequence[Dataset]
) -> list[tuple[int, int]]:
    taken = set(pairs.values())
    return [
        (one, other)
        for one in range(len(old))
        if one not in pairs
        for other in range(len(new))
        if other not in taken
    ]


def _change(
    role: str,
    before: Dataset | None,
    after: Dataset | None,
    ledger: Ledger,
    shelves: Callable[[], Shelves],
) -> DatasetChange:
    change = DatasetChange(role, before, after)
    if before is None or after is None or change.same:
        return change
    try:
        examples = _compare(before, after, ledger, shelves, shown=_LOOKED_UP)
    except FtRegistryError as error:
        return DatasetChange(role, before, after, why=error.message)
    by_source = _sources(examples)
    return DatasetChange(role, before, after, examples=examples, by_source=by_source)


def _compare(
    before: Dataset,
    after: Dataset,
    ledger: Ledger,
    shelves: Callable[[], Shelves],
    *,
    shown: int,
) -> DataDiff:
    found = read_snapshots(ledger)
    left, right = (_snapshot(data, found) for data in (before, after))
    return diff_data(left, right, shelves(), shown=shown)


def _sources(found: DataDiff) -> dict[str, int]:
    """Returns how many of the changed examples are of which source, the most first."""
    rows = [*found.samples["added"], *found.samples["removed"]]
    rows += [new for _, new in found.samples["edited"]]
    counts = Counter(
        next((str(row[key]) for key in SOURCES if isinstance(row.get(key), str)), "")
        for row in rows
        if isinstance(row, dict)
    )
    if not any(counts):
        return {}
    return {source or "none named": count for source, count in counts.most_common()}


def _snapshot(data: Dataset, found: list[FoundSnapshot]) -> FoundSnapshot:
    for one in found:
        if one.snapshot.content.key == data.key:
            return one
    raise NotFound(
        f"expected a snapshot of {data.path} at {data.dvc.words} {data.key[:12]}, found none on "
        "record",
        hints=["ft-registry data snapshot PATH takes one of data that lies in the work tree"],
    )
