"""Grid of a countable space: its points by number, so that a grid of any size is used without visiting it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.condition import Between, Wanted, meets
from airflow_hpo.core.space.parameter import AnyParameter
from airflow_hpo.core.space.space import Params, Space

Fixed = Mapping[str, Any]
"""Values that some parameters have in every point that is meant."""

ROUNDS = 4


def points(space: Space) -> Iterator[Params]:
    """Yield every complete point once, conditions respected, the last parameter changing fastest."""
    return _walk(space, list(space), {})


def size(space: Space, fixed: Fixed | None = None) -> int:
    """Return how many points there are, without visiting them: grids are sized whenever a DAG is parsed."""
    return _size(space, list(space), {}, fixed or {})


def point(space: Space, index: int, fixed: Fixed | None = None) -> Params:
    """Return one point by its number, from 0 to :func:`size` - 1."""
    chosen: Params = {}
    names, held = list(space), fixed or {}
    for place, name in enumerate(names):
        if space[name].applies(chosen):
            at, index = _digit(space, names[place:], chosen, held, index)
            chosen[name] = held[name] if name in held else space[name].at(at)
    return chosen


def shuffled(index: int, count: int, seed: int) -> int:
    """Return where the number of a point stands in an order shuffled by a seed, without making a list of them.

    A Feistel network permutes the numbers below a power of four; it is asked again until the number is one of a point.
    """
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for turn in range(ROUNDS):
            left, right = right, left ^ (derived_seed(seed, turn, right) & mask)
        index = left << half | right
        if index < count:
            return index


def countable(space: Space) -> bool:
    """Say whether the space has a finite number of points."""
    return all(parameter.count is not None for parameter in space.values())


def _walk(space: Space, names: list[str], chosen: Params) -> Iterator[Params]:
    if not names:
        yield chosen
        return
    name, *rest = names
    if not space[name].applies(chosen):
        yield from _walk(space, rest, chosen)
        return
    for value in space[name].values():
        yield from _walk(space, rest, {**chosen, name: value})


def _digit(space: Space, names: list[str], chosen: Params, fixed: Fixed, index: int) -> tuple[int, int]:
    """Return which value of the first parameter a point has, and its number among the points with that value."""
    name, *rest = names
    if name in fixed:
        return 0, index
    sizes: dict[Hashable, int] = {}
    for run in _runs(space, name):
        each = _size_of_run(space, name, run, rest, chosen, fixed, sizes)
        if index < run.length * each:
            return run.first + index // each, index % each
        index -= run.length * each
    raise IndexError(index)


def _size(space: Space, names: list[str], chosen: Params, fixed: Fixed) -> int:
    if not names:
        return 1
    name, *rest = names
    if not space[name].applies(chosen):
        return 0 if name in fixed else _size(space, rest, chosen, fixed)
    if name in fixed:
        return _size(space, rest, {**chosen, name: fixed[name]}, fixed) if space[name].holds(fixed[name]) else 0
    sizes: dict[Hashable, int] = {}
    return sum(run.length * _size_of_run(space, name, run, rest, chosen, fixed, sizes) for run in _runs(space, name))


def _size_of_run(
    space: Space, name: str, run: _Run, rest: list[str], chosen: Params, fixed: Fixed, known: dict[Hashable, int]
) -> int:
    """Return how many points there are with each value of a run; runs for which the same conditions hold have as many."""
    if run.met not in known:
        known[run.met] = _size(space, rest, {**chosen, name: space[name].at(run.first)}, fixed)
    return known[run.met]


class _Run(NamedTuple):
    """Neighbouring values of a parameter for which the same conditions hold."""

    first: int
    length: int
    met: Hashable


def _runs(space: Space, name: str) -> Iterator[_Run]:
    """Yield all values of a countable parameter in order, as few runs: a range may have millions of values."""
    parameter = space[name]
    conditions = [each[name] for waiting in space.values() for each in waiting.conditions if name in each]
    ends = {0, parameter.count or 0}
    for wanted in conditions:
        ends |= _ends(parameter, wanted)
    for first, end in pairwise(sorted(ends)):
        value = parameter.at(first)
        yield _Run(first, end - first, tuple(meets(value, wanted) for wanted in conditions))


def _ends(parameter: AnyParameter, wanted: Wanted) -> set[int]:
    """Return where values begin, and end, for which a condition holds."""
    if not isinstance(wanted, Between):
        values: list[Any] = wanted
        places = [parameter.index(value) for value in values]
        return {*places, *(place + 1 for place in places)}
    ends = set()
    for bound in (wanted.low, wanted.high):
        if bound is not None and parameter.at(0) <= bound <= parameter.at((parameter.count or 1) - 1):  # type: ignore[operator]
            place = parameter.index(bound)
            ends |= {place, place + 1}
    return ends
