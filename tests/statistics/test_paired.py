"""The paired t is SciPy's, the cluster-robust one statsmodels'; laws hold where neither goes."""

import math
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ft_registry.statistics.paired import non_inferiority, paired_t

ALTERNATIVES = st.sampled_from(["two-sided", "greater", "less"])
LEVELS = st.sampled_from([0.5, 0.9, 0.95, 0.99])
SCORE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1), st.floats(-100, 100))
PAIRS = st.lists(st.tuples(SCORE, SCORE), min_size=2, max_size=50)
CLUSTERED = st.lists(st.tuples(SCORE, SCORE, st.integers(0, 6)), min_size=2, max_size=50)


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def spreads(new, old, least=1e-6):
    return np.std(np.subtract(new, old)) > least


@given(PAIRS, LEVELS, ALTERNATIVES)
def test_it_is_scipys(pairs, level, alternative) -> None:
    new, old = columns(pairs)
    assume(spreads(new, old))
    expected = stats.ttest_rel(new, old, alternative=alternative)
    ours = paired_t(new, old, level=level, alternative=alternative)
    limits = expected.confidence_interval(level)
    assert ours.p == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx(tuple(limits), rel=1e-9, abs=1e-9)
    assert ours.estimate == pytest.approx(float(np.mean(np.subtract(new, old))), abs=1e-9)
    assert (ours.n, ours.clusters, ours.method) == (len(new), None, "paired t")


@given(CLUSTERED, LEVELS)
def test_clusters_are_statsmodels(rows, level) -> None:
    new, old, clusters = columns(rows)
    deltas = np.subtract(new, old)
    ours = paired_t(new, old, clusters=clusters, level=level)
    assume(len(set(clusters)) > 1 and ours.standard_error > 1e-6)
    fitted = sm.OLS(deltas, np.ones(len(deltas))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(clusters)}, use_t=True
    )
    assert ours.estimate == pytest.approx(fitted.params[0], rel=1e-9, abs=1e-9)
    assert ours.standard_error == pytest.approx(fitted.bse[0], rel=1e-9)
    assert ours.p == pytest.approx(fitted.pvalues[0], rel=1e-7, abs=1e-9)
    low, high = fitted.conf_int(1 - level)[0]
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert ours.clusters == len(set(clusters))


@given(PAIRS, LEVELS, ALTERNATIVES)
def test_clusters_of_one_are_no_clusters(pairs, level, alternative) -> None:
    new, old = columns(pairs)
    assume(spreads(new, old))
    plain = paired_t(new, old, level=level, alternative=alternative)
    names = [f"item {place}" for place in range(len(new))]
    ours = paired_t(new, old, clusters=names, level=level, alternative=alternative)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), rel=1e-12, abs=1e-12)
    assert ours.p == pytest.approx(plain.p, rel=1e-9, abs=1e-12)


@given(CLUSTERED)
def test_the_error_is_millers_but_for_the_factor(rows) -> None:
    # Miller (2024), section 2.2: the variance of independent items and the covariances in clusters.
    new, old, clusters = columns(rows)
    groups = len(set(clusters))
    assume(groups > 1)
    off = np.subtract(new, old) - np.mean(np.subtract(new, old))
    same = np.equal.outer(clusters, clusters)
    millers = math.sqrt(max((np.outer(off, off) * same).sum(), 0)) / len(off)
    ours = paired_t(new, old, clusters=clusters).standard_error
    assert ours == pytest.approx(millers * math.sqrt(groups / (groups - 1)), rel=1e-6, abs=1e-7)


@given(CLUSTERED, LEVELS, st.booleans())
def test_swapping_sides_mirrors_the_interval(rows, level, is_clustered) -> None:
    new, old, names = columns(rows)
    clusters = names if is_clustered else None
    ours = paired_t(new, old, clusters=clusters, level=level)
    mirrored = paired_t(old, new, clusters=clusters, level=level)
    assert (ours.low, ours.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-9)
    assert ours.p == pytest.approx(mirrored.p, rel=1e-6)
    upper = paired_t(old, new, clusters=clusters, level=level, alternative="less")
    lower = paired_t(new, old, clusters=clusters, level=level, alternative="greater")
    assert lower.low == pytest.approx(-upper.high, abs=1e-9)
    assert lower.p == pytest.approx(upper.p, rel=1e-6)


@given(CLUSTERED, st.booleans(), st.randoms())
def test_neither_order_nor_names_of_clusters_matter(rows, is_clustered, random) -> None:
    shuffled = random.sample(rows, len(rows))
    found = []
    for some in (rows, shuffled):
        new, old, names = columns(some)
        clusters = [f"cluster {name}" for name in names] if some is shuffled else names
        found.append(paired_t(new, old, clusters=clusters if is_clustered else None))
    assert found[0] == found[1]


