"""Number of independent scenarios that a series of them is worth: consecutive days resemble each other.

The mean of ``n`` values that resemble their neighbours varies as that of fewer, ``n (1 - r) / (1 + r)``, where ``r`` is the
correlation of neighbours and falls off geometrically (Bayley and Hammersley, 1946; Zwiers and von Storch, 1995). Estimated from
few values it is too small by about ``(1 + 4 r) / n`` (Marriott and Pope, 1954; Kendall, 1954), which is added. The 1 of it is
dropped as the values become many: there the test held in simulations without it, and was deaf with it.

From 40 values on, a slow change that lies under the noise of each day is looked for as well (an ARMA(1, 1) process): neighbours
at distance 2 correlate by more than the square of those at distance 1. With fewer it can hardly be seen.

What recurs, such as weekdays, would pass for noise and hide what is shown. Where an F test finds it, its means are taken out of
the noise; they say nothing of the mean over whole weeks.

``python -m benchmarks.dependent_error_rates`` shows what is left of the declared error, and the price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airflow_hpo.comparison.decision import Effective
from airflow_hpo.comparison.order import Order

Array = NDArray[np.float64]

_MOST_ALIKE = 0.95
_FEWEST = 2.0
"""Scenarios that a series is worth at least: with fewer nothing could be shown, however large the difference."""
_BIAS_UP_TO = 8
"""Most scenarios for which the whole bias of a correlation is added."""
_SLOW_FROM = 40
_SLOW_LEVEL = 1.2816
"""Standard errors by which the second correlation must exceed what the first one makes of it: a one-sided level of 10 %."""
_SEASON_LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values in an order, of one metric; arrays are as the pairs are, not in that order."""

    effective: Effective
    groups: NDArray[np.intp] | None = None
    """Which weekday, or other season, each value is of, where their means are taken out."""

    @property
    def means(self) -> int:
        """How many means are taken out of the noise."""
        return 1 if self.groups is None else int(self.groups.max()) + 1


def without_means(x: Array, groups: NDArray[np.intp] | None) -> Array:
    """Return values less their mean, or less that of each group."""
    if groups is None:
        centred: Array = x - x.mean(axis=-1, keepdims=True)
        return centred
    members = np.eye(int(groups.max()) + 1)[groups]
    means: Array = x @ members / members.sum(axis=0)
    noise: Array = x - means[..., groups]
    return noise


def series(x: Array, scenarios: tuple[str, ...], order: Order) -> Series | None:
    """Return what values are worth of which the order is known; None for too few to see any."""
    n = len(x)
    if n < 3:
        return None
    place = {name: number for number, name in enumerate(order.names)}
    sorting = np.argsort([place[name] for name in scenarios], kind="stable")
    groups = _recurring(x, scenarios, order)
    r, inflation = _inflation(without_means(x, groups)[sorting], seasonal=groups is not None)
    worth = min(max(n / inflation, _FEWEST), float(n))
    return Series(Effective(worth, r, order.unit, order.season if groups is not None else ""), groups)


def _inflation(noise: Array, *, seasonal: bool) -> tuple[float, float]:
    """Return the correlation of neighbours, and by how much more their mean varies than that of independent values."""
    n, size = len(noise), float(noise @ noise)
    if size == 0:
        return 0.0, 1.0
    first = float(noise[1:] @ noise[:-1]) / size
    # Without the means of seasons the correlation of what is independent is 0 on average, and not below.
    bias = 0.0 if seasonal else min(1.0, _BIAS_UP_TO / n)
    r = min(max((n * first + bias) / max(n - 4, 1), 0.0), _MOST_ALIKE)
    inflation = (1 + r) / (1 - r)
    if n < _SLOW_FROM or first <= 0:
        return r, inflation
    second = float(noise[2:] @ noise[:-2]) / size
    if second - first**2 <= _SLOW_LEVEL / math.sqrt(n):
        return r, inflation
    decay = min((n * second + 1) / (n * first + 1), _MOST_ALIKE)
    return r, max(inflation, 1 + 2 * r / (1 - decay))


def _recurring(x: Array, scenarios: tuple[str, ...], order: Order) -> NDArray[np.intp] | None:
    """Return the season of each value where seasons differ; None without, or with too few of each to tell."""
    from scipy.special import fdtrc

    if not order.season:
        return None
    kinds, groups = np.unique([order.seasons[name] for name in scenarios], return_inverse=True)
    count, n = len(kinds), len(x)
    if count < 2 or n < 2 * count:
        return None
    all_of_it, rest = (float((without_means(x, each) ** 2).sum()) for each in (None, groups))
    if rest <= 1e-12 * all_of_it:
        return None
    ratio = (all_of_it - rest) / (count - 1) / (rest / (n - count))
    return groups if float(fdtrc(count - 1, n - count, ratio)) < _SEASON_LEVEL else None
