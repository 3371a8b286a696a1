"""Two evaluations, paired on items: who wins where they differ, and what else differs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law
from tests.unit.values import make_evaluation

from ft_registry.actions.compare_evaluations import Side, SuiteComparison, compare_sides
from ft_registry.errors import NotFound
from ft_registry.evaluations.items import Items
from ft_registry.model.evaluation import Harness, Score


def side(values: dict[str, float], *, metric: str = "acc", **changes: Any) -> Side:
    """Returns a contender that scored items so."""
    evaluation = {
        key: changes.pop(key) for key in ("harness", "partial", "scores") if key in changes
    }
    items = Items(ids=list(values), scores={metric: np.array(list(values.values()))}, **changes)
    return Side("m/1", make_evaluation(**evaluation), items)


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.booleans(), min_size=1),
    st.dictionaries(st.text(min_size=1, max_size=3), st.booleans(), min_size=1),
)
@law
def test_sides_are_paired_by_id_in_whatever_order(old: Any, new: Any) -> None:
    before, after = ({key: float(value) for key, value in one.items()} for one in (old, new))
    shared = before.keys() & after.keys()
    if not shared:
        with pytest.raises(NotFound, match="share"):
            compare_sides(side(before), side(after))
        return
    found = compare_sides(side(before), side(dict(reversed(after.items()))))
    (metric,) = found.metrics
    assert (found.paired, found.only_before, found.only_after) == (
        len(shared), len(before) - len(shared), len(after) - len(shared),
    )  # fmt: skip
    assert metric.gained == sum(after[id_] > before[id_] for id_ in shared)
    assert metric.lost == sum(after[id_] < before[id_] for id_ in shared)
    turned = compare_sides(side(after), side(before)).metrics[0]
    assert (turned.gained, turned.lost) == (metric.lost, metric.gained)
    assert turned.delta.estimate == pytest.approx(-metric.delta.estimate)
    assert turned.delta.p == pytest.approx(metric.delta.p)


def test_right_and_wrong_is_judged_by_mcnemar_and_graded_by_t() -> None:
    binary = compare_sides(side({"a": 1, "b": 0, "c": 1}), side({"a": 1, "b": 1, "c": 1})).metrics[
        0
    ]
    graded = compare_sides(
        side({"a": 0.1, "b": 0.5, "c": 1}), side({"a": 0.3, "b": 0.4, "c": 1})
    ).metrics[0]
    assert binary.delta.method.startswith("McNemar")
    assert binary.resampled is None
    assert graded.delta.method == "paired t"
    assert graded.resampled is not None
    assert graded.resampled.estimate == pytest.approx(graded.delta.estimate)


def test_items_of_one_cluster_are_not_independent() -> None:
    values = {f"q{n}": float(n % 2) for n in range(8)}
    better = dict.fromkeys(values, 1.0)
    alone = compare_sides(side(values), side(better)).metrics[0].delta
    clusters = ["a"] * 4 + ["b"] * 4
    together = compare_sides(side(values), side(better, clusters=clusters)).metrics[0].delta
    assert alone.clusters is None
    assert together.clusters == 2
    # Whichever side names them: the same items are compared.
    back = compare_sides(side(better, clusters=clusters), side(values)).metrics[0].delta
    assert (back.clusters, back.p) == (2, together.p)
    assert back.estimate == -together.estimate


def test_where_lower_is_better_an_item_that_falls_is_newly_right() -> None:
    score = Score(metric="loss", value=1.0, n=2, higher_is_better=False)
    found = compare_sides(
        side({"a": 2.0, "b": 1.0}, metric="loss"),
        side({"a": 1.0, "b": 3.0}, metric="loss", scores=(score,)),
    ).metrics[0]
    assert [item.id for item in found.newly_right] == ["a"]
    assert [item.id for item in found.newly_wrong] == ["b"]


def test_texts_of_both_sides_stand_beside_an_item_that_turned() -> None:
    def told(answer: str) -> dict[str, list[str]]:
        return {"prompt": ["2+2?"], "target": ["4"], "answer": [answer]}

    found = compare_sides(side({"a": 0}, texts=told("5")), side({"a": 1}, texts=told("4")))
    assert found.metrics[0].newly_right[0].texts == {
        "prompt": "2+2?", "target": "4", "before": "5", "after": "4"
    }  # fmt: skip


def test_slices_are_compared_each_by_itself() -> None:
    slices = {"language": ["de", "de", "en", ""]}
    found = compare_sides(
        side({"a": 0, "b": 0, "c": 1, "d": 1}),
        side({"a": 1, "b": 0, "c": 1, "d": 0}, slices=slices),
    ).metrics[0]
    assert [(one.slice, one.n, one.before, one.after) for one in found.slices] == [
        ("language=de", 2, 0.0, 0.5), ("language=en", 1, 1.0, 1.0)
    ]  # fmt: skip


def test_tasks_of_one_suite_are_told_apart() -> None:
    tasks = ["math", "law"]
    found = compare_sides(side({"a": 0, "b": 1}), side({"a": 1, "b": 1}, tasks=tasks)).metrics[0]
    assert [(one.slice, one.after) for one in found.slices] == [
        ("task=law", 1.0),
        ("task=math", 1.0),
    ]


def test_an_item_that_one_side_did_not_score_is_left_out() -> None:
    found = compare_sides(side({"a": 1, "b": float("nan")}), side({"a": 0, "b": 1})).metrics[0]
    assert (found.delta.n, found.lost, found.gained) == (1, 1, 0)


def test_without_a_metric_in_common_nothing_is_compared() -> None:
    with pytest.raises(NotFound, match="metrics"):
        compare_sides(side({"a": 1}, metric="f1"), side({"a": 1}, metric="acc"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"harness": Harness(name="lm-eval", version="0.5")},
            "measured by items, then by lm-eval 0.5",
        ),
        ({"harness": Harness(name="items", prompts="x")}, ""),
        (
            {"harness": Harness(name="items", settings={"temperature": 1})},
            "settings differ: temperature",
        ),
        ({"partial": "limit 10"}, "measured in part: limit 10"),
    ],
)
def test_what_else_differs_is_told(changes: dict[str, Any], words: str) -> None:
    found = compare_sides(side({"a": 1}), side({"a": 0}, **changes))
    assert _told(found, words)


def _told(found: SuiteComparison, words: str) -> bool:
    return any(words in warning for warning in found.warnings) if words else not found.warnings


def test_prompts_that_differ_are_told() -> None:
    one, other = (Harness(name="items", prompts=word) for word in ("x", "y"))
    found = compare_sides(side({"a": 1}, harness=one), side({"a": 0}, harness=other))
    assert found.warnings == ("the prompts differ",)
