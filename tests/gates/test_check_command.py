"""The check ``command``: what a program of the user's own says, and that it ends."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.gates.fact_cases import World

from ft_registry.actions.checks.command import check_command
from ft_registry.model.policy_checks import CommandCheck


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.version(1)
    return found


def look(world: World, run: str, **asked: Any) -> tuple[str, str]:
    check = CommandCheck(run=run, **asked)
    answer = check_command(check, world.case(allow_commands=True))
    return answer.outcome, answer.found


def test_nothing_runs_unless_somebody_says_so(world: World) -> None:
    answer = check_command(CommandCheck(run=f"touch {world.root}/ran"), world.case())
    assert answer.outcome == "inconclusive"
    assert "--allow-commands" in answer.found
    assert not (world.root / "ran").exists()


@pytest.mark.parametrize(
    ("status", "outcome"), [(0, "pass"), (7, "inconclusive"), (1, "fail"), (3, "fail")]
)
def test_the_exit_status_decides(world: World, status: int, outcome: str) -> None:
    found = look(world, f"echo one; echo two >&2; exit {status}")
    assert found == (outcome, f"it ended with {status}: one / two")


def test_names_are_filled_in_and_other_braces_stay(world: World) -> None:
    run = "echo {ref} {model} {version} {alias} {other} ${HOME:+home} | awk '{print}'"
    assert "support/1 support 1 champion {other} home" in look(world, run)[1]


def test_it_runs_at_the_top_level(world: World) -> None:
    assert str(world.registry.top) in look(world, "pwd")[1]


def test_the_last_lines_are_told_as_one(world: World) -> None:
    _, found = look(world, r"seq 9; printf '\033[31mred\n\n'; exit 1")
    assert found == "it ended with 1: 8 / 9 / [31mred"
    assert len(look(world, "head -c 100000 /dev/zero | tr '\\0' x")[1]) < 700
    assert look(world, "true")[1] == "it ended with 0, and printed nothing"


@pytest.mark.integration
def test_the_time_limit_ends_all_that_it_started(world: World) -> None:
    late = world.root / "late"
    begun = time.monotonic()
    run = f"(sleep 2; touch {late}) & echo begun; wait"
    outcome, found = look(world, run, timeout_seconds=0.5)
    assert outcome == "fail"
    assert found == "it had not ended after 0.5 seconds, and was stopped: begun"
    assert time.monotonic() - begun < 2
    time.sleep(max(0, 2.5 - (time.monotonic() - begun)))
    assert not late.exists()


def test_a_signal_is_no_answer(world: World) -> None:
    assert look(world, "kill -9 $$")[0] == "fail"


def test_it_sees_only_what_the_policy_names_of_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    run = "echo token=$HF_TOKEN"
    assert look(world, run) == ("pass", "it ended with 0: token=")
    assert look(world, run, env=("HF_TOKEN",))[1].endswith("token=hf_secret")


def test_nothing_is_left_behind(world: World) -> None:
    look(world, "echo x > $HOME/file")
    assert list((world.root / "scratch").iterdir()) == []
