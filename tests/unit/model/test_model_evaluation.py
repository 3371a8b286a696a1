"""Evaluations: their names, and the table of what counts."""

import itertools

import pytest
from pydantic import ValidationError
from tests.unit.values import make_evaluation, sha

from ft_registry.model.evaluation import (
    Evaluation,
    PublicSet,
    Score,
    in_force,
    parse_public_set,
    score_table,
)


def scored(value: float, *, day: int, suite: str = "dates", metric: str = "f1") -> object:
    return make_evaluation(
        suite=suite,
        scores=(Score(metric=metric, value=value, n=4),),
        recorded_at=f"2026-07-0{day}T00:00:00.000000Z",
    )


def test_the_table_names_suite_and_metric() -> None:
    scores = (Score(metric="f1", value=0.5, n=4), Score(metric="exact_match", value=0.25, n=4))
    table = score_table([make_evaluation(suite="dates", scores=scores)])
    assert table == {"dates.f1": 0.5, "dates.exact_match": 0.25}


def test_the_evaluation_recorded_last_counts_in_whatever_order_they_come() -> None:
    evaluations = [scored(0.1, day=1), scored(0.2, day=2), scored(0.3, day=3)]
    for order in itertools.permutations(evaluations):
        assert score_table(order) == {"dates.f1": 0.3}


def test_suites_do_not_mix() -> None:
    table = score_table([scored(0.1, day=1, suite="a"), scored(0.2, day=2, suite="b")])
    assert table == {"a.f1": 0.1, "b.f1": 0.2}


def test_without_evaluations_there_are_no_scores() -> None:
    assert score_table([]) == {}


def test_the_id_names_suite_and_files_so_that_adding_twice_is_once() -> None:
    one = make_evaluation(origin=sha("7"))
    again = make_evaluation(origin=sha("7"), recorded_at="2027-01-01T00:00:00.000000Z")
    assert one.id == again.id == "dates-7777777777777777"


@pytest.mark.parametrize(
    "changes",
    [{"suite": "other"}, {"origin": sha("9")}],
    ids=["suite", "files"],
)
def test_another_suite_or_other_files_have_another_id(changes: dict[str, object]) -> None:
    assert make_evaluation(**changes).id != make_evaluation().id


def test_an_id_follows_from_what_is_stored() -> None:
    old = make_evaluation(data=PublicSet(name="gsm8k", revision="e53f"))
    assert old.id == Evaluation.parse(old.to_bytes(), what="it").id == "dates-8888888888888888"
    assert b"identity" not in old.to_bytes()  # as older releases wrote it
    further = old.model_copy(update={"identity": old.statement})
    assert further.id == f"dates-{old.statement[7:23]}"
    assert Evaluation.parse(further.to_bytes(), what="it").id == further.id


@pytest.mark.parametrize(
    "changes",
    [
        {"suite": "other"},
        {"origin": sha("9")},
        {"data": PublicSet(name="gsm8k", revision="e53f")},
        {"trusted": "a model called x"},
        {"supersedes": ("dates-1",)},
        {"scores": ()},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_statement_covers_what_is_said(changes: dict[str, object]) -> None:
    one = make_evaluation()
    assert make_evaluation(**changes).statement != one.statement
    later = make_evaluation(recorded_at="2027-01-01T00:00:00.000000Z", notes=("read anew",))
    assert later.statement == one.statement


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "much", None])
def test_a_score_is_a_finite_number(value: object) -> None:
    with pytest.raises(ValidationError):
        Score(metric="m", value=value, n=1)  # type: ignore[arg-type]


def test_a_score_is_of_no_negative_number_of_items() -> None:
    assert Score(metric="m", value=1.0, n=0).n == 0
    with pytest.raises(ValidationError):
        Score(metric="m", value=1.0, n=-1)


def test_what_a_later_evaluation_corrects_counts_no_more() -> None:
    first = make_evaluation(origin=sha("1"), recorded_at="2026-07-03T00:00:00.000000Z")
    other = make_evaluation(origin=sha("2"), recorded_at="2026-07-01T00:00:00.000000Z")
    second = make_evaluation(
        origin=sha("3"), supersedes=(first.id,), recorded_at="2026-07-02T00:00:00.000000Z",
        scores=(Score(metric="exact_match", value=0.25, n=4),),
    )  # fmt: skip
    # Whatever the clocks of those who recorded them said.
    assert in_force([first, second, other]) == [other, second]
    assert score_table([first, second, other]) == {"dates.exact_match": 0.25}


def test_a_score_is_named_by_task_metric_and_filter() -> None:
    assert Score(metric="acc", value=1.0, n=1).key == "acc"
    score = Score(metric="acc", value=1.0, n=1, task="math", filter="strict")
    assert (score.column, score.key) == ("acc,strict", "math.acc,strict")


def test_a_baseline_is_named_by_its_label() -> None:
    assert make_evaluation().subject == "support/2"
    assert make_evaluation(version=None, baseline="few-shot").subject == "support:few-shot"


def test_only_a_full_commit_names_a_public_set_for_good() -> None:
    assert "main is named by no full commit" in parse_public_set("hub:x/y@main").doubt
    assert parse_public_set("hub:x/y@e53f048").doubt
    assert not parse_public_set(f"hub:x/y@{'0a' * 20}").doubt
