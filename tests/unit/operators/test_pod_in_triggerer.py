from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, Asset, task
from airflow.sdk.execution_time.xcom import XCom
from kubernetes.client import V1Container, V1EnvVar, V1ResourceRequirements, V1Toleration

from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators import pod_in_triggerer
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.pod_arguments import as_text, from_text
from airflow_hpo.operators.pod_in_triggerer import TrialPodRunTrigger
from airflow_hpo.task_groups.pods import PodTrial

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3).to_dict()


def mapped(**arguments: Any) -> Any:
    """The trial task of a DAG as its author declares it."""
    with DAG("d", default_args=arguments.pop("default_args", {})):

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        trial = PodTrial("trial:1", run_in="triggerer", **arguments)
        return trial.expand(suggest(), retries=2, max_active_tis_per_dagrun=4, hpo_conn_id="studies")


def rebuilt(task: Any) -> TrialPodOperator:
    """The operator as the triggerer builds it from what the DAG says."""
    arguments = from_text(task.start_trigger_args.trigger_kwargs["operator_arguments"])
    return TrialPodOperator(task_id="trial", request=REQUEST, **arguments)


def test_the_task_starts_in_the_triggerer_and_knows_where_its_request_is() -> None:
    task = mapped()
    assert task.start_from_trigger
    assert task.start_trigger_args.trigger_kwargs["requests"] == {"task_id": "suggest", "key": "return_value"}


def test_the_triggerer_builds_the_operator_that_a_worker_has() -> None:
    given: dict[str, Any] = {
        "cmds": ["sh", "-c", "echo {{ trial.number }}"],
        "env_vars": {"A": "{{ trial.params.x }}"},
        "container_resources": V1ResourceRequirements(requests={"cpu": "1"}),
        "tolerations": [V1Toleration(key="spot")],
        "init_containers": [V1Container(name="i", image="i", env=[V1EnvVar(name="B", value="1")])],
        "metrics": File("/metrics/m.log"),
        "on_finish_action": "keep_pod",
    }
    here = TrialPodOperator(task_id="trial", request=REQUEST, image="trial:1", hpo_conn_id="studies", **given)
    there = rebuilt(mapped(**given))
    names = ["image", "metrics", "hpo_conn_id", "on_finish_action", *given]
    assert {name: getattr(there, name) for name in names} == {name: getattr(here, name) for name in names}
    assert there.work() == here.work()


def test_default_arguments_of_the_dag_reach_the_triggerer() -> None:
    assert rebuilt(mapped(default_args={"namespace": "trials"})).namespace == "trials"


def test_a_time_limit_does_not_count_the_wait_for_a_slot() -> None:
    task = mapped(execution_timeout=timedelta(minutes=2))
    assert (task.execution_timeout, rebuilt(task).time_limit) == (None, 120.0)


def test_waiting_siblings_do_not_keep_a_failed_trial_from_its_worker() -> None:
    assert mapped().max_active_tis_per_dagrun is None


@pytest.mark.parametrize(
    "argument",
    [
        {"on_success_callback": print},
        {"outlets": [Asset("a")]},
        {"max_active_tis_per_dagrun": 3},
        {"callbacks": [object]},
        {"post_execute": print},
    ],
)
def test_what_needs_a_worker_is_refused_when_the_dag_is_parsed(argument: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match=next(iter(argument))):
        mapped(**argument)


def test_an_argument_that_cannot_travel_is_refused() -> None:
    with pytest.raises(DeclarationError, match="'labels' holds <object"):
        as_text({"labels": {"a": object()}})


def test_it_runs_in_one_of_two_places() -> None:
    with pytest.raises(DeclarationError, match="'worker' or 'triggerer'"):
        PodTrial("i", run_in="scheduler")  # type: ignore[arg-type]


def test_a_trigger_is_rebuilt_from_json() -> None:
    arguments = {"requests": {"task_id": "s", "key": "k"}, "operator_arguments": "{}"}
    _, again = TrialPodRunTrigger(**arguments).serialize()  # type: ignore[arg-type]
    assert json.loads(json.dumps(again)) == arguments


def test_the_requests_of_two_hundred_batches_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    async def requests_of(*, key: str, **where: Any) -> list[dict[str, Any]]:
        read.append(key)
        return [REQUEST] * 100

    async def batches() -> int:
        for number in range(200):
            where = {"task_id": "suggest", "key": f"batch_{number}"}
            both = await asyncio.gather(*(pod_in_triggerer._requests(**where) for _ in range(2)))
            assert [len(one) for one in both] == [100, 100]
        return sum(len(one) for one in pod_in_triggerer._shared.values())

    read: list[str] = []
    monkeypatch.setattr(XCom, "aget_one", requests_of)
    assert asyncio.run(batches()) <= 16 * 100
    assert len(read) == 200