@given(PAIRS)
def test_intervals_nest_by_level_and_agree_with_p(pairs) -> None:
    # Of differences below the last bits of the scores, p says that they are none.
    new, old = ([round(value, 3) for value in side] for side in columns(pairs))
    found = [paired_t(new, old, level=level) for level in (0.5, 0.9, 0.95, 0.99, 0.999)]
    for inner, outer in pairwise(found):
        assert outer.low <= inner.low <= inner.high <= outer.high
    for one in found:
        if abs(one.p - (1 - one.level)) > 1e-9:
            assert (one.p > 1 - one.level) == (one.low <= 0 <= one.high)


@given(PAIRS, st.integers(-900, 900))
def test_scale_alone_changes_nothing(pairs, exponent) -> None:
    new, old = ([round(value, 3) for value in side] for side in columns(pairs))
    ours = paired_t(new, old)
    scaled = paired_t(np.ldexp(new, exponent), np.ldexp(old, exponent))
    assert scaled.p == ours.p
    assert scaled.low == float(np.ldexp(ours.low, exponent))


@given(PAIRS, st.floats(0, 2), LEVELS)
def test_no_worse_is_a_bound_above_the_margin(pairs, margin, level) -> None:
    new, old = columns(pairs)
    assume(spreads(new, old))
    found = non_inferiority(new, old, margin, level=level)
    expected = stats.ttest_1samp(np.subtract(new, old), -margin, alternative="greater")
    assert found.p == pytest.approx(expected.pvalue, rel=1e-8, abs=1e-12)
    assert found.high == math.inf
    if abs(found.p - (1 - level)) > 1e-9:
        assert (found.low > -margin) == (found.p < 1 - level)
    both = paired_t(new, old, level=level) if level > 0.5 else None
    if both:
        assert found.low >= both.low


def test_one_item_or_one_cluster_tells_nothing() -> None:
    for found in (paired_t([1], [0]), paired_t([1, 0, 1], [0, 0, 0], clusters=["a"] * 3)):
        assert (found.low, found.high, found.p) == (-math.inf, math.inf, 1.0)
        assert found.standard_error is None
    assert non_inferiority([1], [0], 0.5).low == -math.inf


@pytest.mark.parametrize("clusters", [None, [1, 1, 2, 3]])
def test_differences_that_are_all_equal_have_no_spread(clusters) -> None:
    same = paired_t([1, 1, 0, 1], [1, 1, 0, 1], clusters=clusters)
    assert (same.estimate, same.low, same.high, same.p) == (0, 0, 0, 1)
    # All right against all wrong; and the last bits of 0.1 are no spread either.
    for new, old in (([1] * 4, [0] * 4), ([0.3, 0.4, 1.1, 0.1], [0.2, 0.3, 1.0, 0.0])):
        found = paired_t(new, old, clusters=clusters)
        assert found.low == found.high == pytest.approx(found.estimate)
        assert found.p == 0
        assert paired_t(old, new, clusters=clusters, alternative="greater").p == 1


def test_clusters_that_agree_have_no_spread_between_them() -> None:
    found = paired_t([1, 0, 1, 0], [0, 1, 0, 1], clusters=[1, 1, 2, 2])
    assert (found.estimate, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_million_items() -> None:
    random = np.random.default_rng(1)
    new, old = random.random(10**6), random.random(10**6)
    expected = stats.ttest_rel(new, old)
    assert paired_t(new, old).p == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1], [1, 0]), {}, "found 1 new and 2 old"),
        (([], []), {}, "at least one, found none"),
        (([1, math.inf], [1, 0]), {}, "finite numbers, found inf at 1"),
        (([1e308, 1], [-1e308, 0]), {}, "differences that a float can hold"),
        (([1, 0], [0, 1]), {"clusters": [1]}, "a cluster for each of 2 items, found 1"),
        (([1, 0], [0, 1]), {"clusters": [1, None]}, "a cluster for each item, found None at 1"),
        (([1, 0], [0, 1]), {"clusters": [math.nan, 1]}, "found nan at 0"),
        (([1, 0], [0, 1]), {"null": math.nan}, "null difference: a finite number, found nan"),
        (([1, 0], [0, 1]), {"level": 1.5}, "a level between 0 and 1, found 1.5"),
        (([1, 0], [0, 1]), {"alternative": "better"}, "found 'better'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        paired_t(*arguments, **options)


@pytest.mark.parametrize("margin", [-0.01, math.nan, math.inf, None, "0.1"])
def test_a_margin_is_a_number_from_0_on(margin) -> None:
    with pytest.raises(ValueError, match="expected a margin"):
        non_inferiority([1, 0], [0, 1], margin)
