"""Estimates of an effect with interval and p-value: exact for few pairs, Student's t corrected for skewness for many.

An effect is a ratio of sums over scenarios: of the differences ``d`` (challenger better: positive) to the weights ``w``,
which are all 1 for an absolute effect and the champion's absolute values for a relative one. Whether the effect exceeds
``theta`` is then a question about the mean of ``d - theta * w`` (Fieller, 1954), and the interval of the effect holds every
``theta`` that the test does not reject, so that interval and test never disagree. A relative effect is not shown at all
where the weights scatter so much that not even their own mean is clearly above zero: Fieller's interval has no end then.

Up to 12 pairs: the sign-flip test (Fisher, 1935; Pitman, 1937), exact whenever the differences are symmetric, which they
are when two candidates are alike, whatever the distribution of a single value. Its interval needs no search: the bounds
are order statistics of the means of all subsets (Hartigan, 1969). It cannot be smaller than ``2 ** -n``: with too few
pairs nothing is shown, however large the difference.

Scenarios in an order, such as days, count for as many as they are worth (:mod:`airflow_hpo.comparison.series`): Student's t
with that number, and up to 12 pairs no smaller a p-value than sign flips give.

More pairs: Student's t, which is conservative for heavy tails (Benjamini, 1983) but rejects too often when a challenger wins
a little in most scenarios and loses much in few. Hall's transformation (1992) removes that skewness; where Hall takes it
in both directions and normal quantiles, we take it only where it makes the claim harder, and Student's quantiles.

Arrays hold one value per scenario along their last axis; axes before it are independent repetitions.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from airflow_hpo.comparison.decision import Estimate, Method
from airflow_hpo.comparison.reachable import EXACT_PAIRS, TIE
from airflow_hpo.comparison.series import Series, without_means

Array = NDArray[np.float64]

_FEWEST_SKEWED = 8
"""Fewest values of a series that say something of skewness; with fewer it hides clear differences."""


def method(pairs: int, *, serial: bool = False) -> Method:
    """Return the test that so many pairs are given."""
    if serial:
        return Method.SERIAL
    return Method.SIGN_FLIP if pairs <= EXACT_PAIRS else Method.STUDENT


def p_above(d: Array, w: Array, theta: float, series: Series | None = None) -> Array:
    """Return the p-value of "the effect is at most theta": small when it is larger."""
    x = d - theta * w
    if x.shape[-1] <= EXACT_PAIRS:
        exact = sign_flip(x)
        return exact if series is None else np.maximum(exact, student(x, series))
    equal: NDArray[np.bool_] = (w == w[..., :1]).all(axis=-1)
    found = student(x, series)
    return found if equal.all() else np.maximum(found, np.where(equal, 0.0, student(w, series)))


def p_below(d: Array, w: Array, theta: float, series: Series | None = None) -> Array:
    """Return the p-value of "the effect is at least theta": small when it is smaller."""
    return p_above(-d, w, -theta, series)


def estimate(d: Array, w: Array, level: float, series: Series | None = None) -> Estimate:
    """Return an effect with its interval; each bound errs with probability ``level``."""
    if not len(d):
        return Estimate(math.nan, -math.inf, math.inf, 1 - 2 * level)
    low, high = _low(d, w, level, series), 0.0 - _low(-d, w, level, series)
    return Estimate(float(d.sum() / w.sum()), low, high, 1 - 2 * level)


def sign_flip(x: Array) -> Array:
    """Return the exact p-value of "the mean is at most 0": the share of sign changes that leave it as large or larger.

    Flipping a subset's signs leaves the mean as large just when the subset's own sum is not positive.
    """
    n = x.shape[-1]
    tie = TIE * np.abs(x).sum(axis=-1, keepdims=True)
    not_positive: Array = (x @ _subsets(n) <= tie).sum(axis=-1)
    p: Array = (1 + not_positive) / 2**n
    return p


def student(x: Array, series: Series | None = None) -> Array:
    """Return the p-value of "the mean is at most 0" by Student's t, made larger where skewness would make it too small.

    Equal values have no spread to judge by and are given the smallest p-value that sign flips could reach.
    """
    from scipy.special import stdtr

    n = x.shape[-1]
    # A p-value has no unit, and cubes of very small values would be 0. Powers of 2 leave all digits as they are.
    x = np.ldexp(x, -np.frexp(np.abs(x).max(axis=-1, keepdims=True))[1])
    mean = x.mean(axis=-1)
    centred = without_means(x, series.groups if series else None)
    worth, means = (series.effective.scenarios, series.means) if series else (float(n), 1)
    m2 = (centred**2).mean(axis=-1)
    constant = np.sqrt(m2) <= TIE * np.abs(x).max(axis=-1)
    m2 = np.where(constant, 1.0, m2)
    g = (centred**3).mean(axis=-1) / m2**1.5
    # Values that resemble each other lie closer to their own mean than to the true one.
    variance = m2 * n / (n - means) * (1 - 1 / n) / (1 - 1 / worth)
    u = mean / np.sqrt(variance) * math.sqrt(worth / n)
    corrected = u if n < _FEWEST_SKEWED else u + g * u**2 / 3 + g**2 * u**3 / 27 + g / (6 * n)
    p = stdtr((worth - 1) * (n - means) / (n - 1), -math.sqrt(n) * np.minimum(u, corrected))
    no_spread: Array = np.where(mean > 0, 2.0**-n, 1.0)
    result: Array = np.where(constant, no_spread, p)
    return result


def skewness(x: Array) -> float:
    """Return the skewness of values; 0 where they do not differ."""
    centred = x - x.mean()
    size = float(np.abs(centred).max())
    if size <= TIE * float(np.abs(x).max()):
        return 0.0
    centred = centred / size
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


@functools.cache
def _subsets(n: int) -> Array:
    """Return one column per non-empty subset of n things: 1 for what is in it, otherwise 0."""
    numbers = np.arange(1, 2**n)
    return ((numbers >> np.arange(n)[:, None]) & 1).astype(np.float64)


def _low(d: Array, w: Array, level: float, series: Series | None) -> float:
    n = len(d)
    exact = math.inf
    if n <= EXACT_PAIRS:
        rank = math.floor(level * 2**n + 1e-9)
        exact = float(np.sort(_ratios(d @ _subsets(n), w @ _subsets(n)))[rank - 1]) if rank else -math.inf
        if series is None:
            return exact
    centre = float(d.sum() / w.sum())
    spread = float(np.std(d - centre * w)) / float(w.mean())
    if spread <= TIE * max(abs(centre), float(np.abs(d).max()), 1e-300):
        return min(exact, centre)
    return min(exact, _solved(lambda theta: float(p_above(d, w, theta, series)) - level, centre, spread))


def _ratios(d: Array, w: Array) -> Array:
    """Return sums over sums; of weights of zero, as the test takes them: won for every effect, or for none."""
    nothing = w == 0
    found: Array = d / np.where(nothing, 1.0, w)
    found[nothing] = np.where(d[nothing] > 0, math.inf, -math.inf)
    return found


def _solved(excess: Callable[[float], float], centre: float, step: float) -> float:
    """Return where the excess crosses zero below the centre; minus infinity when it never does (Fieller, 1954)."""
    from scipy.optimize import brentq

    for _ in range(40):
        if excess(centre - step) < 0:
            return float(brentq(excess, centre - step, centre, xtol=1e-12 * step, rtol=1e-12))
        step *= 2
    return -math.inf
