"""What the rights to patch pods and to list events are for; every other right is needed by every trial."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import V1ConfigMapVolumeSource, V1Volume, V1VolumeMount

from airflow_hpo.pods.build.labels import label_value
from tests.cluster.trials_on_cluster import MakeTask

pytestmark = pytest.mark.cluster


def test_a_kept_pod_is_marked_as_ended_and_never_taken_up(task: MakeTask, core: Any, namespace: str) -> None:
    trial = task("print('loss=1'); raise SystemExit(3)", on_finish_action="delete_succeeded_pod", program_retries=1)
    for one in (trial, trial.again()):
        with pytest.raises(Exception, match="exited with 3"):
            one.run()
    selector = f"airflow-hpo/edition={label_value(trial.tuned.name)},airflow-hpo/ended=true"
    kept = core.list_namespaced_pod(namespace, label_selector=selector).items
    assert {pod.metadata.labels["airflow-hpo/attempt"] for pod in kept} == {"1", "2"}
    assert {pod.status.phase for pod in kept} == {"Failed"}


def test_a_volume_that_cannot_be_mounted_is_named(task: MakeTask) -> None:
    volume = V1Volume(name="data", config_map=V1ConfigMapVolumeSource(name="absent"))
    mount = V1VolumeMount(name="data", mount_path="/data")
    trial = task("print('loss=1')", volumes=[volume], volume_mounts=[mount], startup_timeout_seconds=10)
    with pytest.raises(Exception, match='configmap "absent" not found'):
        trial.run()
