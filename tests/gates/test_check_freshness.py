"""The check ``freshness``: measured lately, on the data that counts."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.gates.fact_cases import NOW, World

from ft_registry.actions.checks.freshness import check_freshness
from ft_registry.model.evaluation import PublicSet
from ft_registry.model.policy_checks import FreshnessCheck
from ft_registry.model.time import timestamp

OTHER = {"origin": "sha256:" + "c" * 64, "recorded_at": "2026-07-02T12:00:00.000000Z"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.version(1)
    return found


def look(world: World, **asked: object) -> tuple[str, str]:
    check = FreshnessCheck(suite="dates", **asked)  # type: ignore[arg-type]
    answer = check_freshness(check, world.case())
    return answer.outcome, answer.found


def test_days_count_from_when_it_was_measured(world: World) -> None:
    world.evaluation(1, measured_at=timestamp(NOW - timedelta(days=9)))
    assert look(world, within_days=9)[0] == "pass"
    outcome, found = look(world, within_days=8.9)
    assert outcome == "fail"
    assert "measured at 2026-06-29T12:00:00Z, 9.0 days ago" in found
    assert "eval add support/1" in found


def test_without_that_from_when_it_was_put_on_record(world: World) -> None:
    world.evaluation(1)
    assert "put on record at 2026-07-01" in look(world, within_days=7)[1]
    assert look(world, within_days=7)[0] == "pass"
    assert look(world, within_days=6)[0] == "fail"


def test_the_future_is_not_fresh(world: World) -> None:
    world.evaluation(1, measured_at=timestamp(NOW + timedelta(seconds=1)))
    outcome, found = look(world, within_days=9)
    assert outcome == "fail"
    assert "in the future" in found


def test_the_newest_counts_and_is_noted(world: World) -> None:
    world.evaluation(1)
    newer = world.evaluation(1, **OTHER)
    case = world.case()
    answer = check_freshness(FreshnessCheck(suite="dates", within_days=6.5), case)
    assert answer.outcome == "pass"
    assert [use.digest for use in case.uses.evaluations.values()] == [newer.digest]


def test_what_is_odd_in_an_evaluation_is_told_beside(world: World) -> None:
    world.evaluation(1, partial="limit 10", trusted="model.gguf")
    case = world.case()
    check_freshness(FreshnessCheck(suite="dates", within_days=9), case)
    check_freshness(FreshnessCheck(suite="dates", within_days=8), case)
    assert case.uses.notes == [
        "dates of support/1: not of the whole suite: limit 10",
        "dates of support/1: its files speak for another model: model.gguf",
    ]


def test_a_suite_that_was_not_measured_is_not_fresh(world: World) -> None:
    world.evaluation(1, suite="other")
    outcome, found = look(world, within_days=7)
    assert outcome == "fail"
    assert "no evaluation of dates" in found


class TestOn:
    def test_a_name_means_the_newest_snapshot(self, world: World) -> None:
        old = world.snapshot("test", "1", taken_at="2026-06-01T12:00:00.000000Z")
        world.evaluation(1, on=old)
        assert look(world, on="test")[0] == "pass"
        world.snapshot("test", "2")
        outcome, found = look(world, on="test")
        assert outcome == "fail"
        assert f"measured on test@{'1' * 32}, test now names {'2' * 32}" in found
        assert look(world, on="test@1111")[0] == "pass"
        assert look(world, on="test@2222")[0] == "fail"

    @pytest.mark.parametrize("on", ["absent", "test@3333", "test~1", "data/test.jsonl", ""])
    def test_what_names_no_snapshot_fails(self, world: World, on: str) -> None:
        if not on:
            on = "@"
        world.evaluation(1, on=world.snapshot("test", "1"))
        outcome, found = look(world, on=on)
        assert outcome == "fail"
        assert "ft-registry data list" in found

    def test_a_public_set_by_its_revision(self, world: World) -> None:
        world.evaluation(1, on=PublicSet(name="openai/gsm8k", revision="abc"))
        assert look(world, on="hub:openai/gsm8k@abc")[0] == "pass"
        assert look(world, on="hub:openai/gsm8k@abd")[0] == "fail"
        assert look(world, on="hub:openai/gsm8k")[0] != "pass"

    def test_what_nobody_named_is_open(self, world: World) -> None:
        world.evaluation(1)
        world.snapshot("test", "1")
        outcome, found = look(world, on="test")
        assert outcome == "inconclusive"
        assert "--data test --corrects" in found
