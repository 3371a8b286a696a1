"""Scored items as they are gathered, row by row, into the columns of the normal form."""

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ft_registry.errors import Refused
from ft_registry.evaluations.items import NUMBERS, TEXTS, Floats, Items
from ft_registry.evaluations.measurement import MeasuredScore
from ft_registry.readers.evaluations.documents import named

TEXT_LIMIT = 2000
"""Characters of a text that are kept. Of a prompt the last ones: examples come first."""
_SLICE_VALUES = 64
"""A slice with more values than this slices nothing."""
_NAN = math.nan


def kept_text(text: str, *, tail: bool = False) -> str:
    """Returns as much of a text as is kept, in characters that can be written."""
    if len(text) > TEXT_LIMIT:
        text = text[-TEXT_LIMIT:] if tail else text[:TEXT_LIMIT]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def text_digest(text: str) -> str:
    """Returns the hexadecimal SHA-256 of a text; lone surrogates have one, too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prompts_digest(ids: Sequence[str], hashes: Sequence[str]) -> str:
    """Returns the digest of all prompts in the order of the ids; empty: there are none."""
    if not any(hashes):
        return ""
    hasher = hashlib.sha256()
    for _, one in sorted(zip(ids, hashes, strict=True)):
        hasher.update(one.encode("utf-8", "surrogatepass") + b"\n")
    return "sha256:" + hasher.hexdigest()


class ItemTable:
    """Items that are still being read.

    Args:
        what: The file, for errors.
    """

    def __init__(self, what: object) -> None:
        self._what = what
        self._ids: list[str] = []
        self._seen: set[str] = set()
        self._copies: Counter[str] = Counter()
        self._tasks: list[str] = []
        self._clusters: dict[int, str] = {}
        self._scores: dict[str, array[float]] = {}
        self._numbers: dict[str, array[float]] = {}
        self._texts: dict[str, list[str]] = {}
        self._slices: dict[str, dict[int, str]] = {}
        self._prompts: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, content: str, *, task: str = "") -> int:
        """Adds an item that is named by its content and returns its row.

        A second item of the same content becomes ``-2``, the third ``-3``.
        """
        name = content
        while name in self._seen:
            self._copies[content] += 1
            name = f"{content}-{self._copies[content] + 1}"
        return self._append(name, task)

    def add_named(self, name: object, *, task: str = "") -> int:
        """Adds an item under the name that the file gives it and returns its row.

        Raises:
            Refused: There is one of that name.
        """
        given = named(name, what=f"the id of an item in {self._what}")
        if given in self._seen:
            raise Refused(
                f"expected each item once, found {given!r} again in {self._what}",
                hints=["two runs in one file, or an item that was answered twice: keep one"],
            )
        return self._append(given, task)

    def _append(self, name: str, task: str) -> int:
        self._seen.add(name)
        self._ids.append(name)
        self._tasks.append(task)
        self._prompts.append("")
        return len(self._ids) - 1

    def score(self, row: int, column: str, value: float) -> None:
        """Notes a score; NaN: the item was not scored."""
        _set(self._scores.setdefault(column, array("d")), row, value)

    def number(self, row: int, name: str, value: float | None) -> None:
        """Notes one of `NUMBERS`."""
        if value is not None and name in NUMBERS:
            _set(self._numbers.setdefault(name, array("d")), row, value)

    def text(self, row: int, name: str, value: str) -> None:
        """Notes one of `TEXTS`, cut; of a prompt the digest, too."""
        if not value or name not in TEXTS:
            return
        texts = self._texts.setdefault(name, [])
        texts.extend("" for _ in range(row + 1 - len(texts)))
        texts[row] = kept_text(value, tail=name == "prompt")
        if name == "prompt":
            self._prompts[row] = text_digest(value)

    def slice(self, row: int, name: str, value: str) -> None:
        """Notes which part of a slice an item belongs to."""
        self._slices.setdefault(named(name, what="the name of a slice"), {})[row] = kept_text(value)

    def cluster(self, row: int, value: str) -> None:
        """Notes what an item has in common with others."""
        self._clusters[row] = kept_text(value)

    @property
    def prompts(self) -> str:
        """The digest of all prompts."""
        return prompts_digest(self._ids, self._prompts)

    def finish(self) -> Items:
        """Returns the items.

        Raises:
            Refused: There are none.
        """
        count = len(self._ids)
        if not count:
            raise Refused(
                f"expected scored items in {self._what}, found none",
                hints=["an evaluation of no items measures nothing: look at its log"],
            )
        rows = range(count)
        return Items(
            ids=tuple(self._ids),
            scores={name: _column(values, count) for name, values in sorted(self._scores.items())},
            tasks=tuple(self._tasks) if any(self._tasks) else None,
            clusters=self._cluster_column(),
            slices={
                name: tuple(found.get(row, "") for row in rows)
                for name, found in sorted(self._slices.items())
                if len(set(found.values())) <= _SLICE_VALUES
            },
            texts={
                name: tuple(values) + ("",) * (count - len(values))
                for name, values in sorted(self._texts.items())
            },
            numbers={
                name: _column(values, count) for name, values in sorted(self._numbers.items())
            },
        )

    def _cluster_column(self) -> tuple[str, ...] | None:
        if not self._clusters:
            return None
        # An item of no cluster is one of its own.
        return tuple(self._clusters.get(row, name) for row, name in enumerate(self._ids))


def _set(column: "array[float]", row: int, value: float) -> None:
    if row > len(column):
        column.extend(_NAN for _ in range(row - len(column)))
    if row == len(column):
        column.append(value)
    else:
        column[row] = value


def _column(values: "array[float]", count: int) -> Floats:
    column = np.full(count, _NAN)
    column[: len(values)] = np.frombuffer(values, dtype=np.float64) if values else 0.0
    column.flags.writeable = False
    return column


def mean_of(values: Floats, *, what: str) -> tuple[float, int]:
    """Returns the mean of the items that were scored, and how many they are.

    Raises:
        Refused: No item was scored, or the sum is not finite.
    """
    scored = values[~np.isnan(values)]
    if not len(scored):
        raise Refused(f"expected at least one item that was scored by {what}, found none")
    try:
        mean = math.fsum(scored) / len(scored)
    except (OverflowError, ValueError) as error:
        raise Refused(f"expected scores with a finite sum, found {what} beyond 1.8e308") from error
    if not math.isfinite(mean):
        raise Refused(f"expected finite scores, found an infinity in {what}")
    return mean, len(scored)


def mean_scores(items: Items, columns: Iterable[str] | None = None) -> tuple[MeasuredScore, ...]:
    """Returns the means of columns, of each task where there are several."""
    found = []
    names = list(items.scores) if columns is None else list(columns)
    tasks = np.asarray(items.tasks) if items.tasks else None
    for task in sorted(set(items.tasks)) if items.tasks else [""]:
        for name in names:
            column = items.scores[name]
            values = column if tasks is None else column[tasks == task]
            if tasks is not None and np.isnan(values).all():
                continue  # a metric of another task
            metric, _, filter_name = name.partition(",")
            mean, count = mean_of(values, what=name)
            found.append(
                MeasuredScore(metric=metric, value=mean, n=count, filter=filter_name, task=task)
            )
    return tuple(found)


def unscored_notes(items: Items) -> tuple[str, ...]:
    """Returns a note for each column in which items were not scored."""
    if items.tasks and len(set(items.tasks)) > 1:
        return ()  # each task has metrics of its own
    return tuple(
        f"{missing} of {len(items)} items were not scored by {name}"
        for name, column in items.scores.items()
        if (missing := int(np.isnan(column).sum()))
    )


def check_mean(values: Floats, stated: float, *, metric: str, what: object) -> None:
    """Refuses a total that is not the mean of its items.

    Raises:
        Refused: It is not.
    """
    mean, count = mean_of(values, what=metric)
    if not math.isclose(mean, stated, rel_tol=1e-6, abs_tol=1e-6):
        raise Refused(
            f"expected {metric}={stated} as the mean of its items, found {mean} over {count} items "
            f"in {what}",
            hints=["give the files of one run together, as the evaluator wrote them"],
        )


def by_task(names: Mapping[str, object]) -> dict[str, str]:
    """Returns what is known of each task as text, without what is not known."""
    return {
        task: str(value) for task, value in names.items() if value not in (None, "", "N/A", "null")
    }
