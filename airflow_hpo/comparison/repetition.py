"""Values that are one measurement counted several times, and so no evidence.

A test takes every pair for a new measurement. A program that uses neither its scenario nor its seed gives one value however
often it is run, and a difference that is the same everywhere has been measured once. Only what chance all but rules out is
taken for a repetition: counts and shares of small test sets repeat by chance, numbers of many digits do not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from airflow_hpo.comparison.decision import Doubt
from airflow_hpo.comparison.pairs import Pairs

if TYPE_CHECKING:
    from airflow_hpo.comparison.estimation import Array

_ROUNDING = 1e-12
"""Share of the values' size below which they are equal."""
_SPREAD = 1e-4
"""Share of a difference's size within which it is the same everywhere: what prints with few digits leave of one number."""
_STEPS = 1000
"""Most steps between the smallest and the largest value of a metric whose values meet by chance."""


def doubt(champion: Array, challenger: Array) -> Doubt | None:
    """Say why the values of two candidates over the same scenarios, without a missing one, are no evidence."""
    if len(champion) < 2:
        return None
    size = float(max(np.abs(champion).max(), np.abs(challenger).max())) * _ROUNDING
    difference = challenger - champion
    if np.abs(difference).max() <= size:
        return Doubt.SAME_VALUES
    for values, found in ((champion, Doubt.CHAMPION_CONSTANT), (challenger, Doubt.CHALLENGER_CONSTANT)):
        if np.ptp(values) <= size:
            return found
    if _one(difference, size) or ((champion != 0).all() and _one(challenger / champion - 1, _ROUNDING)):
        return Doubt.SAME_DIFFERENCE
    return None


def constant(champion: Array, challenger: Array) -> bool:
    """Say whether both candidates have one value each, whatever the scenario."""
    return len(champion) > 1 and float(np.ptp(champion)) == 0.0 == float(np.ptp(challenger))


def counted_once(pairs: Pairs, metric: str) -> Pairs:
    """Return pairs without the scenarios that repeat all candidates' values of another one."""
    table = pairs.means[metric].unstack("candidate").dropna()
    values = table.to_numpy(dtype="float64")
    again = _repeated(values) if len(values) else np.zeros(0, dtype=bool)
    if not again.any():
        return pairs
    names = tuple(table.index[again])
    means = pairs.means[~pairs.means.index.get_level_values("scenario").isin(names)]
    evidence = replace(pairs.evidence, pairs=pairs.evidence.pairs - len(names), repeated=names)
    return Pairs(means, evidence, pairs.order)


def _one(values: Array, rounding: float) -> bool:
    return float(np.ptp(values)) <= max(_SPREAD * abs(float(values.mean())), rounding)


def _repeated(values: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows repeat an earlier one, one row per scenario; none where chance may be the reason.

    Rows without any difference are no evidence anyway, and rows that are all equal are left for :func:`doubt`.
    """
    _, first, index, counts = np.unique(values, axis=0, return_index=True, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    again = np.ones(len(values), dtype=bool)
    again[first] = False
    again &= np.ptp(values, axis=1) > 0
    kinds = [len(np.unique(column)) for column in values.T]
    if len(first) == 1 or not again.any():
        return np.zeros_like(again)
    if _steps(values) > _STEPS:
        return again
    paired = all(kind == len(first) for kind in kinds) or np.prod(kinds, dtype=float) >= 4 * len(first)
    return again if paired and (counts > 1).all() else np.zeros_like(again)


def _steps(values: Array) -> float:
    """Return how many steps lie between the smallest and the largest value, the step being what all distances share."""
    distinct = np.unique(values)
    reach = float(np.ptp(distinct))
    step = reach
    for gap in np.diff(distinct):
        rest = float(gap)
        while rest > reach * 1e-7:
            step, rest = rest, abs(step - round(step / rest) * rest)
        if reach > step * _STEPS:
            break
    return reach / step
