from __future__ import annotations

import pytest

from airflow_hpo.core.objective import Direction, Objective

VALUES = [3.0, 1.0, 4.0, 2.0]


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        (Objective("m"), 2.0),
        (Objective("m", strategy="best"), 1.0),
        (Objective("m", "maximize", strategy="best"), 4.0),
        (Objective("m", strategy="mean", window=2), 3.0),
        (Objective("m", strategy="mean", window=99), 2.5),
    ],
    ids=repr,
)
def test_the_strategy_decides_which_value_counts(objective: Objective, value: float) -> None:
    assert objective.of(VALUES) == value


def test_better_is_strict() -> None:
    assert Direction.MINIMIZE.better(1, 2)
    assert Direction.MAXIMIZE.better(2, 1)
    assert not any(direction.better(1, 1) for direction in Direction)


def test_a_goal_is_reached_exactly_or_surpassed() -> None:
    low, high = Objective("m", goal=0.5), Objective("m", "maximize", goal=0.5)

    assert [low.reached(value) for value in (0.4, 0.5, 0.6)] == [True, True, False]
    assert [high.reached(value) for value in (0.4, 0.5, 0.6)] == [False, True, True]
    assert not Objective("m").reached(0.0)


def test_the_objective_comes_first_among_the_metrics_to_collect() -> None:
    assert Objective("loss", extra_metrics=("time", "memory")).metrics == ["loss", "time", "memory"]
