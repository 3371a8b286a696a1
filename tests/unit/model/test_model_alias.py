"""What the history of an alias says: where it can go back to, and what it named at a moment."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law
from tests.unit.values import make_event

from ft_registry.model.alias import holder_at, holders
from ft_registry.model.event import LoggedEvent
from ft_registry.model.time import timestamp

targets = st.integers(1, 5)
"""Few versions, so that they come again."""
moves = st.lists(st.tuples(st.sampled_from(["promote", "rollback", "adopt"]), targets), max_size=12)


def history(*moved: tuple[str, int]) -> list[LoggedEvent]:
    return [make_event(type_, to=to) for type_, to in moved]


def promoted(*versions: int) -> list[LoggedEvent]:
    return history(*(("promote", version) for version in versions))


def roll_back(events: list[LoggedEvent]) -> list[LoggedEvent]:
    """What `rollback` without a target does: it goes to the holder below the present one."""
    return [*events, make_event("rollback", to=holders(events)[-2])]


def by_the_book(events: Sequence[LoggedEvent]) -> list[int]:
    """The docstring of `holders` said again, from the last event backwards."""
    if not events:
        return []
    *before, last = events
    below, target = by_the_book(before), last.event.to
    assert target is not None
    if last.event.type == "rollback" and target in below:
        longest = max(index for index, version in enumerate(below) if version == target)
        return below[: longest + 1]
    return below if below[-1:] == [target] else [*below, target]


@given(moves)
@law
def test_the_holders_are_those_of_the_book(moved: list[tuple[str, int]]) -> None:
    events = history(*moved)
    assert holders(events) == by_the_book(events)


@given(moves.filter(bool))
@law
def test_the_present_holder_is_where_the_last_move_went(moved: list[tuple[str, int]]) -> None:
    assert holders(history(*moved))[-1] == moved[-1][1]


@given(moves)
@law
def test_going_back_one_step_always_changes_the_version(moved: list[tuple[str, int]]) -> None:
    stack = holders(history(*moved))
    assert all(one != other for one, other in itertools.pairwise(stack))


@given(st.integers(2, 9), st.data())
@law
def test_any_number_of_rollbacks_goes_as_many_versions_back(
    promotions: int, data: st.DataObject
) -> None:
    steps = data.draw(st.integers(1, promotions - 1))
    events = promoted(*range(1, promotions + 1))
    for _ in range(steps):
        events = roll_back(events)
    assert holders(events) == list(range(1, promotions - steps + 1))


def test_two_rollbacks_go_two_versions_back() -> None:
    assert holders(roll_back(roll_back(promoted(1, 2, 3)))) == [1]


def test_a_promotion_after_a_rollback_forgets_what_was_rolled_back() -> None:
    events = [*roll_back(promoted(1, 2)), *promoted(3)]
    assert holders(events) == [1, 3]


def test_a_rollback_may_skip_versions() -> None:
    assert holders(history(("promote", 1), ("promote", 2), ("promote", 3), ("rollback", 1))) == [1]


def test_a_rollback_to_a_version_that_never_held_the_alias_puts_it_on_top() -> None:
    assert holders(history(("promote", 2), ("rollback", 1))) == [2, 1]


def test_a_version_that_was_promoted_twice_is_gone_back_through_twice() -> None:
    events = promoted(1, 2, 1)
    assert holders(roll_back(events)) == [1, 2]
    assert holders(roll_back(roll_back(events))) == [1]


def test_promoting_the_present_holder_again_is_no_step() -> None:
    assert holders(promoted(1, 2, 2)) == [1, 2]


def test_an_event_without_a_target_moves_nothing() -> None:
    assert holders([*promoted(1), make_event("evaluate", to=None)]) == [1]


def test_an_adopted_move_counts_as_a_promotion() -> None:
    assert holders(history(("promote", 1), ("adopt", 3))) == [1, 3]


def test_an_alias_that_was_taken_away_goes_on_from_where_it_was() -> None:
    events = [*promoted(1, 2), make_event("adopt", to=None), *promoted(3)]
    assert holders(events) == [1, 2, 3]
    assert holders(roll_back(events)) == [1, 2]


def test_an_alias_that_never_moved_has_no_holders() -> None:
    assert holders([]) == []


def at(minute: int) -> str:
    return timestamp(datetime(2026, 7, 1, tzinfo=UTC) + timedelta(minutes=minute))


def clocked(*minutes: int) -> list[LoggedEvent]:
    return [
        make_event("promote", to=number, time=at(minute))
        for number, minute in enumerate(minutes, start=1)
    ]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(9, None), (10, 1), (11, 1), (20, 2), (29, 2), (30, 3), (999, 3)],
)
def test_an_event_counts_from_its_very_moment_to_the_next(
    minute: int, expected: int | None
) -> None:
    found = holder_at(clocked(10, 20, 30), at(minute))
    assert (found.event.to if found else None) == expected


def test_an_alias_that_was_taken_away_names_nothing_since() -> None:
    events = [*clocked(10), make_event("adopt", to=None, time=at(20))]
    found = holder_at(events, at(25))
    assert found is not None
    assert found.event.to is None


def test_the_ledgers_order_counts_and_not_the_clocks() -> None:
    # The second event came from a machine whose clock is late.
    events = clocked(20, 10)
    found = holder_at(events, at(25))
    assert found is events[1]


def test_before_the_first_event_there_is_no_holder() -> None:
    assert holder_at(clocked(10), at(9)) is None
    assert holder_at([], at(9)) is None


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(-1, 21))
@law
def test_it_is_the_last_event_that_is_not_after_the_moment(minutes: list[int], minute: int) -> None:
    events = clocked(*minutes)
    early = [index for index, each in enumerate(minutes) if each <= minute]
    found = holder_at(events, at(minute))
    assert found is (events[early[-1]] if early else None)
