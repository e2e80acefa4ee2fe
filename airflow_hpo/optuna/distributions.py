"""Parameters of a space as Optuna's distributions and suggestions."""

import math
import sys
from decimal import Decimal
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

from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import MAX_INT
from airflow_hpo.core.space.space import Categorical, Float, Int, Parameter, Params, Space

TOLERANCE = 1e-8
"""By how large a part of a step Optuna lets a value lie beside it."""


def distribution_of(parameter: Parameter) -> BaseDistribution:
    """Return the distribution of one parameter; the upper bound becomes the last value that the step reaches.

    Optuna tells by division of floats whether a value lies on a step. Where it would refuse some, it gets none, and what it
    suggests is moved to the next one. A logarithmic scale has no steps there: what is drawn on it is rounded.
    """
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(list(parameter.choices))
    if isinstance(parameter, Normal | LogNormal):
        return _around(parameter)
    if isinstance(parameter, Int):
        highest = parameter.at(parameter.count - 1)
        step = parameter.step if highest - parameter.low <= MAX_INT and not parameter.log else 1
        return IntDistribution(parameter.low, highest, log=parameter.log, step=step)
    low, high = float(parameter.low), float(parameter.high)
    if parameter.step is None:
        return FloatDistribution(low, high, log=parameter.log)
    last = parameter.at((parameter.count or 1) - 1)
    if parameter.log:
        return FloatDistribution(low, last, log=True)
    return FloatDistribution(low, last, step=float(parameter.step) if _divides(parameter, last) else None)


def _around(parameter: Normal | LogNormal) -> BaseDistribution:
    """Return a plain distribution that contains every value of one that Optuna does not know."""
    if parameter.integer:
        low, high = int(parameter.low), int(parameter.high)
        return IntDistribution(low, high, log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def _divides(parameter: Float, last: float) -> bool:
    """Say whether Optuna takes every value for one that lies on a step; far from zero it does not."""
    low, high, step = (Decimal(str(float(number))) for number in (parameter.low, last, parameter.step or 1.0))
    largest = max(abs(parameter.low), abs(last))
    drift = math.ulp(largest) / float(step) + 3 * (parameter.count or 1) * sys.float_info.epsilon / 2
    return drift < TOLERANCE and (high - low) % step == 0


def distributions_of(space: Space, params: Params) -> dict[str, BaseDistribution]:
    """Return the distributions of the parameters that a point has."""
    return {name: distribution_of(space[name]) for name in params}


def canonical_point(space: Space, params: Params) -> Params:
    """Return a point as the space itself writes it, in the order of the space."""
    return {name: parameter.canonical(params[name]) for name, parameter in space.items() if name in params}


@lru_cache(maxsize=4096)
def decoded(text: str) -> BaseDistribution:
    """Return a stored distribution; equal texts share one object, since decoding is most of the cost of reading."""
    return json_to_distribution(text)


def suggested(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    """Return what a sampler suggests for one parameter."""
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
