"""Each statement says what carries it, what is against it, or what is missing and what to do."""

from typing import Any

import pytest
from tests.advice.facts_on_record import (
    UNKNOWN,
    baseline,
    beside,
    cited,
    compared,
    facts,
    version,
)

from ft_registry.advice.conclusion import advise
from ft_registry.advice.facts import DataAge, ModelFacts, Repeats, SuiteFacts
from ft_registry.advice.statement import Statement
from ft_registry.gates.answer import Answer
from ft_registry.model.training import Cost

BETTER, LUCK, WORSE = (0.1, 0.3), (-0.05, 0.2), (-0.3, -0.1)


def said(model: ModelFacts, topic: str) -> list[Statement]:
    return [one for one in advise(model).statements if one.topic == topic]


def only(model: ModelFacts, topic: str) -> Statement:
    (found,) = said(model, topic)
    return found


def test_a_baseline_on_the_same_items_is_evidence() -> None:
    found = only(facts(compared(*BETTER)), "prompt")
    assert (found.what, found.evidence) == ("supported", (cited("m:few-shot"),))
    assert found.words.endswith("on the same items as m/1: dates (60)")


def test_a_baseline_that_is_not_there_is_asked_for() -> None:
    found = only(facts(baselines=()), "prompt")
    assert found.what == "missing"
    assert "ft-registry baseline add m --label few-shot --kind prompt" in found.next
    assert "--kind rag" in only(facts(), "rag").next


def test_a_baseline_by_another_suite_decides_nothing() -> None:
    found = only(facts(baselines=(baseline(suites=("laws",)),)), "prompt")
    assert found.what == "missing"
    assert "measured by laws, m/1 by dates" in found.words
    assert only(facts(), "fine-tune").what == "missing"


@pytest.mark.parametrize(
    ("span", "what"), [(BETTER, "supported"), (LUCK, "missing"), (WORSE, "against")]
)
def test_a_comparison_is_as_sure_as_its_interval(span: tuple[float, float], what: str) -> None:
    found = only(facts(compared(*span)), "fine-tune")
    assert found.what == what
    assert f"({span[0]:+.4f} to {span[1]:+.4f})" in found.words


def test_scores_that_cannot_be_paired_are_told_and_decide_nothing() -> None:
    found = only(facts(beside(Answer("fail", "the items are gone"))), "fine-tune")
    assert found.what == "missing"
    assert "0.7000 on 60 items against 0.5000 on 60 items of m:few-shot, not paired" in found.words
    assert "the items are gone" in found.words


def test_how_many_items_would_decide_is_told() -> None:
    found = only(facts(compared(*LUCK, needed=340)), "evaluation-size")
    assert found.what == "missing"
    assert "about 340 items would at 80 % power" in found.words
    assert only(facts(compared(*LUCK)), "evaluation-size").next == ""
    assert only(facts(compared(*BETTER)), "evaluation-size").what == "supported"
    assert only(facts(), "evaluation-size").what == "missing"


def test_the_spread_of_measuring_again_is_told() -> None:
    again = Repeats("dates", "exact", (0.7, 0.62, 0.66), (cited("dates-1 of m/1"),))
    found = only(facts(versions=(version(repeats=(again,)),)), "spread")
    assert found.what == "supported"
    assert "3 times by dates: exact from 0.6200 to 0.7000, the newest 0.6600" in found.words
    assert only(facts(), "spread").what == "missing"


def test_suites_that_guard_are_asked_for() -> None:
    assert 'use = "safety"' in only(facts(), "safety").next
    assert only(facts(), "regression").what == "missing"
    suites = (SuiteFacts("harm", "safety"),)
    assert "not measured by harm" in only(facts(suites=suites), "safety").words
    measured = (version(suites=("dates", "harm")),)
    alone = only(facts(suites=suites, versions=measured), "safety")
    assert "no worse than" in alone.words
    for span, what in ((BETTER, "supported"), (LUCK, "missing"), (WORSE, "against")):
        harm = compared(*span, suite="harm")
        assert only(facts(harm, suites=suites, versions=measured), "safety").what == what
        # It is no evidence of what was tuned for.
        assert only(facts(harm, suites=suites, versions=measured), "fine-tune").what == "missing"


@pytest.mark.parametrize(
    ("outcome", "what"), [("pass", "supported"), ("fail", "against"), ("inconclusive", "missing")]
)
@pytest.mark.parametrize(
    ("topic", "field"),
    [("training-size", "enough"), ("faults", "faults"), ("duplicates", "duplicates"),
     ("overlap", "overlap")],
)  # fmt: skip
def test_what_gates_find_of_data_is_told(topic: str, field: str, outcome: Any, what: str) -> None:
    judged = version(**{field: Answer(outcome, "what was found")})
    found = only(facts(versions=(judged,)), topic)
    assert found.what == what
    assert "what was found" in found.words


def test_without_a_method_nobody_knows_how_much_it_needs() -> None:
    found = only(facts(versions=(version(method=UNKNOWN, enough=None),)), "training-size")
    assert (found.what, "--method" in found.next) == ("missing", True)
    assert said(facts(versions=(version(method="merge", enough=None),)), "training-size") == []


