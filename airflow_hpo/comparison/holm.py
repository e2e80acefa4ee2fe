"""Holm's step-down procedure (1979) for several challengers, with one boundary per step when there are several looks.

With looks, each step takes its boundary from spending the step's own share of the error, as the closed testing of
Bonferroni group-sequential tests asks (Ye, Li, Liu and Yao, 2013), not by dividing one boundary by the number of tests.
"""

import numpy as np
from numpy.typing import NDArray

from airflow_hpo.comparison.alpha_spending import nominal_levels
from airflow_hpo.comparison.rule import Spending

Array = NDArray[np.float64]


def step_levels(alpha: float, challengers: int, fractions: tuple[float, ...], spending: Spending) -> Array:
    """Return the levels of Holm's steps at the last of the looks so far, for the smallest p-value first."""
    shares = (alpha / left for left in range(challengers, 0, -1))
    return np.array([nominal_levels(share, fractions, spending)[-1] for share in shares])


def holm(p: Array, steps: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return which hypotheses are rejected and the level at which each was decided.

    A hypothesis after the first that is not rejected is decided at that first one's level.
    """
    order = np.argsort(p, axis=-1, kind="stable")
    passed = np.logical_and.accumulate(np.take_along_axis(p, order, -1) <= steps * (1 + 1e-12), axis=-1)
    reached = np.minimum(passed.sum(axis=-1, keepdims=True), len(steps) - 1)
    levels = steps[np.minimum(np.arange(len(steps)), reached)]
    back = np.argsort(order, axis=-1, kind="stable")
    return np.take_along_axis(passed, back, -1), np.take_along_axis(levels, back, -1)
