"""Differences between champion and challenger in one metric: their effect and p-values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from airflow_hpo.comparison.decision import Doubt, Effect, Effective
from airflow_hpo.comparison.estimation import estimate, p_above, p_below, skewness
from airflow_hpo.comparison.order import Order
from airflow_hpo.comparison.repetition import constant, doubt
from airflow_hpo.comparison.rule import Scale
from airflow_hpo.comparison.series import Series, series
from airflow_hpo.core.objective import Direction

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """One metric of champion and challenger over the same scenarios, one value per scenario; NaN where the challenger failed."""

    metric: str
    direction: Direction
    champion: Array
    challenger: Array
    scenarios: tuple[str, ...] = ()
    order: Order | None = None

    @property
    def better_by(self) -> Array:
        """The differences, positive where the challenger is better; a failure is a loss as large as the largest of them."""
        sign = 1.0 if self.direction is Direction.MAXIMIZE else -1.0
        found = sign * (self.challenger - self.champion)
        return np.where(np.isnan(found), -np.abs(found[~np.isnan(found)]).max(initial=0.0), found)

    @property
    def weights(self) -> Array | None:
        """What a relative effect is relative to; None when the champion's values have both signs."""
        one_sign = (self.champion >= 0).all() or (self.champion <= 0).all()
        return np.abs(self.champion) if one_sign else None

    def effect(self, level: float) -> Effect:
        """Return the effect with bounds that each err with probability ``level``."""
        d, weights, ones = self.better_by, self.weights, np.ones_like(self.champion)
        relative = None if weights is None or not weights.any() else estimate(d, weights, level, self._series(weights))
        return Effect(estimate(d, ones, level, self._series(ones)), relative)

    def effective(self, scale: Scale) -> Effective | None:
        """Return what the scenarios are worth on a scale; None where they are independent."""
        weights = self.weights if scale is Scale.RELATIVE else None
        found = self._series(np.ones_like(self.champion) if weights is None else weights)
        return found.effective if found else None

    def _series(self, weights: Array) -> Series | None:
        d, total = self.better_by, float(weights.sum())
        if self.order is None:
            return None
        return series(d - (float(d.sum()) / total if total else 0.0) * weights, self.scenarios, self.order)

    def p_values(self, threshold: float, scale: Scale) -> tuple[float, float]:
        """Return the p-values for "more than the threshold" and "less than the threshold"; 1 without pairs or a share."""
        d = self.better_by
        weights = np.ones_like(d) if scale is Scale.ABSOLUTE else self.weights
        if not len(d) or weights is None:
            return 1.0, 1.0
        if threshold < 0 and not weights.any() and not d.any():
            # No share of zero may be lost, and nothing was.
            weights = np.ones_like(d)
        found = self._series(weights)
        return float(p_above(d, weights, threshold, found)), float(p_below(d, weights, threshold, found))

    def doubt(self, scale: Scale) -> Doubt | None:
        """Say why these values are no evidence on a scale; None when they may be."""
        known = ~np.isnan(self.challenger)
        found = doubt(self.champion[known], self.challenger[known])
        return Doubt.NO_SHARE if not found and scale is Scale.RELATIVE and self.weights is None else found

    @property
    def constant(self) -> bool:
        """Whether both candidates have one value each, whatever the scenario."""
        return constant(self.champion, self.challenger)

    def skewness(self, threshold: float, scale: Scale) -> float:
        """Return it for the differences: below 0 for little wins in most scenarios and large losses in few.

        0 for fewer than 3 pairs, and where no difference lies below the threshold.
        """
        d, weights = self.better_by, self.weights
        limit = threshold if scale is Scale.ABSOLUTE or weights is None else threshold * weights
        return skewness(d) if len(d) > 2 and (d < limit).any() else 0.0


def differences(
    metric: str, direction: Direction, champion: pd.DataFrame, challenger: pd.DataFrame, order: Order | None = None
) -> Differences:
    """Return one metric's values of two candidates."""
    a, b = (frame[metric].to_numpy(dtype=np.float64) for frame in (champion, challenger))
    return Differences(metric, direction, a, b, tuple(champion.index.get_level_values("scenario")), order)
