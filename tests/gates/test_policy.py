"""A policy says what it means: unknown keys, cycles and empty rules are told, with their line."""

import json
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import InvalidInput
from ft_registry.model.policy import Policy, check_names
from ft_registry.model.policy_checks import CompareCheck, ScoreCheck
from ft_registry.model.verdict import Outcome, joined
from ft_registry.readers.policies import LIMIT, parse_policy

ROOT = Path(__file__).resolve().parents[2]
WHOLE = """\
aliases:
  champion:
    all:
      - score:    {suite: dates, metric: exact_match, at_least: 0.90, by: lower_bound}
      - compare:  {suite: dates, metric: exact_match, against: "@champion", test: superior,
                   alpha: 0.05, absent: pass}
      - compare:  {suite: safety, metric: refused, against: support-dates/1, test: non_inferior,
                   margin: 0.02}
      - data:     {min_examples: 100, max_faults: 0, overlap_with_evaluation: 0}
      - lineage:  {complete: true, clean: true, pushed: true}
      - artifact: {format: safetensors}
      - approval: {count: 1, not_author: true}
      - any:
          - cost: {suite: dates, measure: latency, at_most: 2}
          - integrity: {verified: true}
  shadow:
    any:
      - freshness: {suite: dates, within_days: 30, on: heldout}
      - command: {run: "python check.py {ref}"}
      - plugin: {check: toxicity, settings: {at_most: 0.1}}
models:
  other:
    aliases:
      champion: {all: [score: {suite: x, metric: f1, at_most: 1}]}
others: allow
"""


def parsed(text: str) -> Policy:
    return parse_policy(text.encode(), where="policy.yaml")


def champion(check: str) -> str:
    return f"aliases:\n  champion:\n    all:\n      - {check}\n"


def test_every_kind_of_check_is_read() -> None:
    policy = parsed(WHOLE)
    rule = policy.rule("support-dates", "champion")
    assert rule is not None
    assert check_names(rule) == (
        "score", "compare", "compare-2", "data", "lineage", "artifact", "approval", "cost",
        "integrity",
    )  # fmt: skip
    first, second, *_ = rule.clause.checks()
    assert isinstance(first, ScoreCheck)
    assert (first.at_least, first.by, first.level) == (0.9, "lower_bound", 0.95)
    assert isinstance(second, CompareCheck)
    assert (second.against, second.absent, second.alpha) == ("@champion", "pass", 0.05)


def test_a_model_has_rules_of_its_own_in_place_of_those_for_all() -> None:
    policy = parsed(WHOLE)
    own = policy.rule("other", "champion")
    assert own is not None
    assert check_names(own) == ("score",)
    assert policy.rule("other", "shadow") == policy.rule("support-dates", "shadow") is not None
    assert policy.rule("other", "canary") is None


