"""The layout of an evaluation: what a DAG file becomes, without any database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import DAG, TriggerRule, task
from airflow.serialization.serialized_objects import DagSerialization

from airflow_hpo.core.evaluation import Candidate, Scenario
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.pipeline import GroupTrial

STUDY = Study(name="dispatch/tokyo", space={"x": Float(0, 1)}, objective="loss", max_trials=16, parallelism=3)
CHAMPION, CHALLENGER = Candidate("champion", {"x": 0.5}), Candidate("trial 7", {"x": 0.1})
PROCESS = ProcessTrial(["drive", "{{ trial.params.x }}"])
BASE: dict[str, Any] = {"study": STUDY, "candidates": [CHALLENGER, CHAMPION], "scenarios": ["rain"], "trial": PROCESS}


@task
def given(what: Any = None) -> list[Any]:
    """Return what only a run knows."""
    return []


@task
def driven(x: float) -> float:
    """Evaluate."""
    return x


def measured(trial: Any) -> float:
    return float(trial.params["x"])


def dag_of(group_id: str = "validate", **options: Any) -> DAG:
    with DAG("d", schedule=None) as dag:
        EvaluateTaskGroup(group_id, **{**BASE, **options})
    return dag


def test_a_plan_is_mapped_and_collected() -> None:
    dag = dag_of()

    assert dag.get_task("validate.trial").upstream_task_ids == {"validate.plan"}
    assert dag.get_task("validate.collect").upstream_task_ids == {"validate.plan", "validate.trial"}


def test_collecting_happens_however_the_evaluations_end() -> None:
    assert dag_of().get_task("validate.collect").trigger_rule is TriggerRule.ALL_DONE


def test_a_group_of_tasks_is_collected_after_its_outcome() -> None:
    dag = dag_of(trial=GroupTrial(lambda trial: driven(trial.params.x)))

    assert "validate.trial.outcome" in dag.get_task("validate.collect").upstream_task_ids
    assert dag.get_task("validate.collect").trial_task_id == "validate.trial.outcome"


def test_candidates_and_scenarios_may_come_from_tasks() -> None:
    with DAG("d", schedule=None) as dag:
        champion = given.override(task_id="champion")()
        EvaluateTaskGroup("validate", **{**BASE, "candidates": [champion, CHALLENGER], "scenarios": given()})

    assert dag.get_task("validate.plan").upstream_task_ids == {"champion", "given"}


def test_what_comes_before_the_group_comes_before_its_plan() -> None:
    with DAG("d", schedule=None) as dag:
        given() >> EvaluateTaskGroup("validate", **BASE)

    assert dag.get_task("given").downstream_task_ids == {"validate.plan"}


def test_as_many_run_at_once_as_trials_of_the_study() -> None:
    assert dag_of().get_task("validate.trial").partial_kwargs["max_active_tis_per_dagrun"] == 3
    assert dag_of(parallelism=7).get_task("validate.trial").partial_kwargs["max_active_tis_per_dagrun"] == 7


def test_a_program_that_fails_is_run_once_more() -> None:
    assert dag_of().get_task("validate.trial").partial_kwargs["program_retries"] == 1


def test_the_author_says_how_often_a_program_is_run_again() -> None:
    trial = ProcessTrial(["drive"], program_retries=0)

    assert dag_of(trial=trial).get_task("validate.trial").partial_kwargs["program_retries"] == 0


def test_the_group_names_the_evaluation() -> None:
    assert dag_of("test").get_task("test.plan").family == "dispatch/tokyo/test"


def test_the_output_is_what_collecting_returns() -> None:
    with DAG("d", schedule=None) as dag:
        given(EvaluateTaskGroup("validate", **BASE).output)

    assert dag.get_task("given").upstream_task_ids == {"validate.collect"}


def test_a_dag_with_an_evaluation_survives_serialization() -> None:
    dag = dag_of(scenarios=[Scenario("rain", {"mm": 3})], window=Window("-30d"), trial=PythonTrial(measured))

    again = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    assert set(again.task_dict) == set(dag.task_dict)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"study": "dispatch"}, "A study is declared by Study(...), but got 'dispatch'"),
        ({"trial": print}, "What runs a trial is a ProcessTrial"),
        ({"candidates": CHAMPION}, "Candidates come as a list, or from a task that returns one"),
        ({"candidates": []}, "An evaluation needs at least one candidate, but got none"),
        ({"candidates": [CHAMPION, CHAMPION]}, "'champion' is named twice"),
        ({"candidates": ["champion"]}, "Candidate is declared by a mapping of named fields, but got 'champion'"),
        ({"scenarios": []}, "An evaluation needs at least one scenario, but got none"),
        ({"scenarios": "rain"}, "Scenarios come as a list, or from a task that returns one, but got 'rain'"),
        ({"variants": ["a", "a"]}, "Every variant runs once, but 'a' is named twice"),
        ({"replicates": 0}, "`replicates` must be at least 1"),
        ({"replicates": 513}, "got 1026 evaluations (2 candidates x 1 scenarios x 1 variants x 513 replicates)"),
        ({"replicates": 513}, "Write `replicates=512`, take fewer candidates or scenarios, or set "),
        ({"replicates": 513}, "AIRFLOW__CORE__MAX_MAP_LENGTH=1026 for every part of Airflow"),
        ({"group_id": "x" * 200}, "A study's name starts with a letter or digit, then"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_when_the_dag_is_parsed(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError) as err:
        dag_of(**options)

    assert said in str(err.value)


def test_what_is_known_is_checked_although_the_candidates_are_not() -> None:
    with DAG("d", schedule=None), pytest.raises(DeclarationError, match="got 1025 evaluations"):
        EvaluateTaskGroup("validate", **{**BASE, "candidates": given(), "replicates": 1025})
    with DAG("e", schedule=None), pytest.raises(DeclarationError, match=r"got 1026 evaluations \(2 candidates"):
        EvaluateTaskGroup("validate", **{**BASE, "candidates": [given(), CHALLENGER], "replicates": 513})
