"""Tune beside production without getting in its way.

What: 8 trials, 2 at once, that wait behind production everywhere: in Airflow's queue, in a pool, on the cluster's nodes.
Why: a retuning may take all night, an order may not. Each setting is one of the places where trials and production meet:

- the pool bounds the trials of all studies together, and `priority_weight` lets production's tasks go first;
- a priority class below zero lets the cluster evict trials for production; an evicted trial runs again by itself. The
  Cluster Autoscaler adds no node for a priority below -10, unless its `expendable-pods-priority-cutoff` says otherwise;
- requests make the nodes grow (or say that they are full), limits keep a trial from taking its neighbours' memory;
- `schedule_timeout_seconds` leaves an autoscaler time for a node, `startup_timeout_seconds` a node time for a big image;
- `parallelism` and the pool bound how many trials run, `max_pending` how many of them wait for a node: while a node pool
  grows, the next one starts when the one before it has its node, so that the cluster's queue holds one pod of this study
  instead of all, and later trials are suggested knowing more. A pod that waits takes no worker and no node, and tells the
  autoscaler that a node is wanted; raise `max_pending` where a pool should grow by several nodes at once.

Needs: a Kubernetes, the image of `docker/trial`, a pool, and a priority class:

    airflow pools set tuning 2 "Trials of all studies"
    kubectl create priorityclass tuning --value=-5 --preemption-policy=Never
"""

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_hpo import Float, Objective, PodTrial, Stdout, Study, TuneTaskGroup

study = Study(
    name="valley_at_night",
    objective=Objective("loss", direction="minimize", strategy="best"),
    space={"learning_rate": Float(0.0001, 0.05, log=True), "momentum": Float(0.0, 0.95)},
    max_trials=8,
    parallelism=2,
    max_pending=1,
)

with DAG("tune_politely", schedule=None, catchup=False, doc_md=__doc__, tags=["hpo"]):
    TuneTaskGroup(
        group_id="tune",
        study=study,
        trial=PodTrial(
            image="airflow-hpo/trial:1",
            cmds=["python3", "-u", "/app/train.py"],
            arguments=[
                "--learning-rate={{ trial.params.learning_rate }}",
                "--momentum={{ trial.params.momentum }}",
            ],
            metrics=Stdout(step="epoch"),
            pool="tuning",
            priority_weight=1,
            weight_rule="absolute",
            retries=8,
            execution_timeout=timedelta(hours=6),
            priority_class_name="tuning",
            schedule_timeout_seconds=4 * 3600,
            startup_timeout_seconds=1800,
            namespace=os.environ.get("HPO_EXAMPLE_NAMESPACE", "default"),
            image_pull_policy="IfNotPresent",
            container_resources={
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"cpu": "1", "memory": "128Mi"},
            },
            automount_service_account_token=False,
            termination_grace_period=5,
        ),
    )
