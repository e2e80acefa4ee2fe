"""What the rights to patch pods and to list events are for; every other right is needed by every trial."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import V1ConfigMapVolumeSource, V1Volume, V1VolumeMount

from airflow_hpo.pods.build.labels import label_value
from tests.cluster.trials_on_cluster import MakeTask

pytestmark = pytest.mark.cluster

ROLE = "airflow-hpo-trials"


def test_a_kept_pod_is_marked_as_ended_and_never_taken_up(task: MakeTask, core: Any, namespace: str) -> None:
    trial = task("print('loss=1'); raise SystemExit(3)", on_finish_action="delete_succeeded_pod", program_retries=1)
    for one in (trial, trial.again()):
        with pytest.raises(Exception, match="exited with 3"):
            one.run()
    selector = f"airflow-hpo/edition={label_value(trial.tuned.name)},airflow-hpo/ended=true"
    kept = core.list_namespaced_pod(namespace, label_selector=selector).items
    assert {pod.metadata.labels["airflow-hpo/attempt"] for pod in kept} == {"1", "2"}
    assert {pod.status.phase for pod in kept} == {"Failed"}


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_without_the_right_to_read_logs_the_first_try_is_the_last_and_names_it(
    task: MakeTask, core: Any, namespace: str, deferrable: bool
) -> None:
    role = client.RbacAuthorizationV1Api(core.api_client)
    rules = role.read_namespaced_role(ROLE, namespace).rules
    without = [rule for rule in rules if rule.resources != ["pods/log"]]
    role.patch_namespaced_role(ROLE, namespace, {"rules": core.api_client.sanitize_for_serialization(without)})
    try:
        trial = task("import time; print('loss=1', flush=True); time.sleep(600)", deferrable=deferrable)
        with pytest.raises(Exception, match="verb 'get' on 'pods/log'"):
            trial.run()
    finally:
        role.patch_namespaced_role(ROLE, namespace, {"rules": core.api_client.sanitize_for_serialization(rules)})
    assert trial.tuned.store.optuna.record(trial.tuned.name, trial.request.number).state.value == "fail"


def test_a_volume_that_cannot_be_mounted_is_named(task: MakeTask) -> None:
    volume = V1Volume(name="data", config_map=V1ConfigMapVolumeSource(name="absent"))
    mount = V1VolumeMount(name="data", mount_path="/data")
    trial = task("print('loss=1')", volumes=[volume], volume_mounts=[mount], startup_timeout_seconds=10)
    with pytest.raises(Exception, match='configmap "absent" not found'):
        trial.run()
