"""The bootstrap is SciPy's BCa on the same resamples, and close to it on others."""

import math
import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from ft_registry.statistics.bootstrap import bootstrap_mean_difference
from ft_registry.statistics.estimate import Alternative
from ft_registry.statistics.paired import paired_t

SEEDS = st.integers(0, 2**32)
SCORE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(-100, 100))
EIGHTH = st.integers(-800, 800).map(lambda whole: whole / 8)
EIGHTHS = st.lists(st.tuples(EIGHTH, EIGHTH), min_size=2, max_size=30)
"""Their sums are exact: SciPy takes equal means for different ones where the last bits differ."""
CLUSTERED = st.lists(st.tuples(SCORE, SCORE, st.integers(0, 6)), min_size=2, max_size=30)


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def answers(n, seed, *, right=0.7, differ=0.2):
    random = np.random.default_rng(seed)
    old = (random.random(n) < right).astype(float)
    return np.where(random.random(n) < differ, random.random(n) < right + 0.1, old), old


@pytest.mark.filterwarnings("ignore")  # SciPy's own, where nothing spreads
@settings(max_examples=50)
@given(
    EIGHTHS,
    SEEDS,
    st.sampled_from([0.5, 0.9, 0.95]),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_on_the_same_resamples_it_is_scipys(pairs, seed, level, alternative) -> None:
    new, old = columns(pairs)
    deltas = np.sort(np.subtract(new, old))
    assume(np.std(deltas) > 1e-3 * np.abs(deltas).max())
    ours = bootstrap_mean_difference(
        new, old, level=level, alternative=alternative, resamples=500, seed=seed
    )
    # So few items are drawn one by one, as SciPy does.
    theirs = stats.bootstrap(
        (deltas,), np.mean, vectorized=True, axis=-1, n_resamples=500, confidence_level=level,
        alternative=alternative, method="BCa", rng=np.random.Generator(np.random.PCG64(seed)),
    )  # fmt: skip
    limits = theirs.confidence_interval
    assume(not math.isnan(limits.low + limits.high))  # SciPy gives up; we do not
    assert (ours.low, ours.high) == pytest.approx((limits.low, limits.high), abs=1e-9)
    assert ours.standard_error == pytest.approx(theirs.standard_error, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_right_and_wrong_answers_by_counts_are_scipys_by_indices(seed) -> None:
    new, old = answers(400, seed)
    ours = bootstrap_mean_difference(new, old, resamples=40_000, seed=seed)
    theirs = stats.bootstrap(
        (new - old,), np.mean, n_resamples=40_000, method="BCa", batch=2000,
        rng=np.random.default_rng(seed + 100),
    )  # fmt: skip
    # Means of 400 answers are 1/400 apart: an end may fall on the next one.
    limits = theirs.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((limits.low, limits.high), abs=1 / 400 + 1e-9)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_skewed_differences_are_scipys_within_chance(seed) -> None:
    random = np.random.default_rng(seed)
    new, old = random.exponential(1.1, 60), random.exponential(1.0, 60) ** 2
    ours = bootstrap_mean_difference(new, old, resamples=40_000, seed=seed)
    theirs = stats.bootstrap(
        (new - old,), np.mean, n_resamples=40_000, method="BCa", rng=np.random.default_rng(99)
    )
    limits, slack = theirs.confidence_interval, 0.1 * theirs.standard_error
    assert (ours.low, ours.high) == pytest.approx((limits.low, limits.high), abs=slack)


def test_clusters_are_those_drawn_one_by_one() -> None:
    random = np.random.default_rng(5)
    clusters = random.integers(0, 40, 300)
    shift = random.normal(size=40)[clusters]
    new, old = shift + random.normal(size=300), random.normal(size=300)
    ours = bootstrap_mean_difference(new, old, clusters=clusters, resamples=20_000)
    members = [np.flatnonzero(clusters == name) for name in range(40)]
    deltas = new - old
    drawn = [
        deltas[np.concatenate([members[g] for g in random.integers(0, 40, 40)])].mean()
        for _ in range(4000)
    ]
    assert ours.standard_error == pytest.approx(np.std(drawn), rel=0.05)
    robust = paired_t(new, old, clusters=clusters)
    assert ours.standard_error == pytest.approx(robust.standard_error, rel=0.1)
    assert (ours.clusters, ours.n) == (40, 300)
    alone = bootstrap_mean_difference(new, old)
    assert alone.standard_error < 0.7 * ours.standard_error


def test_equal_clusters_are_items_of_their_means() -> None:
    new, old = answers(600, 3)
    clusters = [place // 3 for place in range(600)]
    ours = bootstrap_mean_difference(new, old, clusters=clusters, seed=7)
    means = [side.reshape(-1, 3).mean(axis=1) for side in (new, old)]
    theirs = bootstrap_mean_difference(*means, seed=7)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1 / 600 + 1e-9)


@settings(max_examples=50)
@given(CLUSTERED, SEEDS, st.booleans(), st.randoms())
def test_the_same_arguments_give_the_same_whatever_the_order(rows, seed, is_clustered, random):
    found = []
    for some in (rows, rows, random.sample(rows, len(rows))):
        new, old, names = columns(some)
        clusters = names if is_clustered else None
        found.append(
            bootstrap_mean_difference(new, old, clusters=clusters, resamples=200, seed=seed)
        )
    assert found[0] == found[1] == found[2]


@settings(max_examples=50)
@given(CLUSTERED, SEEDS, st.booleans())
def test_intervals_nest_by_level_and_agree_with_p(rows, seed, is_clustered) -> None:
    new, old, names = columns(rows)
    clusters = names if is_clustered else None
    found = [
        bootstrap_mean_difference(
            new, old, clusters=clusters, resamples=4000, seed=seed, level=level
        )
        for level in (0.5, 0.9, 0.95, 0.99)
    ]
    assert len({one.p for one in found}) == 1
    for inner, outer in pairwise(found):
        assert outer.low <= inner.low <= inner.high <= outer.high
    for one in found:
        if one.p > (1 - one.level) * 1.1 + 0.01:
            assert one.low <= 1e-9
            assert one.high >= -1e-9


@pytest.mark.parametrize("seed", range(3))
def test_p_is_the_level_at_which_the_interval_touches_the_null(seed) -> None:
    random = np.random.default_rng(seed)
    new, old = random.exponential(1.3, 80), random.exponential(1.0, 80)
    for alternative in ("two-sided", "greater", "less"):
        options = {"alternative": alternative, "resamples": 20_000, "seed": seed}
        p = bootstrap_mean_difference(new, old, **options).p
        wider = bootstrap_mean_difference(new, old, level=1 - p * 0.95, **options)
        narrower = bootstrap_mean_difference(new, old, level=1 - min(p * 1.05, 0.9999), **options)
        assert wider.low <= 0 <= wider.high
        assert not narrower.low < 0 < narrower.high


def test_swapping_sides_mirrors_the_interval_within_chance() -> None:
    new, old = answers(1000, 11)
    ours = bootstrap_mean_difference(new, old, resamples=40_000)
    mirrored = bootstrap_mean_difference(old, new, resamples=40_000)
    assert (ours.low, ours.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1.5e-3)


def test_it_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(8)
    hits = 0
    for trial in range(400):
        outcome = random.choice([-1.0, 0.0, 1.0], p=[0.05, 0.8, 0.15], size=200)
        found = bootstrap_mean_difference(
            outcome, np.zeros(200), level=0.9, resamples=1000, seed=trial
        )
        hits += found.holds(0.1)
    assert 0.86 <= hits / 400 <= 0.94


def test_it_errs_as_often_as_it_says() -> None:
    random = np.random.default_rng(9)
    wrong = 0
    for trial in range(400):
        new, old = random.exponential(1, 60), random.exponential(1, 60)
        wrong += bootstrap_mean_difference(new, old, resamples=500, seed=trial).p <= 0.1
    assert 0.065 <= wrong / 400 <= 0.145


def test_one_item_or_one_cluster_tells_nothing() -> None:
    for found in (
        bootstrap_mean_difference([1], [0]),
        bootstrap_mean_difference([1, 0, 1], [0, 0, 0], clusters=["a"] * 3),
    ):
        assert (found.low, found.high, found.p) == (-math.inf, math.inf, 1.0)
        assert found.standard_error is None


@pytest.mark.parametrize("clusters", [None, [1, 1, 2, 3]])
def test_differences_that_are_all_equal_have_no_spread(clusters) -> None:
    same = bootstrap_mean_difference([1, 1, 0, 1], [1, 1, 0, 1], clusters=clusters)
    assert (same.estimate, same.low, same.high, same.p, same.standard_error) == (0, 0, 0, 1, 0)
    for new, old in (([1] * 4, [0] * 4), ([0.3, 0.4, 1.1, 0.1], [0.2, 0.3, 1.0, 0.0])):
        found = bootstrap_mean_difference(new, old, clusters=clusters, resamples=999)
        assert found.low == found.high == pytest.approx(found.estimate)
        assert found.p == pytest.approx(2 / 1000)
        options = {"clusters": clusters, "resamples": 999}
        assert bootstrap_mean_difference(new, old, alternative="greater", **options).p == 1 / 1000
        assert bootstrap_mean_difference(new, old, alternative="less", **options).p == 1


@given(st.integers(2, 60), SEEDS)
def test_one_item_that_differs_has_an_interval(n, seed) -> None:
    found = bootstrap_mean_difference([1] + [0] * (n - 1), [0] * n, seed=seed, resamples=200)
    assert 0 <= found.low <= 1 / n <= found.high <= 1
    assert 0 < found.p <= 1


@pytest.mark.parametrize("kind", ["right or wrong", "graded"])
def test_ten_thousand_items_are_fast_in_bounded_memory(kind) -> None:
    random = np.random.default_rng(2)
    new, old = answers(10_000, 2)
    if kind == "graded":
        new, old = random.random(10_000), random.random(10_000)
    bootstrap_mean_difference(new, old, resamples=100)
    tracemalloc.start()
    started = time.perf_counter()
    found = bootstrap_mean_difference(new, old, resamples=10_000)
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    # 0.01 s and 0.4 s on a quiet machine; a busy one gets the rest.
    assert seconds < 3
    plain = paired_t(new, old)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=5e-4)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1], [1, 0]), {}, "found 1 new and 2 old"),
        (([], []), {}, "at least one, found none"),
        (([1, math.nan], [1, 0]), {}, "finite numbers, found nan at 1"),
        (([1, 0], [0, 1]), {"resamples": 0}, "resamples: a whole number from 1 on, found 0"),
        (
            ([1, 0], [0, 1]),
            {"resamples": 39},
            "at least 40 resamples for a level of 0.95",
        ),
        (([1, 0], [0, 1]), {"seed": -1}, "a seed: a whole number from 0 on, found -1"),
        (([1, 0], [0, 1]), {"seed": None}, "a seed: a whole number from 0 on, found None"),
        (([1, 0], [0, 1]), {"level": 0.0}, "a level between 0 and 1"),
        (([1, 0], [0, 1]), {"null": math.inf}, "null difference"),
        (([1, 0], [0, 1]), {"alternative": "both"}, "found 'both'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_mean_difference(*arguments, **options)


@pytest.mark.parametrize("tested", ["greater", "less"])
def test_one_draw_gives_an_interval_of_both_sides_and_a_p_of_one(tested: Alternative) -> None:
    new, old = np.random.default_rng(5).gamma(1.0, size=(2, 40))
    both = bootstrap_mean_difference(new, old, tested=tested)
    assert (both.low, both.high) == (bootstrap_mean_difference(new, old).low, both.high)
    assert both.is_bounded
    assert both.p == bootstrap_mean_difference(new, old, alternative=tested).p
