"""A rollback goes to the last good version, reads every byte first, and judges what it leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.actions.stage import CHAMPION, Stage
from tests.unit.strategies import law

from ft_registry.actions.events import make_event
from ft_registry.actions.resolve import read_alias
from ft_registry.actions.standings import make_standing, read_standing
from ft_registry.errors import Conflict, GateRefused, IntegrityError, InvalidInput, NotFound
from ft_registry.model import layout
from ft_registry.model.reference import VersionReference
from ft_registry.model.verification import Finding
from ft_registry.ports.ledger import Change

WEIGHTS = Finding("artifact", "adapter.safetensors", "changed", expected="a", found="b")
DATA = Finding("data", "train.jsonl", "changed", expected="a", found="b")


@pytest.fixture
def stage() -> Stage:
    """Three versions; each was champion, the third is."""
    stage = Stage.with_versions(3)
    for number in (1, 2, 3):
        stage.promote(number)
    return stage


def champion(stage: Stage) -> int:
    state = read_alias(stage.ledger, "support", "champion")
    assert state is not None
    return state.version


def is_bad(stage: Stage, number: int) -> bool:
    return read_standing(stage.ledger, VersionReference("support", number)).is_bad


def test_a_rollback_calls_bad_what_it_leaves_in_the_same_event(stage: Stage) -> None:
    before = len(list(stage.ledger.events()))
    assert stage.roll_back() == champion(stage) == 2
    assert (is_bad(stage, 3), is_bad(stage, 2)) == (True, False)
    assert len(list(stage.ledger.events())) == before + 1


def test_keep_good_calls_nothing_bad(stage: Stage) -> None:
    assert stage.roll_back(keep_good=True) == 2
    assert not is_bad(stage, 3)


def test_a_rollback_passes_over_what_was_called_bad(stage: Stage) -> None:
    stage.roll_back()  # 3 is bad
    stage.promote(1)
    stage.promote(3, overrides=["standing"])
    stage.roll_back(to=2)  # 3 is bad again
    stage.promote(1)
    stage.roll_back(to=2)  # 1 is bad
    stage.register(4)
    stage.promote(4)
    plan = stage.plan_rollback()
    assert plan.to == 2
    stage.roll_back()
    with pytest.raises(NotFound, match="called bad"):
        stage.roll_back()


def test_what_is_passed_over_is_named_with_who_said_so(stage: Stage) -> None:
    change = Change(
        event=make_event(stage.context, "rollback", "say it", model="support"),
        documents=make_standing(
            VersionReference("support", 2), "bad", record="sha256:" + "2" * 64, alias=None,
            reason="it insulted a customer", context=stage.context,
        ),
    )  # fmt: skip
    stage.ledger.append(change)
    plan = stage.plan_rollback()
    assert plan.to == 1
    (found,) = plan.skipped
    assert found.version.number == 2
    assert found.words.startswith("called bad by Ada <ada@example.org> at 2026-11-25T03:")
    assert "it insulted a customer" in found.words


def test_the_first_version_has_nothing_before_it() -> None:
    stage = Stage.with_versions(1)
    stage.promote(1)
    with pytest.raises(NotFound, match="the first that it named"):
        stage.plan_rollback()


@pytest.mark.parametrize("verb", ["promote", "roll_back"])
def test_what_was_called_bad_serves_again_only_by_an_override_on_record(
    stage: Stage, verb: str
) -> None:
    stage.roll_back()
    again = (lambda **o: stage.promote(3, **o)) if verb == "promote" else (
        lambda **o: stage.roll_back(to=3, **o)
    )  # fmt: skip
    with pytest.raises(GateRefused, match="called bad by Ada"):
        again()
    assert champion(stage) == 2
    again(overrides=["standing"])
    assert (champion(stage), is_bad(stage, 3)) == (3, False)
    newest = next(iter(stage.ledger.events(newest_first=True))).event
    assert newest.overrides == ("standing",)
    assert newest.subject.endswith("overriding standing")


def test_an_override_needs_a_reason_and_a_name(stage: Stage) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        stage.promote(1, reason="", overrides=["standing"])
    with pytest.raises(InvalidInput, match="guard") as error:
        stage.promote(1, overrides=["everything"])
    assert [hint.partition(":")[0] for hint in error.value.hints] == ["standing", "data", "gate"]


@pytest.mark.parametrize("finding", [WEIGHTS, DATA], ids=lambda finding: finding.kind)
def test_damage_moves_nothing(stage: Stage, finding: Finding) -> None:
    stage.damaged[2] = finding
    before = stage.ledger.head()
    with pytest.raises(IntegrityError):
        stage.roll_back()
    assert (stage.ledger.head(), champion(stage)) == (before, 3)
    assert stage.models.aliases["support", "champion"] == 3
    assert not is_bad(stage, 3)


def test_damaged_data_can_be_set_aside_and_damaged_weights_cannot(stage: Stage) -> None:
    stage.damaged = {1: WEIGHTS, 2: DATA}
    assert stage.roll_back(overrides=["data"]) == 2
    with pytest.raises(IntegrityError):
        stage.roll_back(to=1, overrides=["data", "standing"])
    assert champion(stage) == 2


def test_a_refused_rollback_names_what_could_serve_instead(stage: Stage) -> None:
    stage.damaged = {1: WEIGHTS, 2: WEIGHTS}
    with pytest.raises(IntegrityError) as error:
        stage.roll_back()
    assert error.value.hints[0] == "--to 1 goes to the good version before it"
    with pytest.raises(IntegrityError) as error:
        stage.roll_back(to=1)
    assert "--to N chooses one" in error.value.hints[0]
    assert "--override standing" in error.value.hints[1]


def test_who_takes_back_rollbacks_calls_nothing_bad(stage: Stage) -> None:
    stage.roll_back()
    stage.roll_back()  # 1 serves; 2 and 3 are bad
    assert not stage.plan_rollback(to=3, overrides=["standing"]).calls_bad
    assert not stage.plan_rollback(to=2, overrides=["standing"]).calls_bad
    stage.register(4)
    stage.promote(4)
    assert stage.plan_rollback(to=3, overrides=["standing"]).calls_bad, "4 is what is left now"


def test_bytes_are_read_before_each_move_and_not_when_nothing_moves(stage: Stage) -> None:
    stage.proved.clear()
    stage.promote(3)
    assert stage.proved == []
    stage.roll_back()
    assert stage.proved == [2]


def test_a_judgement_between_plan_and_move_is_a_conflict(stage: Stage) -> None:
    plan = stage.plan_rollback()
    stage.promote(1)
    stage.promote(3)
    stage.roll_back(to=1)  # champion 1, and 3 is bad: both were expected otherwise
    with pytest.raises(Conflict, match="found version 1"):
        stage.apply(plan)
    stage.promote(3, overrides=["standing"])
    plan = stage.plan_rollback(to=2)

    def judge() -> None:
        documents = make_standing(
            VersionReference("support", 2), "bad", record=plan.record, alias=None, reason="",
            context=stage.context,
        )  # fmt: skip
        event = make_event(stage.context, "rollback", "say it", model="support")
        stage.ledger.append(Change(event=event, documents=documents))

    stage.ledger.before_append = judge
    with pytest.raises(Conflict, match="judged"):
        stage.apply(plan)
    assert champion(stage) == 3


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(1, 5))
@law
def test_rollbacks_go_back_through_good_versions_and_end(moves: list[int], times: int) -> None:
    stage = Stage.with_versions(4)
    for number in moves:
        stage.promote(number)
    seen = [champion(stage)]
    for _ in range(times):
        try:
            seen.append(stage.roll_back())
        except NotFound:
            break
    # Nothing comes twice: what was left is bad, and a rollback never goes to what is bad.
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(moves)
    assert all(is_bad(stage, number) for number in seen[:-1])
    assert not is_bad(stage, champion(stage))
    assert CHAMPION.model == "support"
    assert stage.ledger.read(layout.alias("support", "champion")) is not None
