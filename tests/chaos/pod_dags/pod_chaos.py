"""Studies of short pods for the chaos suite, one of each size for each way in which a trial's pod is run."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_hpo import Float, PodTrial, Study, TuneTaskGroup
from airflow_hpo.task_groups.tune import Dispatch

# Three steps that say which parameter the pod has, over no time to three seconds.
STEPS = """
for step in 1 2 3; do
    echo "step=$step loss=$HPO_PARAM_X"
    [ $((HPO_TRIAL % 4)) -lt $step ] || sleep 1
done
"""
WAYS: dict[str, tuple[dict[str, Any], Dispatch, int]] = {
    "deferred": ({"run_in": "worker"}, "batches", 8),
    "waited": ({"run_in": "worker", "deferrable": False}, "batches", 4),
    "triggered": ({"run_in": "triggerer"}, "continuous", 6),
}
SIZES = {"few": (5, 5, 5), "many": (100, 50, 50)}


SLOW_START = {
    "apiVersion": "v1",
    "kind": "Pod",
    "spec": {
        "initContainers": [
            {
                "name": "wait",
                "image": os.environ["HPO_TEST_IMAGE"],
                "imagePullPolicy": "IfNotPresent",
                "command": ["sleep", "1"],
            }
        ],
        "containers": [],
    },
}
"""Keeps a pod pending long enough to be seen so."""


def tune(name: str, way: dict[str, Any], trials: int, dispatch: Dispatch, parallelism: int, **options: Any) -> None:
    """A study of one way and size."""
    trial = PodTrial(
        image=os.environ["HPO_TEST_IMAGE"],
        cmds=["sh", "-c", STEPS],
        namespace=os.environ["HPO_TEST_NAMESPACE"],
        image_pull_policy="IfNotPresent",
        automount_service_account_token=False,
        termination_grace_period=1,
        poll_interval=1,
        retries=9,
        retry_delay=timedelta(seconds=1),
        **way,
        **options,
    )
    study = Study(
        name=name,
        objective="loss",
        space={"x": Float(0.0, 1.0)},
        max_trials=trials,
        parallelism=parallelism,
        max_failures=20,
        sampler="random",
    )
    with DAG(name, schedule=None, catchup=False) as dag:
        TuneTaskGroup(study=study, trial=trial, dispatch=dispatch)
    for task in dag.tasks:
        if not task.is_mapped:
            task.retries, task.retry_delay = 9, timedelta(seconds=1)


for size, counts in SIZES.items():
    for (way, (options, dispatch, parallelism)), trials in zip(WAYS.items(), counts, strict=True):
        tune(f"{size}_{way}", options, trials, dispatch, parallelism)

for way, trials in {"waited": 28, "deferred": 14, "watched": 40, "triggered": 60}.items():
    options = WAYS["deferred" if way == "watched" else way][0]
    tune(f"struck_{way}", options, trials, "batches", 4, pod_template_dict=SLOW_START)
