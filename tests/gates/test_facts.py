"""Facts of a check: one that breaks it decides, and one that is open keeps it from passing."""

import pytest

from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound
from ft_registry.gates.facts import Facts, plain, some


def test_nothing_asked_is_no_pass() -> None:
    assert Facts().answer().outcome == "fail"


def test_what_breaks_comes_before_what_is_open_and_what_holds_is_left_out() -> None:
    facts = Facts()
    facts.holds("fine")
    assert (facts.answer().outcome, facts.answer().found) == ("pass", "fine")
    facts.is_open("who knows")
    assert (facts.answer().outcome, facts.answer().found) == (
        "inconclusive", "not known: who knows",
    )  # fmt: skip
    facts.breaks("wrong")
    assert (facts.answer().outcome, facts.answer().found) == (
        "fail", "wrong; not known: who knows",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(IntegrityError, "fail"), (NotFound, "inconclusive"), (BackendUnavailable, "inconclusive")],
)
def test_damage_breaks_and_silence_leaves_open(
    error: type[NotFound | IntegrityError | BackendUnavailable], outcome: str
) -> None:
    facts = Facts()
    facts.holds("fine")
    facts.meets(error("expected a, found b", hints=["do c", "or d"]))
    assert facts.answer().outcome == outcome
    assert facts.answer().found.endswith("expected a, found b (do c)")


def test_many_facts_are_counted() -> None:
    facts = Facts()
    for number in range(20):
        facts.breaks(f"fact {number}")
    assert facts.answer().found.endswith("fact 7; and 12 more")


def test_words_of_others_are_one_short_line() -> None:
    assert plain(" a\n\tb\x00\u202e ") == "a b"
    assert plain("x" * 700) == "x" * 600 + " ..."
    assert plain("x" * 700 + "y", end=True) == "... " + "x" * 599 + "y"
    assert some(["a", "b", "a"]) == "a, b"
    assert some("abcde") == "a, b, c and 2 more"
