"""Draws that break a constraint: what a sampler is shown of them, so that it does not draw them again."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from airflow_hpo.core.objective import Direction
from airflow_hpo.core.space import constraint
from airflow_hpo.core.space.space import Params, fits
from airflow_hpo.core.study import Study
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.distributions import distributions_of
from airflow_hpo.optuna.excesses import typical

SHOWN_TO = {"tpe", "gp"}
"""Samplers that model every point that they are shown; the others take another draw, which is as good as the first."""
DRAWS = 20
"""How often a sampler may draw a point that breaks a constraint before one that keeps all is drawn at random."""
KEPT = 10
"""How many refused draws a trial keeps at most."""
MOST = 200
"""How many of those of earlier rounds are shown at most, the newest: a model costs time for every point."""


def shown(study: Study, trials: Sequence[FrozenTrial], worst: float) -> tuple[Sequence[FrozenTrial], list[FrozenTrial]]:
    """Return the trials as a sampler is shown them, and the refused draws of before as further ones, of the worst value."""
    if not study.parameter_constraints or study.sampler.name not in SHOWN_TO:
        return trials, []
    judged = [_judged(study, trial) if trial.state.is_finished() else trial for trial in trials]
    also = typical(study, trials)
    return judged, [infeasible(study, params, worst, also) for params in list(_earlier(study, trials))[-MOST:]]


def infeasible(study: Study, params: Params, value: float, also: Mapping[str, Any]) -> FrozenTrial:
    """Return a refused draw as a trial that has ended, with a value that tempts no model."""
    return create_trial(
        value=value,
        params=params,
        distributions=distributions_of(study.space, params),
        system_attrs={**also, **_excesses(study, params)},
    )


def worst_value(study: Study, trials: Sequence[FrozenTrial]) -> float:
    """Return the worst result of a study; 0 without any."""
    values = [trial.values[0] for trial in trials if trial.state is TrialState.COMPLETE]
    return (max if study.objective.direction is Direction.MINIMIZE else min)(values, default=0.0)


def _earlier(study: Study, trials: Sequence[FrozenTrial]) -> Iterator[Params]:
    for trial in trials:
        for params in trial.user_attrs.get(attributes.REFUSED, ()):
            # The range of a parameter may have been another one.
            if fits(study.space, params):
                yield params


def _judged(study: Study, trial: FrozenTrial) -> FrozenTrial:
    found = copy(trial)
    found.system_attrs = trial.system_attrs | _excesses(study, trial.params)
    return found


def _excesses(study: Study, params: Params) -> dict[str, Any]:
    return {
        f"{attributes.CONSTRAINT}{text}": constraint.read(text).excess(params) for text in study.parameter_constraints
    }
