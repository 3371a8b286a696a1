"""A check-up goes on, whatever a check does."""

import threading
from collections.abc import Iterator

import pytest

from ft_registry.actions.doctor import Check, examine
from ft_registry.errors import BackendUnavailable, IntegrityError
from ft_registry.model.health import Diagnosis, Health, ok, problem, unchecked, warning


def breaking(error: Exception) -> Check:
    def look() -> Iterator[Diagnosis]:
        yield ok("before", "seen")
        raise error

    return Check("git", "broken", look)


def states(health: Health) -> list[tuple[str, str]]:
    return [(one.check, one.state) for _, one in health.diagnoses]


@pytest.mark.parametrize(
    ("error", "word", "is_away"),
    [
        (IntegrityError("damaged", hints=["verify"]), "damaged", False),
        (BackendUnavailable("silent"), "silent", True),
        (PermissionError(13, "Permission denied"), "Permission denied", False),
        (KeyError("odd"), "KeyError", False),
        (RuntimeError("at https://me:secret@host/x"), "https://host/x", False),
    ],
)
def test_a_check_that_fails_is_a_diagnosis(error: Exception, word: str, is_away: bool) -> None:
    health = examine([breaking(error), Check("git", "next", lambda: [ok("next", "seen")])])
    assert states(health) == [("before", "ok"), ("broken", "problem"), ("next", "ok")]
    found = health.diagnoses[1][1]
    assert word in found.found
    assert "secret" not in found.found
    assert (health.is_well, health.is_only_away) == (False, is_away)


def test_who_never_answers_is_not_waited_for() -> None:
    never = threading.Event()

    def wait() -> list[Diagnosis]:
        never.wait(60)
        return []

    health = examine([Check("MLflow", "server", wait, seconds=0.05)])
    never.set()
    assert states(health) == [("server", "problem")]
    assert health.is_only_away


def test_what_answers_in_time_is_told_with_what_came_before_its_failure() -> None:
    check = breaking(BackendUnavailable("silent"))
    health = examine([Check("MLflow", "broken", check.look, seconds=60)])
    assert states(health) == [("before", "ok"), ("broken", "problem")]
    assert health.is_only_away


def test_warnings_and_what_nobody_can_tell_fail_nothing() -> None:
    health = examine([Check("git", "x", lambda: [warning("a", "b", "c"), unchecked("d", "e")])])
    assert health.is_well
    assert not health.is_only_away
    assert health.as_json()["counts"] == {"ok": 0, "warning": 1, "problem": 0, "unchecked": 1}


def test_one_problem_that_is_here_outweighs_those_that_are_away() -> None:
    looks = [problem("a", "b", is_away=True), problem("c", "d")]
    assert not examine([Check("git", "x", lambda: looks)]).is_only_away
