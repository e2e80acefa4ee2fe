from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.task_groups.jobs import JobTrial
from tests.unit.operators.claimed import claimed_run

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
IDENTITY = PodIdentity(REQUEST, 2, TaskRun("d", "run:1", "trial", 3, 1), "here")


def built(**arguments: Any) -> TrialJobOperator:
    given = {"image": "trial:1", "namespace": "n", "pods": 2, **arguments}
    return TrialJobOperator(task_id="trial", request=REQUEST.to_dict(), **given)


def test_the_pods_know_their_job_and_their_number_before_the_authors_variables() -> None:
    operator = built(env_vars={"MASTER": "$(HPO_JOB)-0"})
    operator.run = claimed_run(REQUEST)
    operator._identity = IDENTITY
    operator.render_template_fields({"trial": TrialView(REQUEST)})  # type: ignore[typeddict-unknown-key]
    pod = operator.build_pod_request_obj(dry_run=True)
    first = {one.name: one.value for one in pod.spec.containers[0].env}
    assert list(first)[:2] == ["HPO_JOB", "HPO_PODS"]
    assert (first["HPO_JOB"], first["HPO_PODS"]) == (pod.metadata.name, "2")
    assert list(first).index("MASTER") > 1


def test_another_number_of_pods_is_other_work() -> None:
    assert built(pods=2).work() != built(pods=3).work()


def test_a_jobs_pods_cannot_be_kept() -> None:
    with pytest.raises(DeclarationError, match="on_finish_action='keep_pod'"):
        built(on_finish_action="keep_pod")


def test_a_job_without_a_number_of_pods_is_refused_while_the_dag_is_parsed() -> None:
    with pytest.raises(DeclarationError, match="1 or more pods, but got 0"):
        JobTrial("trial:1", pods=0)


def test_a_job_cannot_be_started_by_the_triggerer() -> None:
    with pytest.raises(DeclarationError, match="run_in='triggerer'"):
        JobTrial("trial:1", pods=2, run_in="triggerer")


def test_the_declaration_is_mapped_with_its_number_of_pods() -> None:
    @task
    def suggest() -> list[Any]:
        return []

    with DAG("d"):
        mapped = JobTrial("trial:1", pods=2, arguments=["--x"]).expand(suggest())
    assert mapped.partial_kwargs["pods"] == 2
    assert mapped.operator_class is TrialJobOperator
