"""Alpha spending: the level at each look, so that all looks together err no more often than one would.

Spending function and recursion: Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials"; Armitage,
McPherson and Rowe (1969). The boundaries are those of a normal statistic with independent increments, and we use them as
levels for the p-values of t and sign-flip tests (Jennison and Turnbull, 2000, section 4.4). Ordering replicates instead of
scenarios correlates the looks more than the recursion assumes, which only lowers the error (Slepian, 1962).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from airflow_hpo.comparison.rule import Spending
from airflow_hpo.exceptions import DeclarationError

_POINTS = 400
_REACH = 9.0
"""Standard deviations below zero at which the density is cut."""
_NEGLIGIBLE = 1e-15


def spent(alpha: float, fraction: float, spending: Spending) -> float:
    """Return how much of the error is spent when a share of all evaluations is in."""
    if spending is Spending.POCOCK:
        return alpha * math.log1p((math.e - 1) * fraction)
    z = -NormalDist().inv_cdf(alpha / 2)
    return math.erfc(z / math.sqrt(2 * fraction))


@functools.lru_cache(maxsize=256)
def nominal_levels(alpha: float, fractions: tuple[float, ...], spending: Spending) -> tuple[float, ...]:
    """Return the level for the p-value of each look."""
    _check(fractions)
    levels: list[float] = []
    walk: _Walk | None = None
    before = 0.0
    for fraction in fractions:
        total = spent(alpha, fraction, spending)
        bound = _bound(walk, fraction, total - before)
        levels.append(0.5 * math.erfc(bound / math.sqrt(2 * fraction)) if bound < math.inf else total - before)
        walk, before = _Walk.beyond(walk, fraction, bound), total
    return tuple(levels)


def even_fractions(looks: int) -> tuple[float, ...]:
    """Return the fractions of equally spaced looks."""
    return tuple(k / looks for k in range(1, looks + 1))


@functools.cache
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    return nodes, weights


class _Walk:
    """A Brownian motion that has crossed no boundary so far: its density at quadrature points."""

    def __init__(self, time: float, at: NDArray[np.float64], mass: NDArray[np.float64]) -> None:
        self.time, self.at, self.mass = time, at, mass

    @classmethod
    def beyond(cls, before: _Walk | None, time: float, bound: float) -> _Walk:
        """Return the walk at the next look, below that look's boundary."""
        low, high = -_REACH * math.sqrt(time), min(bound, _REACH * math.sqrt(time))
        nodes, weights = _quadrature()
        at = low + (nodes + 1) * (high - low) / 2
        start = before or cls(0.0, np.zeros(1), np.ones(1))
        sd = math.sqrt(time - start.time)
        density = np.exp(-0.5 * ((at[:, None] - start.at) / sd) ** 2) @ start.mass / (sd * math.sqrt(2 * math.pi))
        return cls(time, at, density * weights * (high - low) / 2)

    def crossing(self, time: float, bound: float) -> float:
        """Return the probability of being above a bound at a later time without having crossed before."""
        from scipy.special import ndtr

        return float(self.mass @ ndtr((self.at - bound) / math.sqrt(time - self.time)))


def _bound(walk: _Walk | None, time: float, allowed: float) -> float:
    from scipy.optimize import brentq

    if allowed < _NEGLIGIBLE:
        return math.inf
    if walk is None:
        return -math.sqrt(time) * NormalDist().inv_cdf(allowed)
    reach = _REACH * math.sqrt(time)
    return float(brentq(lambda bound: walk.crossing(time, bound) - allowed, -reach, reach, xtol=1e-13))


def _check(fractions: Sequence[float]) -> None:
    steps = [0.0, *fractions]
    if not fractions or not steps[-1] <= 1 or any(a >= b for a, b in itertools.pairwise(steps)):
        raise DeclarationError(
            f"The fractions of the looks must increase from above 0 to at most 1, but got {list(fractions)}. "
            f"Divide the evaluations of each look by those of the last."
        )
