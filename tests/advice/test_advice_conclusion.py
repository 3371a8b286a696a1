"""What facts imply: a fine-tune is named only where it is shown to beat what is cheaper."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.advice.facts_on_record import GOOD, answered, baseline, beside, compared, facts, version

from ft_registry.advice.conclusion import advise
from ft_registry.advice.facts import Comparison, ModelFacts, SuiteFacts
from ft_registry.gates.answer import Answer

BETTER, LUCK, WORSE = (0.1, 0.3), (-0.05, 0.2), (-0.3, -0.1)
BAD = Answer("fail", "3 examples of heldout lie in training data")
RAG = {"opponent": "m:rag", "kind": "rag"}


def test_a_version_that_beats_the_prompt_is_named() -> None:
    found = advise(facts(compared(*BETTER)))
    assert (found.step, found.version) == ("fine-tune", "m/1")
    assert "m:few-shot" in found.words
    assert "whether retrieval would have done is not on record" in found.words


def test_what_luck_could_explain_is_not_named() -> None:
    found = advise(facts(compared(*LUCK)))
    assert (found.step, found.version) == ("", "")
    assert "m/1 is not shown to beat m:few-shot on dates" in found.words


def test_an_interval_alone_is_not_enough_where_the_test_says_no() -> None:
    assert advise(facts(compared(*BETTER, p=0.06))).step == ""


def test_without_a_prompt_nothing_is_named() -> None:
    rag = compared(*BETTER, **RAG)
    found = advise(facts(rag, baselines=(baseline("rag", "rag"),)))
    assert found.step == ""
    assert "prompt-only baseline" in found.words


def test_a_version_that_is_worse_than_the_prompt_leads_back_to_it() -> None:
    found = advise(facts(compared(*WORSE)))
    assert (found.step, found.version) == ("prompt", "")
    assert "m/1 is shown to be worse than m:few-shot" in found.words


def test_worse_by_one_suite_and_better_by_another_decides_nothing() -> None:
    suites = (SuiteFacts("dates", "format"), SuiteFacts("laws", "knowledge"))
    found = advise(facts(compared(*BETTER), compared(*WORSE, suite="laws"), suites=suites))
    assert found.step == ""
    assert "m/1 is worse than m:few-shot on laws" in found.words


def test_retrieval_that_is_better_comes_before_tuning() -> None:
    both = (baseline(), baseline("rag", "rag"))
    found = advise(facts(compared(*BETTER), compared(*WORSE, **RAG), baselines=both))
    assert found.step == "rag"
    beaten = advise(facts(compared(*BETTER), compared(*BETTER, **RAG), baselines=both))
    assert beaten.words == "m/1 is shown to beat m:few-shot, m:rag"
    luck = advise(facts(compared(*BETTER), compared(*LUCK, **RAG), baselines=both))
    assert luck.step == ""


def test_training_on_what_is_measured_names_nothing() -> None:
    found = advise(facts(compared(*BETTER), versions=(version(overlap=BAD),)))
    assert found.step == ""
    assert "holds what it is measured on" in found.words


def test_a_version_that_was_called_bad_is_not_named() -> None:
    condemned = version(condemned="called bad by Eve at 2026-11-25T08:00:00Z: wrong dates")
    found = advise(facts(compared(*BETTER), versions=(condemned,)))
    assert found.step == ""
    assert "m/1 was called bad by Eve" in found.words
    assert [one.what for one in found.statements if one.topic == "fine-tune"] == [
        "against", "supported"
    ]  # fmt: skip


@pytest.mark.parametrize("use", ["safety", "regression"])
def test_harm_that_a_guard_shows_names_nothing(use: str) -> None:
    suites = (SuiteFacts("dates", "format"), SuiteFacts("harm", use))  # type: ignore[arg-type]
    harmed = compared(*WORSE, suite="harm")
    found = advise(facts(compared(*BETTER), harmed, suites=suites))
    assert found.step == ""
    assert "m/1 is worse than m:few-shot on harm" in found.words
    # What no guard shows stands in nobody's way.
    unclear = compared(*LUCK, suite="harm")
    assert advise(facts(compared(*BETTER), unclear, suites=suites)).version == "m/1"


def test_a_difference_beside_the_model_names_nothing() -> None:
    found = advise(facts(compared(*BETTER, doubts=("the questions differ",))))
    assert found.step == ""


def test_the_newest_is_named_only_where_it_beats_the_champion() -> None:
    both = (version(1), version(2))
    newer = compared(*BETTER, version="m/2")

    def against(low: float, high: float) -> Comparison:
        return compared(low, high, version="m/2", opponent="m/1", kind="version")

    assert advise(facts(compared(*BETTER), newer, against(*BETTER), versions=both)).version == "m/2"
    assert advise(facts(compared(*BETTER), newer, against(*LUCK), versions=both)).version == "m/1"
    assert advise(facts(compared(*BETTER), newer, versions=both)).version == "m/1"
    # The champion may be carried by nothing, and the newest not be shown to beat it.
    left = advise(facts(compared(*LUCK), newer, against(*LUCK), versions=both))
    assert left.version == ""
    assert "m/2 is not shown to beat m/1" in left.words


def test_a_model_without_versions_has_its_prompt_to_beat() -> None:
    found = advise(facts(versions=()))
    assert found.step == ""
    assert "nothing is tuned yet" in found.words
    assert {one.what for one in found.statements if one.topic == "prompt"} == {"supported"}


ENDS = st.floats(-1, 1).map(lambda end: round(end, 3))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    low, high = sorted((draw(ENDS), draw(ENDS)))
    kind, opponent = draw(
        st.sampled_from([("prompt", "m:few-shot"), ("prompt", "m:zero"), ("rag", "m:rag"),
                         ("other", "m:api"), ("version", "m/1")])
    )  # fmt: skip
    answer = draw(
        st.sampled_from([answered(low, high, p=draw(st.floats(0, 1))), Answer("fail", "no items")])
    )
    return beside(
        answer, version="m/2" if kind == "version" else draw(st.sampled_from(["m/1", "m/2"])),
        opponent=opponent, kind=kind, suite=draw(st.sampled_from(["dates", "laws", "harm"])),
        doubts=draw(st.sampled_from([(), ("the data differs",)])),
    )  # fmt: skip


@st.composite
def models(draw: st.DrawFn) -> ModelFacts:
    count = draw(st.integers(0, 2))
    names = {f"m/{number}" for number in range(1, count + 1)}
    found = [one for one in draw(st.lists(comparisons(), max_size=6)) if one.version in names]
    kinds = {one.opponent: one.kind for one in found if one.kind != "version"}
    return facts(
        *found,
        versions=tuple(
            replace(version(number), overlap=draw(st.sampled_from([GOOD, BAD])))
            for number in range(1, count + 1)
        ),
        baselines=tuple(baseline(kind, name.partition(":")[2]) for name, kind in kinds.items()),
        suites=(
            SuiteFacts("dates", "format"), SuiteFacts("harm", "safety"), SuiteFacts("laws", ""),
        ),
    )  # fmt: skip


@given(models())
def test_nothing_is_shipped_that_a_prompt_may_equal(model: ModelFacts) -> None:
    found = advise(model)
    assert (found.step == "fine-tune") == bool(found.version)
    if found.version:
        prompts = [one for one in model.against_baselines(found.version) if one.kind == "prompt"]
        assert prompts
        for one in prompts:
            finding = one.answer.comparison
            assert finding is not None
            assert finding.delta.low is not None
            assert finding.delta.low > 0
    for statement in found.statements:
        assert statement.words
        assert statement.what in ("supported", "against", "missing")


def test_no_set_of_a_few_intervals_ships_what_includes_zero() -> None:
    for prompt, other, rag in product((BETTER, LUCK, WORSE), repeat=3):
        found = advise(
            facts(
                compared(*prompt), compared(*other, opponent="m:zero"), compared(*rag, **RAG),
                baselines=(baseline(), baseline("prompt", "zero"), baseline("rag", "rag")),
            )
        )  # fmt: skip
        assert bool(found.version) == (prompt == other == rag == BETTER)
