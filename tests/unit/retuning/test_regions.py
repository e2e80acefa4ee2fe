from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.comparison import CompareOperator
from airflow_hpo.retuning.region import regional_study
from airflow_hpo.retuning.regions import retuning_dags
from airflow_hpo.task_groups.backends import ProcessTrial

DAYS = [Scenario(f"day {number}") for number in range(5)]
STUDY = Study(name="dispatch", space={"x": Float(0, 1), "y": Float(0, 1)}, objective="cost", max_trials=9)
TRIAL = ProcessTrial(["true"])


def dags(regions: dict[str, dict[str, Any]], **shared: Any) -> dict[str, Any]:
    given = {"study": STUDY, "trial": TRIAL, "tuning": Window("-8w", "-4w"), "test": Window("-4w"), **shared}
    return retuning_dags(regions, **given)


def test_a_dozen_regions_are_a_dozen_dags() -> None:
    built = dags({f"r{n}": {} for n in range(12)})
    assert {dag.dag_id for dag in built.values()} == {f"retune_dispatch_r{n}" for n in range(12)}


def test_every_region_has_a_study_and_a_parameter_set_of_its_own() -> None:
    dag = dags({"tokyo": {}})["tokyo"]
    tasks = dag.task_dict
    assert (tasks["tune.start"].study.name, tasks["promote"].parameter_set) == ("dispatch/tokyo", "dispatch/tokyo")


def test_a_region_reads_its_name_in_templates() -> None:
    assert (
        dags({"tokyo": {"params": {"depots": 3}}})["tokyo"].params.dump().items()
        >= {"region": "tokyo", "depots": 3}.items()
    )


def test_a_region_changes_only_the_parameters_that_it_names() -> None:
    study = regional_study(STUDY, "tokyo", {"space": {"y": Float(0, 5), "z": Float(0, 1)}, "max_trials": 40})
    assert study.space == {"x": Float(0, 1), "y": Float(0, 5), "z": Float(0, 1)}
    assert study.max_trials == 40


def test_a_region_leaves_a_parameter_out() -> None:
    assert set(regional_study(STUDY, "tokyo", {"space": {"y": None}}).space) == {"x"}


def test_a_region_may_have_a_schedule_of_its_own() -> None:
    built = dags({"tokyo": {"schedule": "@weekly"}, "osaka": {}}, schedule="@monthly")
    assert [dag.schedule for dag in built.values()] == ["@weekly", "@monthly"]


def test_what_runs_a_trial_may_depend_on_the_region() -> None:
    built = dags({"tokyo": {}}, trial=lambda region: ProcessTrial(["simulate", region]))
    trial = built["tokyo"].task_dict["validate.trial"]
    assert trial.partial_kwargs["command"] == ["simulate", "tokyo"]


def test_a_region_that_is_declared_wrongly_is_named() -> None:
    with pytest.raises(DeclarationError, match="Region 'tokyo': Study: `max_trials` must be at least 1"):
        dags({"osaka": {}, "tokyo": {"study": {"max_trials": 0}}})


def test_a_field_that_a_study_does_not_have_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Region 'tokyo': .*'max_trails' is none\. Did you mean 'max_trials'\?"):
        dags({"tokyo": {"study": {"max_trails": 5}}})


def test_a_region_whose_name_cannot_be_one_is_refused() -> None:
    with pytest.raises(DeclarationError, match="A region's name is letters, digits"):
        dags({"new york": {}})


def test_no_region_is_a_mistake() -> None:
    with pytest.raises(DeclarationError, match="at least one region, but got none"):
        dags({})


def test_scenarios_may_be_a_region_s_own() -> None:
    built = dags({"tokyo": {"scenarios": DAYS}})
    assert built["tokyo"].task_dict["test_scenarios"].scenarios == DAYS


