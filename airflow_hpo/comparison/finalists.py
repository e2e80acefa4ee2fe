"""Finalists for the comparison: the best of a study, measured again, because the winner of many noisy trials was also lucky.

The value with which a trial won is the largest of many draws, so it overstates the trial (the winner's curse; Cawley and
Talbot, 2010, for model selection). Measured again on data that had no part in choosing, it does not. When production's own
parameters were a trial of the same study, their change between the two measurements shows how much the conditions changed,
and is taken off: what remains is the inflation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_hpo.comparison.decision import Estimate
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.objective import Direction, Objective
from airflow_hpo.exceptions import DeclarationError

if TYPE_CHECKING:
    import pandas as pd

    from airflow_hpo.comparison.estimation import Array
    from airflow_hpo.comparison.order import Order
    from airflow_hpo.comparison.pairs import Pairs


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """One finalist before and after."""

    candidate: str
    observed: float
    """The value that the study reported."""
    mean: float
    """The mean over the scenarios of the new evaluation that it has a value of; NaN without any."""
    inflation: Estimate
    """By how much the study's value was too good; above 0 for a lucky trial, in the metric's own unit."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Finalists measured again."""

    best: str | None
    """The best by the new evaluation, who meets the champion; None when none has a value."""
    winner: str
    """The best by the study."""
    finalists: tuple[Reevaluated, ...]
    """Best of the new evaluation first; those that failed by their own program come later."""
    adjusted: bool
    """Whether the champion's own change was taken off the inflation."""
    pairs: int
    """Scenarios behind each mean."""

    @property
    def inflation(self) -> Estimate:
        """How much the study's winner was overstated."""
        return next(finalist.inflation for finalist in self.finalists if finalist.candidate == self.winner)


def select(
    frame: pd.DataFrame,
    observed: Mapping[str, float],
    objective: Objective,
    *,
    champion: str | None = None,
    max_dropped: float = 0.2,
    alpha: float = 0.05,
    order: Order | None = None,
) -> Selection:
    """Choose the finalist that meets the champion, and say how much the study's winner was overstated.

    Finalists that failed by their own program come after those that did not.
    """
    from airflow_hpo.comparison.pairs import checked, pair

    finalists = [name for name in observed if name != champion]
    anchor = champion if champion in observed else None
    names = [*finalists, *([anchor] if anchor else [])]
    evaluations = checked(frame[frame["candidate"].isin(names)], [objective.metric], anchor)
    missing = [name for name in names if name not in set(evaluations["candidate"])]
    if missing or not finalists:
        raise DeclarationError(
            f"A selection needs finalists that were evaluated again, but got {finalists} and evaluations of "
            f"{sorted(set(evaluations['candidate']))}.{nearest(missing[0], names) if missing else ''} Evaluate each."
        )
    pairs = replace(pair(evaluations, anchor, max_dropped, max_failed=max_dropped), order=order)
    failures = {each.candidate: len(each.scenarios) for each in pairs.evidence.failed}
    lost = observed[anchor] - _values(pairs, anchor, objective) if anchor else 0.0
    results = [_reevaluated(name, observed[name], pairs, objective, lost, alpha) for name in finalists]
    ranked = sorted(results, key=lambda r: (math.isnan(r.mean), failures.get(r.candidate, 0), _cost(r.mean, objective)))
    return Selection(
        best=None if math.isnan(ranked[0].mean) else ranked[0].candidate,
        winner=min(finalists, key=lambda name: _cost(observed[name], objective)),
        finalists=tuple(ranked),
        adjusted=anchor is not None,
        pairs=pairs.evidence.pairs,
    )


def _reevaluated(
    name: str, observed: float, pairs: Pairs, objective: Objective, lost: Array | float, alpha: float
) -> Reevaluated:
    import numpy as np

    from airflow_hpo.comparison.estimation import estimate
    from airflow_hpo.comparison.series import series

    values = _values(pairs, name, objective)
    sign = 1.0 if objective.direction is Direction.MAXIMIZE else -1.0
    overstated = sign * (observed - values - (lost if len(values) else 0.0))
    known = ~np.isnan(overstated)
    mean = float(values[known].mean()) if known.any() else math.nan
    overstated, scenarios = overstated[known], pairs.of(name).index.get_level_values("scenario")[known]
    worth = series(overstated, tuple(scenarios), pairs.order) if pairs.order else None
    return Reevaluated(name, observed, mean, estimate(overstated, np.ones_like(overstated), alpha, worth))


def _values(pairs: Pairs, name: str, objective: Objective) -> Array:
    return pairs.of(name)[objective.metric].to_numpy(dtype="float64")


def _cost(value: float, objective: Objective) -> float:
    return value if objective.direction is Direction.MINIMIZE else -value
