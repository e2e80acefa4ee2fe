from __future__ import annotations

import pytest

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.objective import Direction, Objective
from airflow_hpo.exceptions import DeclarationError

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


def test_an_objective_that_names_no_strategies_has_the_fingerprint_that_is_stored() -> None:
    declared = Objective("loss", extra_metrics=["acc"])
    assert declared.to_dict() == {
        "metric": "loss",
        "direction": "minimize",
        "strategy": "last",
        "extra_metrics": ["acc"],
    }
    assert fingerprint(declared.to_dict()) == "2dad6e33720bab89"


@pytest.mark.parametrize(
    ("strategies", "message"),
    [({"ac": "max"}, "Did you mean 'acc'"), ({"loss": "max"}, "`strategy`"), ({"acc": "best"}, "must be 'last'")],
)
def test_strategies_belong_to_extra_metrics(strategies: dict[str, str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        Objective("loss", extra_metrics=["acc"], strategies=strategies)


def test_strategies_survive_json() -> None:
    declared = Objective("loss", extra_metrics=["acc"], strategies={"acc": "max"})
    assert Objective.from_dict(declared.to_dict()) == declared
