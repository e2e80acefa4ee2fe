"""Space as a sampler sees it: what has a distribution of its own is a share of it, from 0 to 1, in the copy in memory alone.

So a draw that is uniform for Optuna has the distribution that was declared, and a model of what is good is made where draws are
dense. The database has real values, for everyone who reads it with Optuna.
"""

import math
from collections.abc import Sequence
from copy import copy
from typing import TypeGuard

from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import FrozenTrial, Trial

from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.space import Categorical, Choice, Parameter, Params, Space
from airflow_hpo.optuna.distributions import distribution_of, suggested


def suggest(trial: Trial, space: Space) -> Params:
    """Suggest every parameter with a condition that holds, in the order of the space; return the point with real values."""
    params: Params = {}
    for name, parameter in space.items():
        if parameter.applies(params):
            value = suggested(trial, name, seen_distribution(parameter))
            if has_shares(parameter):
                params[name] = parameter.at_quantile(value)
            else:
                params[name] = parameter.canonical(value)
    return params


def seen_distribution(parameter: Parameter) -> BaseDistribution:
    """Return the distribution that a sampler draws one parameter from."""
    return FloatDistribution(0.0, 1.0) if has_shares(parameter) else distribution_of(parameter)


def has_shares(parameter: Parameter) -> TypeGuard[Normal | LogNormal | Categorical]:
    """Say whether a parameter has a distribution that Optuna does not know."""
    return isinstance(parameter, Normal | LogNormal) or (isinstance(parameter, Categorical) and bool(parameter.weights))


def seen_point(space: Space, params: Params) -> Params:
    """Return a point as a sampler sees it."""
    return {name: _seen(space[name], value) if name in space else value for name, value in params.items()}


def seen_trials(space: Space, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    """Return trials as a sampler sees them."""
    names = [name for name, parameter in space.items() if has_shares(parameter)]
    return [_seen_trial(space, names, trial) for trial in trials] if names else trials


def _seen_trial(space: Space, names: Sequence[str], trial: FrozenTrial) -> FrozenTrial:
    found = copy(trial)
    # Of choices, a study may have had others before.
    here = [name for name in names if space[name].holds(trial.params.get(name, math.nan))]
    found.params = trial.params | {name: _seen(space[name], trial.params[name]) for name in here}
    found.distributions = trial.distributions | {name: seen_distribution(space[name]) for name in here}
    return found


def _seen(parameter: Parameter, value: Choice) -> Choice:
    return parameter.quantile(value) if has_shares(parameter) and parameter.holds(value) else value
