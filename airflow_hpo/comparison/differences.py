"""Differences between champion and challenger in one metric: their effect and p-values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from airflow_hpo.comparison.decision import Effect
from airflow_hpo.comparison.estimation import estimate, p_above, p_below
from airflow_hpo.comparison.rule import Scale
from airflow_hpo.core.objective import Direction
from airflow_hpo.exceptions import DeclarationError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """One metric of champion and challenger over the same scenarios, one value per scenario."""

    metric: str
    direction: Direction
    champion: Array
    challenger: Array
    scenarios: tuple[str, ...] = ()

    @property
    def better_by(self) -> Array:
        """The differences, positive where the challenger is better."""
        sign = 1.0 if self.direction is Direction.MAXIMIZE else -1.0
        return sign * (self.challenger - self.champion)

    @property
    def weights(self) -> Array | None:
        """What a relative effect is relative to; None when the champion's values are zero or of both signs."""
        one_sign = (self.champion > 0).all() or (self.champion < 0).all()
        return np.abs(self.champion) if one_sign else None

    def effect(self, level: float) -> Effect:
        """Return the effect with bounds that each err with probability ``level``."""
        d, weights = self.better_by, self.weights
        relative = None if weights is None or not len(d) else estimate(d, weights, level)
        return Effect(estimate(d, np.ones_like(d), level), relative)

    def p_values(self, threshold: float, scale: Scale) -> tuple[float, float]:
        """Return the p-values for "more than the threshold" and "less than the threshold"; 1 without pairs."""
        d = self.better_by
        if not len(d):
            return 1.0, 1.0
        weights = np.ones_like(d) if scale is Scale.ABSOLUTE else self.weights
        if weights is None:
            raise DeclarationError(
                f"A relative effect needs champion's values of one sign, but those of {self.metric!r} reach from "
                f"{self.champion.min():.4g} to {self.champion.max():.4g}. Declare scale='absolute'."
            )
        return float(p_above(d, weights, threshold)), float(p_below(d, weights, threshold))


def differences(metric: str, direction: Direction, champion: pd.DataFrame, challenger: pd.DataFrame) -> Differences:
    """Return one metric's values of two candidates."""
    a, b = (frame[metric].to_numpy(dtype=np.float64) for frame in (champion, challenger))
    return Differences(metric, direction, a, b, tuple(champion.index.get_level_values("scenario")))
