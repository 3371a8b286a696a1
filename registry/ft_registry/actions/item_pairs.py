"""The items that two sides share, and what is known of them, whichever side says it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from ft_registry.evaluations.items import Items

Places: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
Words: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]

TASK = "task"


@dataclass(frozen=True)
class ItemPairs:
    """Two tables of items, paired by id."""

    before: Items
    after: Items
    left: Places
    """The rows of the items that both have, in the one table."""
    right: Places
    """The rows of the same items in the other."""

    @classmethod
    def of(cls, before: Items, after: Items) -> "ItemPairs":
        """Pairs two tables; there may be no pair."""
        places = {id_: place for place, id_ in enumerate(before.ids)}
        pairs = [(places[id_], place) for place, id_ in enumerate(after.ids) if id_ in places]
        left, right = zip(*pairs, strict=True) if pairs else ((), ())
        return cls(before, after, np.array(left, dtype=np.intp), np.array(right, dtype=np.intp))

    def __len__(self) -> int:
        return len(self.left)

    @cached_property
    def groups(self) -> Words | None:
        """What items that are not independent have in common; None: neither side says.

        Where both say, items hang together that do so on either side, so that it does not matter
        which is the old one.
        """
        left, right = self._columns(self.before.clusters, self.after.clusters)
        if left is None or right is None:
            return right if left is None else left
        return _connected(left, right)

    @cached_property
    def slices(self) -> dict[str, Words]:
        """What each item is a part of, by name; empty: it is none, or the sides contradict."""
        found = {}
        for name, left, right in self._named():
            if left is None or right is None:
                known = right if left is None else left
                assert known is not None  # noqa: S101 - a name is of one side at least
                found[name] = known
                continue
            merged = np.where(left == "", right, left)
            merged[_contradict(left, right)] = ""
            found[name] = merged
        return found

    def contradictions(self) -> Iterator[str]:
        """Yields what the sides say otherwise of the same items."""
        for name, left, right in self._named():
            if left is None or right is None:
                continue
            if count := int(_contradict(left, right).sum()):
                yield (
                    f"the sides contradict each other in {name} of {count} "
                    f"item{'s' if count > 1 else ''}: counted in no slice of it"
                )
        left, right = self._columns(self.before.clusters, self.after.clusters)
        if left is not None and right is not None:
            kinds = {len(set(left)), len(set(right)), len(set(zip(left, right, strict=True)))}
            if len(kinds) > 1:
                yield "the clusters differ: items hang together that do so on either side"

    def text(self, name: str, pair: int) -> str:
        """Returns a text of an item that both should have; the newer side's, where both do."""
        for items, place in ((self.after, self.right[pair]), (self.before, self.left[pair])):
            if text := items.texts[name][place] if name in items.texts else "":
                return text
        return ""

    def _named(self) -> Iterator[tuple[str, Words | None, Words | None]]:
        yield from (
            (TASK, *tasks)
            for tasks in (self._columns(self.before.tasks, self.after.tasks),)
            if any(one is not None for one in tasks)
        )
        for name in sorted({*self.before.slices, *self.after.slices}):
            yield (
                name,
                *self._columns(self.before.slices.get(name), self.after.slices.get(name)),
            )

    def _columns(
        self, before: Sequence[str] | None, after: Sequence[str] | None
    ) -> tuple[Words | None, Words | None]:
        return _at(before, self.left), _at(after, self.right)


def _at(column: Sequence[str] | None, places: Places) -> Words | None:
    return None if column is None else np.array([*column, ""], dtype=object)[places]


def _contradict(left: Words, right: Words) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    differing: np.ndarray[Any, np.dtype[np.bool_]] = (left != right) & (left != "") & (right != "")
    return differing


def _connected(left: Words, right: Words) -> Words:
    """Returns one name for all items that hang together by the labels of either side."""
    above: dict[tuple[int, str], tuple[int, str]] = {}

    def top(label: tuple[int, str]) -> tuple[int, str]:
        path = []
        while (parent := above.setdefault(label, label)) != label:
            path.append(label)
            label = parent
        above.update(dict.fromkeys(path, label))
        return label

    for one, other in zip(left, right, strict=True):
        above[top((0, one))] = top((1, other))
    return np.array([top((0, one))[1] for one in left], dtype=object)
