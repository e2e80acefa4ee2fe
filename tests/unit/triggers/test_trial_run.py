from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Asset, task
from airflow.sdk.execution_time.xcom import XCom
from kubernetes.client import ApiClient, V1Container, V1EnvVar, V1ResourceRequirements, V1Toleration

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.pods.build.labels import PodIdentity
from airflow_hpo.pods.build.pod import author_manifest, completed
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.triggers import trial_run
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from tests.unit.operators.claimed import claimed_run

REQUEST = TrialRequest(study="s@r", key="001/3", number=7, params={"x": 0.5}, seed=3)
IDENTITY = PodIdentity(REQUEST, 2, TaskRun("d", "run:1", "trial", 3, 1), "here")


def mapped(**arguments: Any) -> Any:
    """The trial task of a DAG as its author declares it."""
    with DAG("d", default_args=arguments.pop("default_args", {})):

        @task
        def suggest() -> list[dict[str, Any]]:
            return []

        trial = PodTrial("trial:1", run_in="triggerer", **arguments)
        return trial.expand(suggest(), retries=2, max_active_tis_per_dagrun=4, hpo_conn_id="studies")


def spec_of(task: Any) -> PodTrialSpec:
    """What the triggerer reads of what the DAG says."""
    return PodTrialSpec.from_dict(json.loads(json.dumps(task.start_trigger_args.trigger_kwargs["spec"])))


def pod_there(task: Any) -> Any:
    """The trial's pod as the triggerer builds it."""
    spec = spec_of(task)
    trigger = TrialPodRunTrigger({}, spec.to_dict())
    manifest = trigger.render_template(spec.manifest, {"trial": TrialView(REQUEST)}, trigger.get_template_env())
    return ApiClient().sanitize_for_serialization(completed(manifest, IDENTITY, spec.metrics))


def pod_here(**arguments: Any) -> Any:
    """The same trial's pod as a worker builds it."""
    operator = TrialPodOperator(task_id="trial", request=REQUEST.to_dict(), image="trial:1", **arguments)
    operator.run = claimed_run(REQUEST)
    operator.render_template_fields({"trial": TrialView(REQUEST)})  # type: ignore[typeddict-unknown-key]
    return ApiClient().sanitize_for_serialization(completed(author_manifest(operator), IDENTITY, operator.metrics))


def test_the_task_starts_in_the_triggerer_and_knows_where_its_request_is() -> None:
    task = mapped()
    assert task.start_from_trigger
    assert task.start_trigger_args.trigger_kwargs["requests"] == {"task_id": "suggest", "key": "return_value"}


GIVEN: dict[str, Any] = {
    "cmds": ["sh", "-c", "echo {{ trial.number }}"],
    "name": "sim-{{ trial.params.x }}",
    "env_vars": {"A": "{{ trial.params.x }}"},
    "labels": {"team": "{{ trial.study }}"},
    "container_resources": V1ResourceRequirements(requests={"cpu": "{{ trial.number }}"}),
    "tolerations": [V1Toleration(key="spot")],
    "init_containers": [V1Container(name="i", image="i", env=[V1EnvVar(name="B", value="{{ trial.seed }}")])],
    "metrics": File("/metrics/m.log"),
    "security_context": {"runAsUser": 7},
    "automount_service_account_token": False,
    "pod_template_dict": {
        "spec": {
            "containers": [{"name": "main", "env": [{"name": "T", "value": "{{ trial.number }}"}]}],
            "nodeSelector": {"pool": "gpu"},
        }
    },
}


def test_the_triggerer_builds_the_pod_that_a_worker_builds() -> None:
    there = pod_there(mapped(**GIVEN))
    assert there == pod_here(**GIVEN)
    assert there["metadata"]["name"].startswith("sim-0-5-t7-a2-")
    assert there["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "7"}}


def test_the_content_of_a_templates_file_is_not_rendered(tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text("spec: {containers: [{name: main, args: ['{{ not.ours }}']}]}")
    assert pod_there(mapped(pod_template_file=str(file))) == pod_here(pod_template_file=str(file))


def test_a_templates_file_is_named_when_the_dag_is_parsed() -> None:
    with pytest.raises(DeclarationError, match="Write the path out"):
        mapped(pod_template_file="{{ var.value.pod }}")


def test_the_triggerer_knows_what_a_worker_would_run() -> None:
    given = {**GIVEN, "on_finish_action": "keep_pod", "termination_grace_period": 5}
    here = TrialPodOperator(task_id="trial", request={}, image="trial:1", hpo_conn_id="studies", **given)
    spec = spec_of(mapped(**given))
    assert spec == here.spec()
    assert (spec.work, spec.keeps_pods, spec.grace_period, spec.hpo_conn_id) == (here.work(), True, 5, "studies")


def test_declaring_the_trial_adds_no_task_to_the_dag() -> None:
    assert set(mapped().dag.task_ids) == {"suggest", "trial"}


def test_default_arguments_of_the_dag_reach_the_triggerer() -> None:
    assert spec_of(mapped(default_args={"namespace": "trials"})).manifest["metadata"]["namespace"] == "trials"


def test_a_time_limit_does_not_count_the_wait_for_a_slot() -> None:
    task = mapped(execution_timeout=timedelta(minutes=2))
    assert (task.execution_timeout, spec_of(task).time_limit) == (None, 120.0)


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
    with pytest.raises(DeclarationError, match=r"value in `labels` .* got 'a'"):
        mapped(labels={"a": object()})


def test_it_runs_in_one_of_two_places() -> None:
    with pytest.raises(DeclarationError, match="'worker' or 'triggerer'"):
        PodTrial("i", run_in="scheduler")  # type: ignore[arg-type]


def test_a_trigger_is_rebuilt_from_json() -> None:
    arguments = mapped(**GIVEN).start_trigger_args.trigger_kwargs
    _, again = TrialPodRunTrigger(**arguments).serialize()  # type: ignore[arg-type]
    assert json.loads(json.dumps(again)) == arguments


def test_the_requests_of_two_hundred_batches_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    async def requests_of(*, key: str, **where: Any) -> list[dict[str, Any]]:
        read.append(key)
        return [REQUEST.to_dict()] * 100

    async def batches() -> int:
        for number in range(200):
            where = {"task_id": "suggest", "key": f"batch_{number}"}
            both = await asyncio.gather(*(trial_run._requests(**where) for _ in range(2)))
            assert [len(one) for one in both] == [100, 100]
        return sum(len(one) for one in trial_run._shared.values())

    read: list[str] = []
    monkeypatch.setattr(XCom, "aget_one", requests_of)
    assert asyncio.run(batches()) <= 16 * 100
    assert len(read) == 200
