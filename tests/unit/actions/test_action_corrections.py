"""Corrections: how an evaluation stands to those on record."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.values import WHY, make_evaluation, sha

from ft_registry.actions.corrections import filed_as, free, is_withdrawn, stand_among, twin_of
from ft_registry.errors import Conflict, InvalidInput
from ft_registry.model.evaluation import Evaluation, PublicSet, Score, in_force

HELD, OTHER = PublicSet(name="held", revision="1"), PublicSet(name="other", revision="1")


class Record:
    """What is on record of one version; the clock goes on with each addition."""

    def __init__(self) -> None:
        self.all: list[Evaluation] = []

    def add(self, origin: str, *, corrects: bool = False, **said: Any) -> bool:
        """Puts an evaluation on record; returns whether it was there already."""
        made = read(origin, recorded_at=f"2026-07-{len(self.all) + 1:02}T00:00:00.000000Z", **said)
        found, known = stand_among(made, self.all, corrects=corrects)
        if known:
            assert found in self.all
        else:
            assert found.id not in {one.id for one in self.all}
            self.all.append(found)
        return known

    @property
    def counts(self) -> list[tuple[str, Any]]:
        """The files and data of what counts."""
        return [(one.origin[7], one.data) for one in in_force(self.all)]


def read(origin: str, **said: Any) -> Evaluation:
    return make_evaluation(**{"origin": sha(origin), "data": HELD, **said})


@pytest.fixture
def record() -> Record:
    found = Record()
    found.add("1")
    return found


def test_the_same_again_is_nothing(record: Record) -> None:
    assert record.add("1")
    assert record.add("1", data=WHY)  # not named: it contradicts nothing
    assert record.add("1", scores=(), notes=("a newer reader",))
    assert record.add("1", corrects=True)
    assert len(record.all) == 1


def test_what_was_withdrawn_comes_back_and_goes_again(record: Record) -> None:
    for origin in "21212":
        assert not record.add(origin, corrects=True)
        assert record.add(origin, corrects=True)  # a retry
        assert record.counts == [(origin, HELD)]
    assert len({one.id for one in record.all}) == 6


def test_what_was_withdrawn_does_not_come_back_unasked(record: Record) -> None:
    record.add("2", corrects=True)
    assert record.add("1")
    assert is_withdrawn(record.all[0], record.all)
    assert record.counts == [("2", HELD)]


@pytest.mark.parametrize("said", [{"data": OTHER}, {"trusted": "a model called x"}], ids=str)
def test_the_same_files_say_something_else_only_as_a_correction(
    record: Record, said: dict[str, Any]
) -> None:
    with pytest.raises(Conflict, match="on record, measured on held@1") as caught:
        record.add("1", **said)
    assert "--corrects" in str(caught.value.hints)
    assert not record.add("1", corrects=True, **said)
    assert record.add("1", **said)
    assert record.counts == [("1", said.get("data", HELD))]


def test_the_same_files_read_anew_correct_what_was_read(record: Record) -> None:
    better = (Score(metric="exact_match", value=0.75, n=4),)
    assert record.add("1", scores=better)
    assert not record.add("1", scores=better, corrects=True)
    assert [one.scores for one in in_force(record.all)] == [better]


def test_a_correction_of_several_leaves_one(record: Record) -> None:
    record.add("2")
    assert not record.add("1", corrects=True)
    assert record.counts == [("1", HELD)]


def test_nothing_cannot_be_corrected(record: Record) -> None:
    with pytest.raises(InvalidInput, match="to correct, found none"):
        record.add("1", suite="other", corrects=True)


def test_two_corrections_of_one_want_the_same_place() -> None:
    first = read("1")

    def places(origin: str, before: Sequence[Evaluation]) -> set[str]:
        made, _ = stand_among(read(origin), before, corrects=True)
        documents = filed_as([made])
        assert {need.path for need in free(documents)} == set(documents)
        return set(documents)

    (place,) = places("2", [first]) & places("3", [first, read("4", suite="x")])
    assert place == f"models/support/corrections/0/2/{first.id}.json"


def test_whoever_was_quicker_with_the_same_has_added_it() -> None:
    first = read("1")
    made, _ = stand_among(read("2"), [first], corrects=True)
    assert twin_of(made, [first, made]) == made
    other, _ = stand_among(read("3"), [first], corrects=True)
    assert twin_of(made, [first, other]) is None
    again, _ = stand_among(made, [first, made], corrects=True)
    assert again == made
