"""The grammar of --where and --sort."""

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import finite, law
from tests.unit.values import make_row

from ft_registry.errors import InvalidInput
from ft_registry.model.selection import select, sort
from ft_registry.model.version_row import VersionRow

ROWS = [
    make_row(1, method="sft", scores={"dates.f1": 0.5}),
    make_row(2, method="dpo", scores={"dates.f1": 0.9}, aliases=("champion",)),
    make_row(10, method="dpo", note="fixes a leak", aliases=("blue", "next")),
]
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def numbers(rows: list[VersionRow]) -> list[int]:
    return [row.version for row in rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", [1, 2, 10]),
        ("method=dpo", [2, 10]),
        ("method!=dpo", [1]),
        ("method~p", [2, 10]),
        ("method>dpo", [1]),
        ("  method  =  dpo  ", [2, 10]),
        ("version=10", [10]),
        ("version>=2", [2, 10]),
        ("version<10", [1, 2]),
        ("version~1", [1, 10]),
        ("size>150", [2, 10]),
        ("scores.dates.f1>=0.8", [2]),
        ("scores.dates.f1<0.8", [1]),
        ("scores.dates.f1!=0.5", [2]),
        ("scores.dates.f1=5e-1", [1]),
        ("scores.other.f1>0", []),
        ("aliases=champion", [2]),
        ("aliases!=champion", [1, 10]),
        ("aliases~next", [10]),
        ("note~leak", [10]),
        ("note~a leak", [10]),
        ("method=dpo and version<5", [2]),
        ("method=dpo and version<5 and aliases=champion", [2]),
        ("method=dpo and method=sft", []),
    ],
)
def test_a_row_must_satisfy_every_clause(where: str, expected: list[int]) -> None:
    assert numbers(select(ROWS, where)) == expected


@given(st.sampled_from(sorted(OPERATORS)), finite, st.lists(finite, max_size=5))
@law
def test_scores_are_compared_as_numbers(sign: str, wanted: float, scores: list[float]) -> None:
    rows = [make_row(n, scores={"s.m": score}) for n, score in enumerate(scores, start=1)]
    expected = [n for n, score in enumerate(scores, start=1) if OPERATORS[sign](score, wanted)]
    assert numbers(select(rows, f"scores.s.m{sign}{wanted!r}")) == expected


@pytest.mark.parametrize("sign", [*OPERATORS, "~"])
def test_a_row_that_lacks_the_key_satisfies_no_clause_about_it(sign: str) -> None:
    assert select(ROWS, f"scores.never.measured{sign}1") == []


@pytest.mark.parametrize(
    "where",
    [
        " ", "method", "=dpo", "method=", "method dpo", "method==dpo", "version=>1",
        "method=dpo and ", "and method=dpo", "colour=red", "scores=1", "data~x",
        "Method=dpo", "version=one", "version>=1,5", "version=", "size~", "scores.dates.f1>high",
        "1=1", "__class__=x", "method=dpo and colour=red",
    ],
)  # fmt: skip
def test_what_follows_no_grammar_is_refused(where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        select(ROWS, where)
    assert caught.value.exit_code == 2


def test_an_unknown_key_is_told_the_keys_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        select(ROWS, "colour=red")
    assert "method" in caught.value.hints[0]
    assert "scores.SUITE.METRIC" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("version", [1, 2, 10]),
        ("-version", [10, 2, 1]),
        ("size", [1, 2, 10]),
        ("method", [2, 10, 1]),
        ("-method", [1, 2, 10]),
        ("scores.dates.f1", [1, 2, 10]),
        ("-scores.dates.f1", [2, 1, 10]),
        ("scores.never.measured", [1, 2, 10]),
    ],
)
def test_rows_that_lack_the_key_come_last_in_both_directions(key: str, expected: list[int]) -> None:
    assert numbers(sort(ROWS, key)) == expected


@given(st.lists(st.none() | finite, max_size=6), st.sampled_from(["", "-"]))
@law
def test_sorting_loses_no_row(scores: list[float | None], sign: str) -> None:
    rows = [
        make_row(n, scores={} if score is None else {"s.m": score})
        for n, score in enumerate(scores, start=1)
    ]
    found = sort(iter(rows), f"{sign}scores.s.m")
    assert sorted(numbers(found)) == numbers(rows)


@pytest.mark.parametrize("key", ["", "-", "--version", "colour", "-colour", "scores", "data"])
def test_rows_are_sorted_by_known_keys_only(key: str) -> None:
    with pytest.raises(InvalidInput):
        sort(ROWS, key)