def test_checks_have_names_of_their_own_and_each_only_one() -> None:
    rule = parsed(champion(
        "score: {name: floor, suite: a, metric: b, at_least: 1}\n"
        "      - score: {name: floor, suite: a, metric: c, at_least: 1}\n"
        "      - score: {suite: a, metric: d, at_least: 1}"
    )).rule("m", "champion")  # fmt: skip
    assert rule is not None
    assert check_names(rule) == ("floor", "floor-2", "score")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing"),
        ("- a\n", "no mapping"),
        ("aliases: {champion: {}}\n", "aliases.champion (line 1): expected one of all and any"),
        ("aliases: {champion: {all: []}}\n", "all (line 1): expected a list with at least one"),
        ("alias: {}\n", "alias (line 1): expected a key that is known"),
        (champion("all: []"), "all.0.all (line 4): expected a list with at least one"),
        (champion("any: {score: x}"), "expected a list, each on a line that begins with -"),
        ("aliases:\n  Champion: {all: [artifact: {format: safetensors}]}\n", "lower-case"),
        (champion("scores: {}"), "aliases.champion.all.0.scores (line 4)"),
        (champion("scores: {}"), "did you mean score?"),
        (champion("score: {suite: a, metric: b, at_leest: 1}"), "did you mean at_least?"),
        (champion("score: {suite: a, metric: b}"), "one of at_least and at_most"),
        (champion("score: {suite: a, metric: b, at_least: .nan}"), "finite"),
        (champion("score: {suite: a, metric: b, at_least: .inf}"), "finite"),
        (champion("score: {suite: a, metric: b, at_least: 1, by: upper_bound}"), "lower_bound"),
        (champion("score: {suite: a, metric: b, at_most: 1, by: lower_bound}"), "upper_bound"),
        (champion("score: {suite: a, metrics: b, at_least: 1}"), "metrics (line 4)"),
        (champion("score: {suite: '', metric: b, at_least: 1}"), "at least 1 character"),
        (champion("compare: {suite: a, metric: b, against: champion, test: superior}"), "@ALIAS"),
        (champion("compare: {suite: a, metric: b, against: m/latest, test: superior}"), "stays"),
        (champion("compare: {suite: a, metric: b, against: '@c', test: better}"), "superior"),
        (champion("compare: {suite: a, metric: b, against: '@c', test: non_inferior}"), "margin"),
        (champion("compare: {suite: a, metric: b, against: '@c', test: superior, alpha: 0}"),
         "greater than 0"),
        (champion("compare: {suite: a, metric: b, against: '@c', test: superior, paired: false, "
                  "slices: [x]}"), "paired"),
        (champion("compare: {suite: a, metric: b, against: '@c', test: superior, alpha: 1.0e-9, "
                  "method: bootstrap}"), "alpha of 0.0001"),
        (champion('command: {run: "a\\0b"}'), "NUL"),
        (champion("data: {name: gate, min_examples: 1}"), "another name"),
        (champion("data: {}"), "expected one of min_examples"),
        (champion("data: {match: exact}"), "expected one of min_examples"),
        (champion("data: {min_examples: -1}"), "greater than or equal to 0"),
        (champion("data: {min_examples: 1.5}"), "integer"),
        (champion("lineage: {clean: false}"), "expected one of complete"),
        (champion("artifact: {format: pickle}"), "safetensors"),
        (champion("approval: {count: 0}"), "greater than or equal to 1"),
        (champion("data: {min_examples: 1}\n        lineage: {clean: true}"), "found 2"),
        (champion("data: {min_examples: 1, min_examples: 2}"), "duplicate key"),
        ("aliases: {champion: {all: [&a {artifact: {format: safetensors}}, *a]}}\n", "anchors"),
        ("aliases: {a: [}\n", "line 1"),
        ("aliases:\n\tx: 1\n", "line 2"),
        ("a: " + "[" * 5000, "YAML"),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_told(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(text)
    words = " ".join((caught.value.message, *caught.value.hints))
    assert said in words
    assert "policy.yaml" in caught.value.message


def test_bytes_that_are_no_text_or_too_many_are_told() -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        parse_policy(b"aliases: \xff", where="p")
    with pytest.raises(InvalidInput, match="1 MiB"):
        parse_policy(b" " * (LIMIT + 1), where="p")


def test_aliases_that_wait_for_each_other_are_told() -> None:
    def waits(other: str) -> str:
        return "{all: [compare: {suite: a, metric: b, test: superior, against: '@" + other + "'}]}"

    with pytest.raises(InvalidInput, match="b -> c -> b"):
        parsed(f"aliases:\n  a: {waits('b')}\n  b: {waits('c')}\n  c: {waits('b')}\n")
    assert parsed(f"aliases:\n  a: {waits('a')}\n  b: {waits('a')}\n").rule("m", "b") is not None


def test_aliases_of_several_models_that_wait_for_each_other_are_told() -> None:
    def waits(other: str) -> str:
        return "{all: [compare: {suite: a, metric: b, test: superior, against: '" + other + "'}]}"

    def own(model: str, alias: str, other: str) -> str:
        return f"  {model}: {{aliases: {{{alias}: {waits(other)}}}}}\n"

    with pytest.raises(InvalidInput, match="m@a -> n@a -> m@a"):
        parsed("models:\n" + own("m", "a", "n@a") + own("n", "a", "m@a"))
    # A rule of its own beside one for all models.
    with pytest.raises(InvalidInput, match="a -> b -> a"):
        parsed(f"aliases:\n  a: {waits('@b')}\nmodels:\n" + own("m", "b", "@a"))
    with pytest.raises(InvalidInput, match="b -> a -> b"):
        parsed(f"aliases:\n  a: {waits('n@b')}\n  b: {waits('@a')}\n")
    assert parsed(f"aliases:\n  a: {waits('base@a')}\n").rule("m", "a") is not None
    assert parsed("models:\n" + own("m", "a", "n@a") + own("n", "a", "n@b")).models


@law
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_is_worse_than_an_error(text: str) -> None:
    with suppress(InvalidInput):
        parse_policy(text.encode("utf-8", "surrogatepass"), where="policy.yaml")


def test_outcomes_together() -> None:
    outcomes: tuple[Outcome, ...] = ("pass", "fail", "inconclusive")
    assert joined("all", []) == joined("any", []) == "fail"
    for pair in product(outcomes, repeat=2):
        assert (joined("all", pair) == "pass") == (set(pair) == {"pass"})
        assert (joined("all", pair) == "fail") == ("fail" in pair)
        assert (joined("any", pair) == "pass") == ("pass" in pair)
        assert (joined("any", pair) == "fail") == (set(pair) == {"fail"})


def test_the_published_schema_is_that_of_the_program() -> None:
    published = json.loads((ROOT / "docs" / "policy.schema.json").read_text())
    assert published == Policy.model_json_schema()