def test_newer_data_is_told() -> None:
    newer = DataAge(
        "train@aaaa", 120, "train@bbbb", 300, "2026-11-25T08:00:00Z", (cited("train@bbbb"),)
    )
    found = only(facts(versions=(version(data=(newer,)),)), "data-age")
    assert found.what == "against"
    assert "train@aaaa (120 examples); train@bbbb (300 examples) was taken on 2026-11-25" in (
        found.words
    )
    assert found.next == "ft-registry data diff train@aaaa train@bbbb"
    assert only(facts(), "data-age").what == "supported"
    untaken = DataAge("train@aaaa", 120, "", None, "", ())
    assert only(facts(versions=(version(data=(untaken,)),)), "data-age").what == "missing"


def cost(**fields: Any) -> Cost:
    return Cost(**{"seconds": 90.0, "tokens": UNKNOWN, "amount": 12.0, "currency": "USD"} | fields)


class TestCost:
    def test_what_is_not_on_record_is_not_reckoned_with(self) -> None:
        assert only(facts(compared(*BETTER)), "cost").what == "missing"
        unbilled = version(cost=cost(amount=UNKNOWN))
        assert ", 90 s:" in only(facts(versions=(unbilled,)), "cost").words
        brief = version(cost=cost(amount=UNKNOWN, seconds=0.41))
        assert ", 0.41 s:" in only(facts(versions=(brief,)), "cost").words

    def test_cheaper_answers_pay_for_the_training(self) -> None:
        priced = compared(*BETTER, spending=(0.001, 0.004))
        found = only(facts(priced, versions=(version(cost=cost()),)), "cost")
        assert found.what == "supported"
        assert "pays for the training after 4,000 answers" in found.words
        assert found.evidence[-1].figures == {"training_usd": 12.0}

    def test_cheaper_is_not_worth_it_where_it_may_be_worse(self) -> None:
        priced = compared(*LUCK, spending=(0.001, 0.004))
        assert only(facts(priced, versions=(version(cost=cost()),)), "cost").what == "missing"

    def test_dearer_and_not_better_speaks_against_it(self) -> None:
        priced = compared(*LUCK, spending=(0.004, 0.001))
        found = only(facts(priced, versions=(version(cost=cost()),)), "cost")
        assert found.what == "against"
        better = compared(*BETTER, spending=(0.004, 0.001))
        assert only(facts(better, versions=(version(cost=cost()),)), "cost").what == "missing"

    def test_another_currency_is_told_and_not_converted(self) -> None:
        priced = compared(*BETTER, spending=(0.001, 0.004))
        found = only(facts(priced, versions=(version(cost=cost(currency="EUR")),)), "cost")
        assert "cost 12.00 EUR" in found.words
        assert "pays for" not in found.words
        assert found.what == "missing"


class TestUses:
    @pytest.mark.parametrize("use", ["format", "knowledge", "values"])
    @pytest.mark.parametrize(
        ("span", "what"), [(BETTER, "supported"), (LUCK, "missing"), (WORSE, "against")]
    )
    def test_a_use_is_as_sure_as_its_evaluation(
        self, use: Any, span: tuple[float, float], what: str
    ) -> None:
        suites = (SuiteFacts("dates", use),)
        assert only(facts(compared(*span), suites=suites), use).what == what
        assert only(facts(suites=suites), use).what == "missing"

    def test_no_use_is_claimed_without_an_evaluation_for_it(self) -> None:
        found = only(facts(compared(*BETTER)), "use")
        assert found.what == "missing"
        assert found.words == (
            "no suite is for domain knowledge, shorter prompts, alignment with values: nothing is "
            "claimed of it"
        )

    def test_a_suite_of_which_nobody_says_its_use_is_named(self) -> None:
        told, absent = said(facts(compared(*BETTER), suites=(SuiteFacts("dates", ""),)), "use")
        assert told.words == "not said which use of fine-tuning suite dates is for"
        assert 'use = "format" in [suites.dates]' in told.next
        assert "a format, domain knowledge" in absent.words

    def test_knowledge_is_held_against_retrieval_as_well(self) -> None:
        rag = compared(*WORSE, opponent="m:rag", kind="rag")
        both = (baseline(), baseline("rag", "rag"))
        known = facts(
            compared(*BETTER), rag, baselines=both, suites=(SuiteFacts("dates", "knowledge"),)
        )
        assert [one.what for one in said(known, "knowledge")] == ["supported", "against"]

    @pytest.mark.parametrize(
        ("prompts", "what"),
        [(None, "missing"), ((24.0, 24.0), "missing"), ((24.0, 190.0), "supported"),
         ((190.0, 24.0), "against")],
    )  # fmt: skip
    def test_shorter_prompts_are_measured_in_characters(self, prompts: Any, what: str) -> None:
        suites = (SuiteFacts("dates", "shorter-prompt"),)
        found = only(facts(compared(*BETTER, prompts=prompts), suites=suites), "shorter-prompt")
        assert found.what == what
        assert cited("m:few-shot") in found.evidence
        if what == "missing":
            assert "the texts of m:few-shot on record have 170" in found.words

    def test_shorter_and_not_shown_to_be_as_good_is_not_claimed(self) -> None:
        suites = (SuiteFacts("dates", "shorter-prompt"),)
        shorter = compared(*LUCK, prompts=(24.0, 190.0))
        assert only(facts(shorter, suites=suites), "shorter-prompt").what == "missing"


def test_the_json_has_every_part() -> None:
    document = advise(facts(compared(*BETTER))).as_json()
    assert document["implies"]["version"] == "m/1"
    (one,) = [entry for entry in document["statements"] if entry["topic"] == "fine-tune"]
    assert set(one) == {"topic", "what", "words", "evidence", "next"}
    assert set(one["evidence"][0]) == {"document", "digest", "figures"}
