"""Checks find what they are of, name what they rest on, and fail with words where it is absent."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.gates.cases import HELDOUT, World, items_of
from tests.ledger.records import make_record

from ft_registry.actions.checks.compare import check_comparison
from ft_registry.actions.checks.score import check_score
from ft_registry.errors import BackendUnavailable
from ft_registry.evaluations.items import Items
from ft_registry.gates.answer import Answer
from ft_registry.gates.comparing import Compared, judged
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Harness, PublicSet, Score
from ft_registry.model.policy_checks import CompareCheck, ScoreCheck

OLD = [1.0] * 50 + [0.0] * 50
NEW = [1.0] * 80 + [0.0] * 20


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def measured(world: World) -> World:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, items_of(NEW))
    return world


def score(**fields) -> ScoreCheck:
    given = {"suite": "dates", "metric": "exact", "at_least": 0.7, "by": "lower_bound", **fields}
    return ScoreCheck(**given)


def compare(**fields) -> CompareCheck:
    given = {
        "suite": "dates", "metric": "exact", "against": "@champion", "test": "superior", **fields
    }  # fmt: skip
    return CompareCheck(**given)


def answer(world: World, check: CompareCheck, number: int = 2) -> Answer:
    found = check_comparison(check, world.case(number))
    return judged(found) if isinstance(found, Compared) else found


def test_a_score_by_its_limit_and_what_it_rests_on(measured: World) -> None:
    case = measured.case()
    found = check_score(score(), case)
    assert found.outcome == "pass"
    (use,) = case.uses.evaluations.values()
    content = measured.ledger.read(use.path)
    assert content is not None
    assert use.subject == "m/2"
    assert use.data == f"heldout@{'a' * 32}"
    (place,) = measured.ledger.paths(layout.evaluations("m", 2))
    assert use.path == place


def test_a_score_by_its_value_asks_the_ledger_alone(measured: World) -> None:
    measured.artifacts.unavailable = True
    assert check_score(score(by="value"), measured.case()).outcome == "pass"
    with pytest.raises(BackendUnavailable):
        check_score(score(), measured.case())
    with pytest.raises(BackendUnavailable):
        check_comparison(compare(), measured.case())


def test_a_total_alone_is_compared_with_nothing(world: World) -> None:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, None, value=0.8)
    assert check_score(score(by="value"), world.case()).outcome == "pass"
    for found in (check_score(score(), world.case()), answer(world, compare())):
        assert found.outcome == "fail"
        assert "found none: totals only; add the evaluation with its samples" in found.found


def test_the_newest_evaluation_counts_that_none_corrects(world: World) -> None:
    first = world.evaluate(2, items_of(NEW))
    world.evaluate(2, items_of(OLD), supersedes=(first.id,))
    assert check_score(score(by="value"), world.case()).outcome == "fail"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"partial": "limit 10 of 100"}, "found a part: limit 10 of 100; allow_partial"),
        ({"trusted": "it says other"}, "found what was set aside: it says other; allow_trusted"),
        ({"record": make_record("m", 3).digest}, "as it is on record"),
        ({"scores": ()}, "among: none"),
        ({"scores": (Score(metric="f1", value=0.5, n=9),)}, "found 0, among: f1"),
    ],
)
def test_an_evaluation_that_does_not_count_fails(world: World, fields, words) -> None:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, items_of(NEW), **fields)
    for found in (check_score(score(), world.case()), answer(world, compare())):
        assert found.outcome == "fail"
        assert words in found.found
    world.evaluate(2, items_of(NEW))
    world.evaluate(1, items_of(OLD), **fields)
    found = answer(world, compare())
    assert found.outcome == "fail"
    assert words in found.found


def test_a_part_or_a_stranger_counts_where_the_check_says_so(world: World) -> None:
    world.evaluate(2, items_of(NEW), partial="limit", trusted="other")
    assert (
        check_score(score(allow_partial=True, allow_trusted=True), world.case()).outcome == "pass"
    )


def test_no_evaluation_no_items_no_scores(world: World) -> None:
    found = check_score(score(), world.case())
    assert found == Answer(
        "fail",
        "expected an evaluation of dates of m/2, found none of any suite; "
        "ft-registry eval add m/2 FILE puts one on record",
    )
    world.evaluate(2, items_of([]))
    assert "expected scored items of dates of m/2, found none" in (
        check_score(score(by="value"), world.case()).found
    )
    world.evaluate(2, items_of([1.0, math.nan]))
    assert "1 item of 2 without: q1" in check_score(score(), world.case()).found
    world.evaluate(2, items_of([1.0, 1.0], ids=["q1", "q1"]))
    assert "once, found twice: q1" in check_score(score(), world.case()).found


def test_a_table_that_is_gone_or_changed_fails(measured: World) -> None:
    stored = measured.artifacts.contents[f"m-{2:032x}"]
    (name,) = stored
    stored[name] = b"other"
    assert "as it was recorded, found other bytes" in check_score(score(), measured.case()).found
    stored.clear()
    assert check_score(score(), measured.case()).outcome == "fail"


def test_tables_are_read_once_for_several_checks(measured: World) -> None:
    case = measured.case()
    for alpha in (0.05, 0.01):
        check_comparison(compare(alpha=alpha), case)
    check_score(score(), case)
    assert len(case.tables) == 2
    assert len(measured.artifacts.fetched) == 2


def test_one_task_of_several(world: World) -> None:
    tasks = ["a"] * 60 + ["b"] * 40
    items = Items(
        ids=[f"q{n}" for n in range(100)], tasks=tasks,
        scores={"exact": np.array([1.0] * 60 + [0.0] * 40)},
    )  # fmt: skip
    scores = tuple(
        Score(metric="exact", value=value, n=n, task=task, higher_is_better=True)
        for task, value, n in (("a", 1.0, 60), ("b", 0.0, 40), ("all", 0.6, 100))
    )
    world.evaluate(2, items, scores=scores)
    found = check_score(score(metric="a.exact", at_least=0.95), world.case())
    assert found.outcome == "pass"
    assert found.score is not None
    assert found.score.n == 60
    total = check_score(score(metric="all.exact"), world.case())
    assert (total.outcome, "it is a total alone" in total.found) == ("fail", True)
    assert check_score(score(metric="all.exact", by="value"), world.case()).outcome == "fail"
    absent = check_score(score(metric="exact"), world.case())
    assert "found 0, among: a.exact, b.exact, all.exact" in absent.found
    worse = replace(items, scores={"exact": np.array([1.0] * 50 + [0.0] * 10 + [1.0] * 40)})
    world.evaluate(3, worse, scores=scores)
    check = compare(metric="exact", against="m/2", slices=("task",))
    assert answer(world, check, 3).outcome == "fail"  # no metric over both
    check = compare(metric="a.exact", against="m/2")
    assert answer(world, check, 3).outcome == "fail"


@pytest.mark.parametrize("against", ["@champion", "m@champion", "m/1"])
def test_an_opponent_by_any_name(measured: World, against: str) -> None:
    case = measured.case()
    found = check_comparison(compare(against=against), case)
    assert isinstance(found, Compared)
    assert judged(found).outcome == "pass"
    assert found.finding.opponent == "m/1"
    use = case.uses.opponents[against]
    assert (use.asked, use.reference, use.digest) == (against, "m/1", make_record("m", 1).digest)
    assert {use.subject for use in case.uses.evaluations.values()} == {"m/1", "m/2"}


def test_a_baseline_as_the_opponent(measured: World) -> None:
    measured.baseline(items_of(OLD))
    case = measured.case()
    found = check_comparison(compare(against="m:prompt"), case)
    assert isinstance(found, Compared)
    assert judged(found).outcome == "pass"
    assert case.uses.opponents["m:prompt"].reference == "m:prompt"
    unknown = answer(measured, compare(against="m:other"))
    assert (unknown.outcome, "expected a baseline" in unknown.found) == ("fail", True)


@pytest.mark.parametrize("absent", ["inconclusive", "pass", "fail"])
def test_an_alias_that_nobody_holds(measured: World, absent) -> None:
    found = answer(measured, compare(against="@shadow", absent=absent))
    assert found == Answer(absent, "nobody holds m@shadow yet")


@pytest.mark.parametrize("against", ["other@champion", "other/1", "m/9"])
def test_an_opponent_that_is_not_there_fails(measured: World, against: str) -> None:
    found = answer(measured, compare(against=against, absent="pass"))
    assert found.outcome == "fail"
    assert "expected a" in found.found


def test_the_candidate_is_no_opponent_of_itself(measured: World) -> None:
    found = answer(measured, compare(against="@champion"), 1)
    assert found.outcome == "inconclusive"
    assert "found that @champion is m/1 itself: it was promoted before" in found.found
    found = answer(measured, compare(against="m/1"), 1)
    assert (found.outcome, "found that m/1 is m/1 itself" in found.found) == ("fail", True)


def test_items_are_paired_by_their_ids(world: World) -> None:
    order = np.random.default_rng(1).permutation(100)
    world.evaluate(1, items_of(OLD))
    shuffled = items_of([NEW[place] for place in order], ids=[f"q{place}" for place in order])
    world.evaluate(2, shuffled)
    found = check_comparison(compare(), world.case())
    assert isinstance(found, Compared)
    assert (found.finding.gained, found.finding.lost) == (30, 0)


def test_items_that_do_not_match_up_are_no_smaller_n(world: World) -> None:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, items_of(NEW[:99], ids=[f"q{number}" for number in range(5, 104)]))
    found = answer(world, compare())
    assert found.outcome == "fail"
    assert "found 4 (q100, q101, q102, ...) of the candidate alone" in found.found
    assert "and 5 (q0, q1, q2, ...) of m/1 alone" in found.found
    groups = answer(world, compare(paired=False))
    assert groups.outcome == "pass"


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("harness", {"harness": Harness(name="items", version="2")}, "by items 2 and by items"),
        ("questions", {"harness": Harness(name="items", questions={"a": "1"})}, "differ: a"),
        ("prompts", {"harness": Harness(name="items", prompts="x")}, "the prompts differ"),
        ("few_shot", {"harness": Harness(name="items", few_shot={"a": 5})}, "the shots differ: a"),
        ("few_shot", {"harness": Harness(name="items", few_shot_digest="y")}, "examples shown"),
        ("task_version", {"harness": Harness(name="items", tasks={"a": "2"})}, "version differs"),
        ("settings", {"harness": Harness(name="items", settings={"t": 1})}, "settings differ: t"),
        ("data", {"data": Unknown(unknown="no")}, "on data that is not on record and on heldout@"),
        ("data", {"data": PublicSet(name="org/set", revision="b")}, "on hub:org/set@b and on"),
    ],
)
def test_what_else_differs_fails_unless_it_may(world: World, name, fields, words) -> None:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, items_of(NEW), **fields)
    found = answer(world, compare())
    assert found.outcome == "fail"
    assert words in found.found
    assert found.found.endswith(f"may_differ: [{name}] in the check takes it")
    assert answer(world, compare(may_differ=(name,))).outcome == "pass"


def test_data_by_another_name_is_the_same(world: World) -> None:
    world.evaluate(1, items_of(OLD))
    world.evaluate(2, items_of(NEW), data=HELDOUT.model_copy(update={"name": "renamed"}))
    assert answer(world, compare()).outcome == "pass"


def scored(better: bool | None) -> tuple[Score, ...]:
    return (Score(metric="exact", value=0.8, n=100, higher_is_better=better),)


def test_the_direction_is_what_the_scores_say_or_else_the_check(world: World) -> None:
    for number, items in ((1, OLD), (2, NEW)):
        world.evaluate(number, items_of(items), scores=scored(None))
    found = answer(world, compare())
    assert (found.outcome, "higher_is_better in the check" in found.found) == ("fail", True)
    assert answer(world, compare(higher_is_better=True)).outcome == "pass"
    assert answer(world, compare(higher_is_better=False)).outcome == "fail"
    world.evaluate(2, items_of(NEW), scores=scored(False))
    found = answer(world, compare(higher_is_better=True))
    assert "expected one direction of exact" in found.found


def test_clusters_and_slices_of_whichever_side_names_them(world: World) -> None:
    clusters = [str(number // 2) for number in range(100)]
    slices = {"language": ["de", "en"] * 50}
    world.evaluate(1, items_of(OLD, clusters=clusters, slices=slices))
    world.evaluate(2, items_of(NEW))
    found = check_comparison(compare(slices=("language",)), world.case())
    assert isinstance(found, Compared)
    assert found.finding.delta.clusters == 50
    assert [one.slice for one in found.finding.slices] == ["language=de", "language=en"]
    world.evaluate(2, items_of(NEW, clusters=[*clusters[:99], "other"]))
    assert "found others for 1 of 100" in answer(world, compare()).found
