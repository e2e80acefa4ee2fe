"""All points of a countable space, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_hpo.core.space import Float, Params, Space


def points(space: Space) -> Iterator[Params]:
    """Yield every complete point once, conditions respected, the last parameter changing fastest.

    :param space: an ordered space whose parameters all have a ``count``.
    """
    return _points(space, list(space), {})


def size(space: Space) -> int:
    """Return how many points there are, without visiting them where no condition forces it."""
    if not any(parameter.when for parameter in space.values()):
        total = 1
        for parameter in space.values():
            total *= parameter.count or 0
        return total
    return sum(1 for _ in points(space))


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
