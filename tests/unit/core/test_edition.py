from __future__ import annotations

from airflow_hpo.core.edition import search_differences
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.study import Study


def study(**changed) -> Study:
    declared = {"name": "s", "objective": Objective("loss"), "space": {"x": Float(0, 1)}, "max_trials": 9}
    return Study(**{**declared, **changed})


def differences(changed: Study) -> list[str]:
    return search_differences(study().search, changed.search)


def test_a_changed_bound_shows_both_versions_and_nothing_else():
    (difference,) = differences(study(space={"x": Float(0, 2)}))
    assert difference.startswith("parameter 'x' was ")
    assert '"high": 1.0' in difference
    assert '"high": 2.0' in difference


def test_an_added_and_a_removed_parameter_are_named():
    removed, added = differences(study(space={"y": Int(1, 3)}))
    assert removed.startswith("parameter 'x' was {")
    assert removed.endswith("and is now absent")
    assert added.startswith("parameter 'y' was absent and is now {")


def test_another_direction_is_a_difference():
    assert differences(study(objective=Objective("loss", "maximize"))) == [
        'objective\'s \'direction\' was "minimize" and is now "maximize"'
    ]


def test_another_budget_is_none():
    assert differences(study(max_trials=50, parallelism=7)) == []
