"""Parameters of a space as Optuna's distributions and suggestions."""

from functools import lru_cache
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    json_to_distribution,
)
from optuna.trial import Trial

from airflow_hpo.core.space.space import Categorical, Float, Int, Params, Space


def distribution_of(parameter: Float | Int | Categorical) -> BaseDistribution:
    """Return the distribution of one parameter; the upper bound becomes the last value that the step reaches."""
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(list(parameter.choices))
    if isinstance(parameter, Int):
        last = parameter.at(parameter.count - 1)
        return IntDistribution(parameter.low, last, log=parameter.log, step=parameter.step)
    low, high = float(parameter.low), float(parameter.high)
    if parameter.step is None:
        return FloatDistribution(low, high, log=parameter.log)
    return FloatDistribution(low, parameter.at((parameter.count or 1) - 1), step=float(parameter.step))


def distributions_of(space: Space, params: Params) -> dict[str, BaseDistribution]:
    """Return the distributions of the parameters that a point has."""
    return {name: distribution_of(space[name]) for name in params}


def suggest(trial: Trial, space: Space) -> Params:
    """Suggest every parameter with a condition that holds, in the order of the space; return the point."""
    params: Params = {}
    for name, parameter in space.items():
        if parameter.applies(params):
            params[name] = parameter.canonical(_suggest(trial, name, distribution_of(parameter)))
    return params


def canonical_point(space: Space, params: Params) -> Params:
    """Return a point as the space itself writes it, in the order of the space."""
    return {name: parameter.canonical(params[name]) for name, parameter in space.items() if name in params}


@lru_cache(maxsize=4096)
def decoded(text: str) -> BaseDistribution:
    """Return a stored distribution; equal texts share one object, since decoding is most of the cost of reading."""
    return json_to_distribution(text)


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    if isinstance(distribution, FloatDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_float(name, low, high, step=distribution.step, log=distribution.log)
    raise TypeError(distribution)
