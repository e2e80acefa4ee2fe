"""Studies with both kinds of constraints in pods, which are killed in the middle."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_hpo import Float, MetricConstraint, Objective, PodTrial, Study, TuneTaskGroup
from tests.chaos.limits import MOST, PROGRAM, TOGETHER

WAYS = {"worker": "batches", "triggerer": "continuous"}

for way, dispatch in WAYS.items():
    with DAG(f"limits_{way}", schedule=None, catchup=False) as dag:
        TuneTaskGroup(
            study=Study(
                name=f"limits_{way}",
                objective=Objective("loss", extra_metrics=["m"]),
                space={"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)},
                constraints=[TOGETHER, MetricConstraint("m", at_most=MOST)],
                max_trials=60,
                parallelism=6,
                max_failures=20,
                sampler="tpe",
            ),
            trial=PodTrial(
                image=os.environ["HPO_TEST_IMAGE"],
                cmds=["python3", "-c", PROGRAM],
                namespace=os.environ["HPO_TEST_NAMESPACE"],
                image_pull_policy="IfNotPresent",
                automount_service_account_token=False,
                termination_grace_period=1,
                poll_interval=1,
                retries=9,
                retry_delay=timedelta(seconds=1),
                run_in=way,
            ),
            dispatch=dispatch,
        )
    for task in dag.tasks:
        if not task.is_mapped:
            task.retries, task.retry_delay = 9, timedelta(seconds=1)
