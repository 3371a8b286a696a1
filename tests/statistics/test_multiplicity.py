"""Holm's adjustment is that of statsmodels, and never makes a finding look stronger."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ft_registry.statistics.multiplicity import holm

P_VALUES = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-300, 0.01, 0.05, 1.0])), max_size=40
)


@settings(max_examples=25)  # a tenth of a second each, all of it theirs
@given(P_VALUES.filter(bool))
def test_it_is_statsmodels(p_values: list[float]) -> None:
    theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(list(theirs), abs=1e-12)


@given(P_VALUES)
def test_it_is_never_below_what_it_was_nor_above_bonferroni(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1, raw * len(p_values))


@given(P_VALUES)
def test_it_keeps_the_order(p_values: list[float]) -> None:
    pairs = sorted(zip(p_values, holm(p_values), strict=True))
    assert [adjusted for _, adjusted in pairs] == sorted(adjusted for _, adjusted in pairs)


@given(P_VALUES, st.randoms())
def test_it_does_not_depend_on_the_order(p_values: list[float], random) -> None:
    places = list(range(len(p_values)))
    random.shuffle(places)
    shuffled, straight = holm([p_values[place] for place in places]), holm(p_values)
    assert list(shuffled) == [straight[place] for place in places]


def test_one_alone_stays_and_none_is_none() -> None:
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()


@pytest.mark.parametrize("odd", [None, math.nan, math.inf, -0.1, 1.1, "0.5"])
def test_what_is_no_probability_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="expected p-values"):
        holm([0.01, odd])
