"""Conditions of parameters that only some trials have, read off the trials."""

from collections.abc import Mapping, Sequence

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice, Int

_MOST_VALUES = 100
Params = Mapping[str, Choice]


def condition_of(
    name: str, space: Mapping[str, AnyParameter], trials: Sequence[Params]
) -> dict[str, list[Choice]] | None:
    """Return the values of one other parameter that tell which trials have a parameter; None where no other does."""
    for other, parameter in space.items():
        if other != name and isinstance(parameter, Categorical | Int) and (parameter.count or 0) <= _MOST_VALUES:
            values = _values(name, other, parameter, trials)
            if values is not None:
                return {other: values}
    return None


def _values(name: str, other: str, parameter: Categorical | Int, trials: Sequence[Params]) -> list[Choice] | None:
    if any(name in params and other not in params for params in trials):
        return None
    with_it = [params[other] for params in trials if name in params]
    without = [params[other] for params in trials if name not in params and other in params]
    every = [*parameter.values()]
    here, there = ({every.index(each) for each in values if each in every} for values in (with_it, without))
    if here & there or not there:
        return None
    if isinstance(parameter, Int):  # whole numbers that no trial had lie on the side of those around them
        here |= {n for n in range(len(every)) if _is_beyond(n, here, there)}
    return [every[n] for n in sorted(here)]


def _is_beyond(number: int, here: set[int], there: set[int]) -> bool:
    return (min(here) > max(there) and number > min(here)) or (max(here) < min(there) and number < max(here))
