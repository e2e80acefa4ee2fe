"""Grid of a countable space: its points by number, so that a grid of any size is used without visiting it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_hpo.core.seeds import derived_seed
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
    parameter, first = space[name], 0
    ordinary = _size(space, rest, {**chosen, name: object()}, fixed)
    for at in sorted(parameter.index(value) for value in _waited_for(space, name)):
        before = (at - first) * ordinary
        if index < before:
            break
        index -= before
        there = _size(space, rest, {**chosen, name: parameter.at(at)}, fixed)
        if index < there:
            return at, index
        index, first = index - there, at + 1
    return first + index // ordinary, index % ordinary


def _waited_for(space: Space, name: str) -> set[Any]:
    return {value for parameter in space.values() for value in (parameter.when or {}).get(name, [])}


def _size(space: Space, names: list[str], chosen: Mapping[str, Any], fixed: Fixed) -> int:
    if not names:
        return 1
    name, *rest = names
    if not space[name].applies(chosen):
        return 0 if name in fixed else _size(space, rest, chosen, fixed)
    if name in fixed:
        return _size(space, rest, {**chosen, name: fixed[name]}, fixed) if space[name].holds(fixed[name]) else 0
    waited_for = _waited_for(space, name)
    total = sum(_size(space, rest, {**chosen, name: value}, fixed) for value in waited_for)
    others = (space[name].count or 0) - len(waited_for)
    return total + others * _size(space, rest, {**chosen, name: object()}, fixed) if others else total
