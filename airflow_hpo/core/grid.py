"""All points of a countable space, in a fixed order."""

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_hpo.core.space import Float, Params, Space


def points(space: Space) -> Iterator[Params]:
    """Yield every complete point once, conditions respected, the last parameter changing fastest."""
    return _points(space, list(space), {})


def size(space: Space) -> int:
    """Return how many points there are, without visiting them: grids are sized whenever a DAG is parsed."""
    return _size(space, list(space), {})


def countable(space: Space) -> bool:
    """Say whether the space has a finite number of points."""
    return all(not isinstance(p, Float) or p.count is not None for p in space.values())


def _points(space: Space, names: list[str], chosen: Params) -> Iterator[Params]:
    if not names:
        yield chosen
        return
    name, *rest = names
    if not space[name].applies(chosen):
        yield from _points(space, rest, chosen)
        return
    for value in space[name].values():
        yield from _points(space, rest, {**chosen, name: value})


def _size(space: Space, names: list[str], chosen: Mapping[str, Any]) -> int:
    if not names:
        return 1
    name, *rest = names
    if not space[name].applies(chosen):
        return _size(space, rest, chosen)
    waited_for = {value for parameter in space.values() for value in (parameter.when or {}).get(name, [])}
    total = sum(_size(space, rest, {**chosen, name: value}) for value in waited_for)
    others = (space[name].count or 0) - len(waited_for)
    return total + others * _size(space, rest, {**chosen, name: object()}) if others else total
