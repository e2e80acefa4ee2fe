from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from airflow_hpo.comparison.decision import Method
from airflow_hpo.comparison.estimation import (
    estimate,
    method,
    p_above,
    p_below,
    sign_flip,
    student,
)
from airflow_hpo.comparison.reachable import EXACT_PAIRS, pairs_needed

MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
"""Darwin's fifteen pairs of maize plants, crossed minus self-fertilised, in eighths of an inch (1876)."""
FEW = np.array([0.9, 1.7, -0.4, 2.2, 0.3, 1.1, 0.8])
SYMMETRIC = np.concatenate([MAIZE[:9], 40 - MAIZE[:9]])
"""18 values without skewness."""


def ones(d: np.ndarray) -> np.ndarray:
    return np.ones_like(d)


def test_sign_flips_reproduce_what_fisher_counted() -> None:
    assert sign_flip(MAIZE) * 2**15 == 863  # Fisher (1935), The Design of Experiments, section 21


def test_sign_flips_agree_with_an_enumeration_by_scipy() -> None:
    scipy = stats.permutation_test(
        (FEW, np.zeros(len(FEW))),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert sign_flip(FEW) == pytest.approx(scipy.pvalue)


def test_student_agrees_with_scipy_where_nothing_is_skewed() -> None:
    assert student(SYMMETRIC - 10) == pytest.approx(stats.ttest_1samp(SYMMETRIC, 10, alternative="greater").pvalue)


def test_a_left_tail_makes_the_t_test_stricter_by_halls_transformation() -> None:
    n, skewness = len(MAIZE), stats.skew(MAIZE)
    u = stats.ttest_1samp(MAIZE, 0).statistic / math.sqrt(n)
    hall = math.sqrt(n) * (((1 + skewness * u / 3) ** 3 - 1) / skewness + skewness / (6 * n))
    assert skewness < 0
    assert student(MAIZE) == pytest.approx(stats.t.sf(hall, n - 1))
    assert student(MAIZE) > stats.ttest_1samp(MAIZE, 0, alternative="greater").pvalue


def test_a_right_tail_is_no_reason_to_believe_more() -> None:
    found = -MAIZE + 60
    assert stats.skew(found) > 0
    assert student(found) == pytest.approx(stats.ttest_1samp(found, 0, alternative="greater").pvalue)


@pytest.mark.parametrize(("n", "expected"), [(12, Method.SIGN_FLIP), (13, Method.STUDENT)])
def test_many_pairs_are_given_the_t_test(n: int, expected: Method) -> None:
    d = np.resize(FEW, n)
    assert method(n) is expected
    assert p_above(d, ones(d), 0.0) == (sign_flip if expected is Method.SIGN_FLIP else student)(d)


def test_one_pair_shows_nothing_and_has_no_bounds() -> None:
    one = np.array([5.0])
    assert p_above(one, ones(one), 0.0) == 0.5
    assert estimate(one, ones(one), 0.05).low == -math.inf
    assert estimate(one, ones(one), 0.05).high == math.inf


def test_no_pair_is_no_number() -> None:
    found = estimate(np.array([]), np.array([]), 0.05)
    assert math.isnan(found.value)
    assert (found.low, found.high) == (-math.inf, math.inf)


@pytest.mark.parametrize("n", [5, 12, 13, 30])
def test_equal_differences_are_as_sure_as_their_number_allows(n: int) -> None:
    d = np.full(n, 0.1)
    found = estimate(d, ones(d), 0.05)
    assert p_above(d, ones(d), 0.0) == 2.0**-n
    assert (found.low, found.value, found.high) == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize("n", [5, 12, 13, 30])
def test_no_difference_at_all_shows_nothing(n: int) -> None:
    d = np.zeros(n)
    assert p_above(d, ones(d), 0.0) == 1.0
    assert p_below(d, ones(d), 0.0) == 1.0


@pytest.mark.parametrize("n", [5, 8, 13])
def test_rounding_does_not_break_a_tie_with_the_threshold(n: int) -> None:
    d = np.full(n, 0.3) - np.resize([0.1, 0.1000000000000001], n)
    assert p_above(d, ones(d), 0.2) > 0.05


@pytest.mark.parametrize(("level", "pairs"), [(0.05, 5), (1 / 32, 5), (0.03, 6), (0.01, 7), (1e-9, EXACT_PAIRS + 1)])
def test_so_many_pairs_are_needed_to_reach_a_level(level: float, pairs: int) -> None:
    assert pairs_needed(level) == pairs


def test_the_exact_interval_ends_at_means_of_subsets() -> None:
    means = sorted(
        float(np.mean([value for j, value in enumerate(FEW[:5]) if subset >> j & 1])) for subset in range(1, 32)
    )
    found = estimate(FEW[:5], ones(FEW[:5]), 0.1)  # Hartigan (1969): 0.1 * 32 = 3.2
    assert (found.low, found.high) == pytest.approx((means[2], means[-3]))
    assert found.confidence == pytest.approx(0.8)


def test_the_interval_of_many_unskewed_pairs_is_students() -> None:
    found = estimate(SYMMETRIC, ones(SYMMETRIC), 0.05)
    low, high = stats.ttest_1samp(SYMMETRIC, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_interval_of_a_ratio_is_fiellers() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 10))
    d, w = 4 + np.concatenate([a, -a]), 20 + np.concatenate([b, -b])
    n, t = len(d), stats.t.ppf(0.95, len(d) - 1)
    v = np.cov(d, w) / n
    quadratic = [
        w.mean() ** 2 - t**2 * v[1, 1],
        2 * (t**2 * v[0, 1] - d.mean() * w.mean()),
        d.mean() ** 2 - t**2 * v[0, 0],
    ]
    low, high = sorted(np.roots(quadratic))
    found = estimate(d, w, 0.05)
    assert (found.low, found.value, found.high) == pytest.approx((low, d.mean() / w.mean(), high))


VALUES = st.floats(-100, 100).map(lambda x: round(x, 3))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), n=st.integers(1, 20), level=st.floats(0.001, 0.3))
def test_the_interval_never_disagrees_with_the_test(data: st.DataObject, n: int, level: float) -> None:
    d = data.draw(arrays(float, n, elements=VALUES))
    w = data.draw(arrays(float, n, elements=st.floats(1, 10)))
    found = estimate(d, w, level)
    assert found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9
    step = 1e-6 * max(1.0, abs(found.low), float(np.abs(d).max()))
    if math.isfinite(found.low):
        assert p_above(d, w, found.low - step) <= level + 1e-9
        assert p_above(d, w, found.low + step) > level - 1e-6
    else:
        assert p_above(d, w, -1e7) > level


def test_a_share_of_next_to_nothing_is_never_shown() -> None:
    w = np.concatenate([np.full(19, 0.01), [50.0]])
    d = np.full(20, 5.0) + np.resize([0.1, -0.1], 20)
    assert student(d) < 1e-9
    assert student(w) > 0.05
    assert p_above(d, w, 0.0) == student(w)
    assert estimate(d, w, 0.05).low == -math.inf
