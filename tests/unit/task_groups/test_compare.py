"""The layout of a comparison, without any database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import DAG, TaskGroup, task
from airflow.serialization.serialized_objects import DagSerialization

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.backends import PythonTrial
from airflow_hpo.task_groups.compare import CompareTaskGroup

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective=Objective("loss", extra_metrics=["wait"]), max_trials=10)
CANDIDATES = [Candidate("trial 1", {"x": 0.1}), Candidate("champion", {"x": 0.2}, version=1)]


def dag_of(**options: Any) -> DAG:
    given = {"study": STUDY, "candidates": CANDIDATES, "scenarios": list("abcde"), "trial": PythonTrial(len)}
    with DAG("d", schedule=None) as dag:
        group = CompareTaskGroup(**{**given, **options})

        @task
        def after(decision: Any) -> None: ...

        after(group.output)
    return dag


def upstream(dag: DAG, name: str) -> set[str]:
    return {each.removeprefix("compare.") for each in dag.get_task(name).upstream_task_ids}


def test_one_look_is_an_evaluation_and_a_comparison() -> None:
    dag = dag_of()
    assert set(dag.task_ids) == {
        "compare.look_1.plan",
        "compare.look_1.trial",
        "compare.look_1.collect",
        "compare.compare_1",
        "after",
    }
    assert upstream(dag, "after") == {"compare_1"}


def test_every_further_look_waits_for_the_decision_of_the_one_before() -> None:
    dag = dag_of(rule=ComparisonRule(looks=3))
    assert upstream(dag, "compare.look_again_2") == {"compare_1"}
    assert upstream(dag, "compare.look_2.plan") == {"look_again_2"}
    assert upstream(dag, "compare.look_again_3") == {"compare_2"}
    assert upstream(dag, "compare.decision") == {"compare_1", "compare_2", "compare_3"}
    assert upstream(dag, "after") == {"decision"}


def test_a_look_is_judged_on_all_evaluations_so_far() -> None:
    dag = dag_of(rule=ComparisonRule(looks=3))
    compare = dag.get_task("compare.compare_3")
    assert {f"look_{n}.collect" for n in (1, 2, 3)} == upstream(dag, "compare.compare_3")
    assert (compare.look, len(compare.evaluations)) == (3, 3)


def test_every_look_brings_new_replicates() -> None:
    dag = dag_of(rule=ComparisonRule(looks=3), replicates=4)
    plans = [dag.get_task(f"compare.look_{n}.plan") for n in (1, 2, 3)]
    assert [(p.first_replicate, p.replicates, p.look) for p in plans] == [(1, 4, 1), (5, 4, 2), (9, 4, 3)]


def test_in_another_group_the_looks_find_the_decision() -> None:
    with DAG("d", schedule=None) as dag, TaskGroup("outer"):
        CompareTaskGroup(
            "test",
            study=STUDY,
            candidates=CANDIDATES,
            scenarios=list("abcde"),
            trial=PythonTrial(len),
            rule=ComparisonRule(looks=2),
        )
    assert dag.get_task("outer.test.look_again_2").outcome_task_id == "outer.test.decision"
    assert dag.has_task("outer.test.decision")


def test_two_parses_serialise_alike() -> None:
    dags = [dag_of(rule=ComparisonRule(looks=2)) for _ in range(2)]
    first, second = (json.dumps(DagSerialization.to_dict(dag), sort_keys=True) for dag in dags)
    assert first == second


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": 0.05}, r"declared by ComparisonRule\(...\), but got 0.05"),
        ({"rule": ComparisonRule(guardrails={"wai": Guardrail("minimize", 1.0)})}, "got 'wai'. Did you mean 'wait'?"),
        ({"rule": ComparisonRule(variant="model")}, r"got 'model' and \[\]. Name one of them"),
        ({"rule": ComparisonRule(variant="model"), "variants": ["models", "x"]}, "Did you mean 'models'?"),
        ({"parameter_set": "no/"}, "parameter set's name"),
    ],
    ids=["rule", "guardrail", "variant", "near", "set"],
)
def test_what_makes_no_sense_is_refused_when_the_dag_is_parsed(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        dag_of(**options)
