"""State that a sampler holds in its object, told so that two moments can be compared."""

import random
from collections import deque
from collections.abc import Mapping, Set
from typing import Any

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

CACHES = "hpo_caches"
"""Attribute of a class in which its author names what only saves time."""
_DEPTH = 6


def held_state(sampler: BaseSampler) -> dict[str, Any]:
    """Return what a sampler holds, by attribute; generators of random numbers and Optuna's own objects are known to do no harm."""
    caches = getattr(sampler, CACHES, ())
    return {name: _held(value, _DEPTH) for name, value in vars(sampler).items() if name not in caches}


def is_optunas(kind: type) -> bool:
    """Say whether a class is Optuna's own."""
    return kind.__module__.partition(".")[0] == "optuna"


def _held(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)  # which is equal for nan, and tells 1 from True
    if isinstance(value, FrozenTrial):
        return f"trial {value.number}"
    if isinstance(value, type | random.Random) or is_optunas(type(value)) or _is_random(type(value)):
        return type(value).__name__
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return [str(value.dtype), list(value.shape), value.tobytes()]
    if depth == 0:
        return type(value).__name__
    if isinstance(value, Mapping):
        return {repr(key): _held(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list | tuple | deque):
        return [_held(each, depth - 1) for each in value]
    if isinstance(value, Set):
        return sorted(map(repr, value))
    inside = getattr(value, "__dict__", None)
    return (
        {name: _held(each, depth - 1) for name, each in inside.items()}
        if isinstance(inside, dict)
        else type(value).__name__
    )


def _is_random(kind: type) -> bool:
    return kind.__module__.startswith("numpy.random")