def test_two_regions_with_one_dag_id_are_refused_with_both_names() -> None:
    with pytest.raises(DeclarationError, match=r"'a/b' and 'a_b' both have 'retune_dispatch_a_b'"):
        dags({"a/b": {}, "a_b": {}})


def test_two_regions_with_one_parameter_set_are_refused_with_both_names() -> None:
    with pytest.raises(DeclarationError, match=r"'a' and 'b' both have 'mine'"):
        dags({"a": {"parameter_set": "mine"}, "b": {"parameter_set": "mine"}})


def test_a_region_may_have_a_dag_id_of_its_own() -> None:
    assert {dag.dag_id for dag in dags({"a/b": {}, "a_b": {"dag_id": "other"}}).values()} == {
        "retune_dispatch_a_b",
        "other",
    }


def test_regions_have_names_in_any_letters_beside_those_in_english() -> None:
    study = Study(name="配車", space={"割引率": Float(0, 1), "y": Float(0, 1)}, objective="費用", max_trials=9)
    built = dags({"東京": {}, "大阪": {}, "tokyo": {}}, study=study) | dags({"osaka": {}})
    assert {dag.dag_display_name for dag in built.values()} == {
        *("retune_配車_東京", "retune_配車_大阪", "retune_配車_tokyo", "retune_dispatch_osaka")
    }
    assert len({dag.dag_id for dag in built.values()}) == 4
    assert all(dag.dag_id.isascii() for dag in built.values())
    tasks = built["東京"].task_dict
    assert (tasks["tune.start"].study.name, tasks["promote"].parameter_set) == ("配車/東京", "配車/東京")
    assert built["東京"].params["region"] == "東京"


def test_an_id_of_ones_own_is_kept_before_the_region() -> None:
    (dag,) = dags({"東京": {}}, dag_id="monthly").values()
    assert (dag.dag_id[:10], dag.dag_display_name) == ("monthly_x_", "monthly_東京")


def test_regions_that_are_one_name_in_two_spellings_are_refused() -> None:
    with pytest.raises(DeclarationError, match="Each region has a DAG of its own"):
        dags({"\u304c": {}, "\u304b\u3099": {}})


def rules(regions: dict[str, dict[str, Any]], **shared: Any) -> list[ComparisonRule]:
    tasks = [dag.task_dict["test.compare_1"] for dag in dags(regions, **shared).values()]
    return [task.rule for task in tasks if isinstance(task, CompareOperator)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ErrorBudget(among=3)),
        ({"error": ErrorBudget(years=2)}, ErrorBudget(years=2, among=3)),
        ({"error": ErrorBudget(years=2, among=9)}, ErrorBudget(years=2, among=9)),
        ({"error": "each"}, "each"),
        ({"rule": ComparisonRule(error=ErrorBudget(years=4))}, ErrorBudget(years=4, among=3)),
        ({"rule": ComparisonRule(error="each"), "error": ErrorBudget(years=2)}, ErrorBudget(years=2, among=3)),
    ],
    ids=str,
)
def test_regions_share_one_error_budget_evenly(given: dict[str, Any], expected: Any) -> None:
    assert [rule.error for rule in rules({"tokyo": {}, "osaka": {}, "kyoto": {}}, **given)] == [expected] * 3


def test_a_region_may_have_an_error_of_its_own() -> None:
    own = {"osaka": {"rule": ComparisonRule(error="each")}, "kyoto": {"rule": ComparisonRule(min_pairs=9)}}
    found = rules({"tokyo": {}, **own}, error=ErrorBudget(years=2))
    assert [rule.error for rule in found] == [ErrorBudget(years=2, among=3), "each", ErrorBudget(years=2, among=3)]
    assert found[2].min_pairs == 9


def test_what_is_no_error_budget_is_refused_for_all_regions() -> None:
    with pytest.raises(DeclarationError, match=r"by itself, 'each', but got 5. Write error=ErrorBudget\(years=5\)"):
        dags({"tokyo": {}}, error=5)
