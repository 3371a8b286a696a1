"""Two evaluations, paired on items: who wins where they differ, and what else differs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law
from tests.unit.values import WHY, make_evaluation

from ft_registry.actions.compare_evaluations import Side, SuiteComparison, compare_sides
from ft_registry.errors import NotFound
from ft_registry.evaluations.items import Items
from ft_registry.model.evaluation import Harness, Score, SnapshotUse


def side(values: dict[str, float], *, metric: str = "acc", **changes: Any) -> Side:
    """Returns a contender that scored items so."""
    evaluation = {
        key: changes.pop(key)
        for key in ("data", "harness", "partial", "scores", "trusted", "version", "baseline")
        if key in changes
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


def test_slices_and_texts_are_those_of_either_side() -> None:
    known = {
        "slices": {"language": ["de", "en"]}, "tasks": ["math", "law"],
        "texts": {"prompt": ["2+2?", "Who?"], "target": ["4", "Ada"]},
    }  # fmt: skip
    one, other = side({"a": 0, "b": 1}, **known), side({"a": 1, "b": 0})
    there, back = compare_sides(one, other).metrics[0], compare_sides(other, one).metrics[0]
    assert [(s.slice, s.before, s.after) for s in there.slices] == [
        ("task=law", 1.0, 0.0), ("task=math", 0.0, 1.0),
        ("language=de", 0.0, 1.0), ("language=en", 1.0, 0.0),
    ]  # fmt: skip
    assert [(s.slice, s.after, s.before) for s in back.slices] == [
        (s.slice, s.before, s.after) for s in there.slices
    ]
    for found in (there.newly_right[0], back.newly_wrong[0]):
        assert (found.id, found.texts) == ("a", {"prompt": "2+2?", "target": "4"})
        assert found.slices == {"language": "de"}


def test_sides_that_contradict_each_other_in_a_slice_are_told() -> None:
    found = compare_sides(
        side({"a": 0, "b": 0, "c": 1}, slices={"language": ["de", "en", ""]}),
        side({"a": 1, "b": 0, "c": 1}, slices={"language": ["de", "fr", "fr"]}),
    )
    assert [(one.slice, one.n) for one in found.metrics[0].slices] == [
        ("language=de", 1), ("language=fr", 1)
    ]  # fmt: skip
    assert found.warnings == (
        "the sides contradict each other in language of 1 item: counted in no slice of it",
    )


def test_clusters_that_differ_count_alike_whichever_side_is_old() -> None:
    one = side({f"q{n}": float(n % 2) for n in range(8)}, clusters=[*"aabbccdd"])
    other = side({f"q{n}": 1.0 for n in range(8)}, clusters=[*"wwwwxyzz"])
    there, back = compare_sides(one, other), compare_sides(other, one)
    assert there.metrics[0].delta.clusters == back.metrics[0].delta.clusters == 3
    assert there.metrics[0].delta.p == pytest.approx(back.metrics[0].delta.p)
    assert there.warnings == back.warnings
    assert "clusters differ" in there.warnings[0]
    renamed = side({f"q{n}": 1.0 for n in range(8)}, clusters=[*"ssttuuvv"])
    assert compare_sides(one, renamed).warnings == ()


def test_a_metric_with_opposite_directions_is_not_compared() -> None:
    def scored(name: str, better: bool) -> Score:
        return Score(metric=name, value=1.0, n=1, higher_is_better=better)

    one = side({"a": 1.0}, metric="loss", scores=(scored("loss", True),))
    other = side({"a": 2.0}, metric="loss", scores=(scored("loss", False),))
    with pytest.raises(NotFound, match="loss: higher is better on one side, lower on the other"):
        compare_sides(one, other)
    for contender in (one, other):
        contender.items.scores["acc"] = contender.items.scores["loss"]
    found = compare_sides(one, other)
    assert [metric.metric for metric in found.metrics] == ["acc"]
    assert list(found.refused) == ["loss"]


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
        ({"partial": "limit 10"}, "support/2 was measured in part: limit 10"),
        (
            {"partial": "limit 10", "version": None, "baseline": "few-shot"},
            "support:few-shot was measured in part: limit 10",
        ),
        (
            {"trusted": "another model: m/3"},
            "the scores of support/2 were taken on trust: another model: m/3",
        ),
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


def test_data_of_another_name_is_the_same_by_its_content() -> None:
    one, renamed = (SnapshotUse(name=name, key="a" * 32, sha256=WHY) for name in ("old", "new"))
    other = SnapshotUse(name="old", key="b" * 32, sha256=WHY)
    values = {"a": 1.0, "b": 0.0}
    assert not compare_sides(side(values, data=one), side(values, data=renamed)).warnings
    (told,) = compare_sides(side(values, data=one), side(values, data=other)).warnings
    assert told == "the data differs: old aaaaaaaaaaaa, then old bbbbbbbbbbbb"
