"""Compares what two versions scored, item by item: who wins where they differ, and by chance?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ft_registry.errors import NotFound
from ft_registry.evaluations.items import Floats, Items
from ft_registry.model.evaluation import Evaluation, PublicSet, Score, SnapshotUse
from ft_registry.statistics.bootstrap import bootstrap_mean_difference
from ft_registry.statistics.estimate import Estimate
from ft_registry.statistics.mcnemar import paired_difference, paired_table
from ft_registry.statistics.paired import paired_t

Places: TypeAlias = "np.ndarray[Any, np.dtype[np.intp]]"

_RESAMPLED = 20_000
"""Items up to which graded scores are resampled: beyond, the t interval is as good."""
_EXAMPLES = 5
"""Items that turned, by default."""


@dataclass(frozen=True)
class Side:
    """One contender: its newest evaluation of a suite, and the items of it."""

    reference: str
    evaluation: Evaluation
    items: Items


@dataclass(frozen=True)
class TurnedItem:
    """An item that one side gets right and the other does not."""

    id: str
    before: float
    after: float
    texts: dict[str, str]
    """Prompt and target of the item, and the answer of either side, as far as they were kept."""
    slices: dict[str, str]


@dataclass(frozen=True)
class SliceDelta:
    """A metric on the items that share a property."""

    slice: str
    """``language=de``."""
    n: int
    before: float
    after: float


@dataclass(frozen=True)
class MetricComparison:
    """One metric on both sides, over the items that both have."""

    metric: str
    higher_is_better: bool | None
    before: float
    after: float
    delta: Estimate
    """New less old, with its interval and p-value."""
    resampled: Estimate | None
    """Of graded scores: the same by the BCa bootstrap, which asks for no bell curve."""
    gained: int
    """Items that the new side scores higher."""
    lost: int
    newly_right: tuple[TurnedItem, ...]
    """The first items that are better now; empty where nobody says what better is."""
    newly_wrong: tuple[TurnedItem, ...]
    slices: tuple[SliceDelta, ...] = ()


@dataclass(frozen=True)
class SuiteComparison:
    """One suite on both sides."""

    suite: str
    before: Side
    after: Side
    paired: int
    """Items that both have."""
    only_before: int
    only_after: int
    metrics: tuple[MetricComparison, ...]
    warnings: tuple[str, ...]
    """What else differs, so that the scores may differ for it."""


def compare_sides(before: Side, after: Side, *, shown: int = _EXAMPLES) -> SuiteComparison:
    """Compares two evaluations of one suite, paired by the items' ids.

    Items that are right or wrong are compared by McNemar's exact test, graded ones by the paired t;
    items that share a cluster are not taken for independent.

    Args:
        before: The old side.
        after: The new side.
        shown: How many items that turned are kept, of each kind and metric.

    Raises:
        NotFound: They share no item, or no metric.
    """
    places = {id_: place for place, id_ in enumerate(before.items.ids)}
    pairs = [(places[id_], place) for place, id_ in enumerate(after.items.ids) if id_ in places]
    suite = after.evaluation.suite
    if not pairs:
        raise NotFound(
            f"expected items of {suite} that {before.reference} and {after.reference} share, found "
            f"none among {len(before.items)} and {len(after.items)}",
            hints=["they were measured on different data: measure both on the same"],
        )
    left, right = (np.array(column, dtype=np.intp) for column in zip(*pairs, strict=True))
    common = [name for name in after.items.scores if name in before.items.scores]
    if not common:
        raise NotFound(
            f"expected metrics of {suite} that both have, found "
            f"{', '.join(before.items.scores)} and {', '.join(after.items.scores)}"
        )
    metrics = [
        found
        for name in common
        if (found := _compare(name, before, after, left, right, shown)) is not None
    ]
    return SuiteComparison(
        suite=suite,
        before=before,
        after=after,
        paired=len(pairs),
        only_before=len(before.items) - len(pairs),
        only_after=len(after.items) - len(pairs),
        metrics=tuple(metrics),
        warnings=tuple(_warnings(before.evaluation, after.evaluation)),
    )


def _compare(
    name: str, before: Side, after: Side, left: Places, right: Places, shown: int
) -> MetricComparison | None:
    old, new = before.items.scores[name][left], after.items.scores[name][right]
    scored = ~(np.isnan(old) | np.isnan(new))
    if not scored.any():
        return None
    old, new, left, right = old[scored], new[scored], left[scored], right[scored]
    groups = _groups(before.items, left) or _groups(after.items, right)
    delta = _delta(new, old, groups)
    is_graded = delta.method.startswith("paired t")
    better = _direction(name, after.evaluation.scores, before.evaluation.scores)
    sign = -1.0 if better is False else 1.0
    gains = np.flatnonzero(sign * (new - old) > 0)
    losses = np.flatnonzero(sign * (new - old) < 0)
    turned = [
        tuple(_turned(one, old, new, before, after, left, right) for one in kind[:shown].tolist())
        for kind in (gains, losses)
    ]
    return MetricComparison(
        metric=name,
        higher_is_better=better,
        before=float(old.mean()),
        after=float(new.mean()),
        delta=delta,
        resampled=bootstrap_mean_difference(new, old, clusters=groups)
        if is_graded and len(new) <= _RESAMPLED
        else None,
        gained=len(gains),
        lost=len(losses),
        newly_right=turned[0],
        newly_wrong=turned[1],
        slices=tuple(_slices(after.items, old, new, right)),
    )


def _groups(items: Items, places: Places) -> list[str] | None:
    """Returns what the items belong to; None: they do not say."""
    if items.clusters is None:
        return None
    return [items.clusters[place] for place in places.tolist()]


def _delta(new: Floats, old: Floats, groups: Sequence[str] | None) -> Estimate:
    is_binary = bool(np.isin(new, (0, 1)).all() and np.isin(old, (0, 1)).all())
    if is_binary and groups is None:
        return paired_difference(paired_table(new, old))
    return paired_t(new, old, clusters=groups)


def _direction(name: str, *sides: Sequence[Score]) -> bool | None:
    said = [
        score.higher_is_better
        for scores in sides
        for score in scores
        if score.column == name and score.higher_is_better is not None
    ]
    return said[0] if said else None


def _turned(
    one: int, old: Floats, new: Floats, before: Side, after: Side, left: Places, right: Places
) -> TurnedItem:
    there, here = int(left[one]), int(right[one])
    texts = {
        name: after.items.texts[name][here]
        for name in ("prompt", "target")
        if name in after.items.texts
    }
    for key, items, place in (("before", before.items, there), ("after", after.items, here)):
        if "answer" in items.texts:
            texts[key] = items.texts["answer"][place]
    return TurnedItem(
        id=after.items.ids[here],
        before=float(old[one]),
        after=float(new[one]),
        texts={name: text for name, text in texts.items() if text},
        slices={name: column[here] for name, column in after.items.slices.items() if column[here]},
    )


def _slices(items: Items, old: Floats, new: Floats, right: Places) -> Iterator[SliceDelta]:
    columns = dict(sorted(items.slices.items()))
    if items.tasks is not None:
        columns = {"task": items.tasks, **columns}
    for name, column in columns.items():
        values = np.array([column[place] for place in right.tolist()], dtype=object)
        for value in sorted({text for text in values.tolist() if text}):
            inside = values == value
            yield SliceDelta(
                slice=f"{name}={value}",
                n=int(inside.sum()),
                before=float(old[inside].mean()),
                after=float(new[inside].mean()),
            )


def _warnings(before: Evaluation, after: Evaluation) -> Iterator[str]:
    old, new = before.harness, after.harness
    if (old.name, old.version) != (new.name, new.version):
        yield (
            f"measured by {f'{old.name} {old.version}'.strip()}, then by "
            f"{f'{new.name} {new.version}'.strip()}"
        )
    for what, one, other in (
        ("the questions", old.questions, new.questions),
        ("the prompts", old.prompts, new.prompts),
        ("the number of examples shown", old.few_shot, new.few_shot),
        ("the examples shown", old.few_shot_digest, new.few_shot_digest),
        ("the task's version", old.tasks, new.tasks),
    ):
        if one and other and one != other:
            yield f"{what} differ"
    changed = sorted(
        key
        for key in old.settings.keys() | new.settings.keys()
        if old.settings.get(key) != new.settings.get(key)
    )
    if changed:
        yield f"the evaluator's settings differ: {', '.join(changed)}"
    if _data(before) != _data(after):
        yield f"the data differs: {_data(before)}, then {_data(after)}"
    for side in (before, after):
        if side.partial:
            yield f"{side.model}/{side.version} was measured in part: {side.partial}"


def _data(evaluation: Evaluation) -> str:
    data = evaluation.data
    if isinstance(data, SnapshotUse):
        return f"{data.name} {data.key[:12]}"
    return f"{data.name}@{data.revision}" if isinstance(data, PublicSet) else "not on record"
