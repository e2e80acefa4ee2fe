from __future__ import annotations

from airflow_hpo.core.space import grid
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.optuna.points import Visited, identity, unseen_point

SPACE = {"a": Categorical([True, "1", 2]), "n": Int(1, 50, when={"a": 2}), "s": Float(0, 1, step=0.5)}


def test_an_unseen_point_is_found_while_there_is_one() -> None:
    visited = Visited(SPACE, [])
    for seed in range(grid.size(SPACE)):
        point = unseen_point(SPACE, visited, seed)
        assert point is not None
        assert not visited.has(point)
        visited.add(point)
    assert unseen_point(SPACE, visited, 0) is None


def test_an_unseen_point_of_an_enormous_space_is_found_at_once() -> None:
    space = {f"n{i}": Int(1, 10**9) for i in range(6)}
    assert unseen_point(space, Visited(space, []), 1) is not None


def test_choices_that_look_alike_are_different_points() -> None:
    space = {"a": Categorical(["1", 1])}
    assert identity(space, {"a": "1"}) != identity(space, {"a": 1})
