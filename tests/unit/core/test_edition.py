from __future__ import annotations

from airflow_hpo.core.edition import search_differences
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space import Float, Int
from airflow_hpo.core.study import Study


def study(**changed) -> Study:
    declared = {"name": "s", "objective": Objective("loss"), "space": {"x": Float(0, 1)}, "max_trials": 9}
    return Study(**{**declared, **changed})


def test_a_changed_bound_shows_both_versions_and_nothing_else():
    (difference,) = search_differences(study(), study(space={"x": Float(0, 2)}))
    assert difference.startswith("parameter 'x': ")
    assert "1.0" in difference
    assert "2.0" in difference


def test_an_added_and_a_removed_parameter_are_named():
    names = search_differences(study(), study(space={"y": Int(1, 3)}))
    assert [name.partition(":")[0] for name in names] == ["parameter 'x'", "parameter 'y'"]
    assert names[0].endswith("now nothing")


def test_another_direction_is_a_difference():
    assert search_differences(study(), study(objective=Objective("loss", "maximize"))) == [
        "direction: minimize, now maximize"
    ]


def test_another_budget_is_none():
    assert search_differences(study(), study(max_trials=50, parallelism=7)) == []
