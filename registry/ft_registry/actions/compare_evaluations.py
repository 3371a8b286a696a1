"""Compares what two versions scored, item by item: who wins where they differ, and by chance?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ft_registry.actions.item_pairs import TASK, ItemPairs, Places
from ft_registry.errors import NotFound
from ft_registry.evaluations.items import Floats, Items
from ft_registry.model.evaluation import Evaluation, PublicSet, Score, SnapshotUse
from ft_registry.statistics.bootstrap import bootstrap_mean_difference
from ft_registry.statistics.estimate import Estimate
from ft_registry.statistics.mcnemar import paired_difference, paired_table
from ft_registry.statistics.paired import paired_t

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
    """Items that are better now; higher, where nobody says what better is."""
    lost: int
    newly_right: tuple[TurnedItem, ...]
    """The first of those that were gained."""
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
    refused: Mapping[str, str]
    """Metrics that both have and that were not compared, and why."""
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
        NotFound: They share no item, or no metric that can be compared.
    """
    suite = after.evaluation.suite
    pairs = ItemPairs.of(before.items, after.items)
    if not len(pairs):
        raise NotFound(
            f"expected items of {suite} that {before.reference} and {after.reference} share, found "
            f"none among {len(before.items)} and {len(after.items)}",
            hints=["they were measured on different data: measure both on the same"],
        )
    common = [name for name in after.items.scores if name in before.items.scores]
    if not common:
        raise NotFound(
            f"expected metrics of {suite} that both have, found "
            f"{', '.join(before.items.scores)} and {', '.join(after.items.scores)}"
        )
    metrics = []
    refused: dict[str, str] = {}
    for name in common:
        directions = _directions(name, before.evaluation.scores, after.evaluation.scores)
        if len(directions) > 1:
            refused[name] = "higher is better on one side, lower on the other"
        elif (found := _compare(name, pairs, next(iter(directions), None), shown)) is not None:
            metrics.append(found)
        else:
            refused[name] = "no item was scored by it on both sides"
    if not metrics:
        why = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise NotFound(
            f"expected a metric of {suite} that {before.reference} and {after.reference} can be "
            f"compared by, found none: {why}"
        )
    return SuiteComparison(
        suite=suite,
        before=before,
        after=after,
        paired=len(pairs),
        only_before=len(before.items) - len(pairs),
        only_after=len(after.items) - len(pairs),
        metrics=tuple(metrics),
        refused=refused,
        warnings=(*_warnings(before.evaluation, after.evaluation), *pairs.contradictions()),
    )


def _compare(
    name: str, pairs: ItemPairs, better: bool | None, shown: int
) -> MetricComparison | None:
    old, new = pairs.before.scores[name][pairs.left], pairs.after.scores[name][pairs.right]
    scored = np.flatnonzero(~(np.isnan(old) | np.isnan(new)))
    if not len(scored):
        return None
    old, new = old[scored], new[scored]
    groups = None if pairs.groups is None else pairs.groups[scored].tolist()
    delta = _delta(new, old, groups)
    is_graded = delta.method.startswith("paired t")
    sign = -1.0 if better is False else 1.0
    gains = np.flatnonzero(sign * (new - old) > 0)
    losses = np.flatnonzero(sign * (new - old) < 0)
    turned = [
        tuple(
            _turned(pairs, int(scored[one]), float(old[one]), float(new[one]))
            for one in kind[:shown].tolist()
        )
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
        slices=tuple(_slices(pairs, scored, old, new)),
    )


def _delta(new: Floats, old: Floats, groups: Sequence[str] | None) -> Estimate:
    is_binary = bool(np.isin(new, (0, 1)).all() and np.isin(old, (0, 1)).all())
    if is_binary and groups is None:
        return paired_difference(paired_table(new, old))
    return paired_t(new, old, clusters=groups)


def _directions(name: str, *sides: Sequence[Score]) -> set[bool]:
    """Returns whether higher is better, as often as it is answered otherwise."""
    return {
        score.higher_is_better
        for scores in sides
        for score in scores
        if score.column == name and score.higher_is_better is not None
    }


def _turned(pairs: ItemPairs, pair: int, old: float, new: float) -> TurnedItem:
    texts = {name: pairs.text(name, pair) for name in ("prompt", "target")}
    for key, items, places in (
        ("before", pairs.before, pairs.left), ("after", pairs.after, pairs.right),
    ):  # fmt: skip
        if "answer" in items.texts:
            texts[key] = items.texts["answer"][int(places[pair])]
    return TurnedItem(
        id=pairs.after.ids[int(pairs.right[pair])],
        before=old,
        after=new,
        texts={name: text for name, text in texts.items() if text},
        slices={
            name: column[pair]
            for name, column in pairs.slices.items()
            if name != TASK and column[pair]
        },
    )


def _slices(pairs: ItemPairs, scored: Places, old: Floats, new: Floats) -> Iterator[SliceDelta]:
    for name, column in pairs.slices.items():
        values = column[scored]
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
    if before.content != after.content:
        yield f"the data differs: {_data(before)}, then {_data(after)}"
    for side in (before, after):
        if side.partial:
            yield f"{side.subject} was measured in part: {side.partial}"
        if side.trusted:
            yield f"the scores of {side.subject} were taken on trust: {side.trusted}"


def _data(evaluation: Evaluation) -> str:
    data = evaluation.data
    if isinstance(data, SnapshotUse):
        return f"{data.name} {data.key[:12]}"
    return f"{data.name}@{data.revision}" if isinstance(data, PublicSet) else "not on record"
