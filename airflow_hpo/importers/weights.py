"""Weights of a categorical parameter: how likely each choice is in other systems."""

import math
from collections.abc import Sequence

from airflow_hpo.core.space.categorical import Categorical
from airflow_hpo.core.space.condition import Choice


def weighted(choices: Sequence[Choice], weights: Sequence[float] | None) -> Categorical:
    """Return choices, with their weights where these are not all alike."""
    if weights is None or (len(weights) == len(choices) and all(math.isclose(each, weights[0]) for each in weights)):
        return Categorical(choices)
    return Categorical(choices, weights=[float(each) for each in weights])


def shares(keys: Sequence[str]) -> dict[str, float]:
    """Return by key the share of a list that is the same: what stands twice is drawn twice as often."""
    return {each: keys.count(each) / len(keys) for each in dict.fromkeys(keys)}


def are_numbers(weights: object) -> bool:
    """Say whether weights are a list of finite numbers."""
    return isinstance(weights, list | tuple) and all(
        isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in weights
    )
