"""What the DAGs beside this file are made of: pods that do nothing, or sleep.

Every study that is measured has a file of its own, as a user's would: Airflow parses the whole file of a DAG anew for many
of its tasks.
"""

import os

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

from airflow_hpo import Float, Objective, PodTrial, Study, TuneTaskGroup

COUNT = int(os.environ.get("HPO_BENCH_TASKS", "10"))
SLOTS = int(os.environ.get("HPO_BENCH_SLOTS", "10"))
UNEVEN = int(os.environ.get("HPO_BENCH_UNEVEN", "10"))
LIVE = int(os.environ.get("HPO_BENCH_LIVE", "10"))
POD = {
    "image": os.environ.get("HPO_BENCH_IMAGE", "airflow-hpo/python:test"),
    "namespace": os.environ.get("HPO_BENCH_NAMESPACE", "default"),
    "image_pull_policy": "IfNotPresent",
    "termination_grace_period": 0,
    "automount_service_account_token": False,
}
NOTHING = ["sh", "-c", "echo loss=0"]
SLEEP = ["sh", "-c", "sleep {{ trial.params.seconds }}; echo loss={{ trial.params.seconds }}"]


def study(name, trials, slots, seconds):
    """A study that looks at random, without an interest in what it finds."""
    return Study(
        name=name,
        objective=Objective("loss"),
        space={"seconds": Float(*seconds)},
        max_trials=trials,
        max_failures=0,
        parallelism=slots,
        sampler="random",
        seed=1,
    )


def plain(name, count, **limits):
    """A DAG of plain pod tasks."""
    with DAG(name, schedule=None, catchup=False):
        KubernetesPodOperator.partial(
            task_id="pod",
            cmds=["sh", "-c"],
            deferrable=True,
            labels={"bench": name},
            retries=3,
            retry_delay=1.0,
            **POD,
            **limits,
        ).expand(arguments=[["echo loss=0"]] * count)


def tune(name, trials, slots, cmds, seconds=(1, 10), **trial):
    """A DAG of one study, dispatched continuously."""
    with DAG(name, schedule=None, catchup=False):
        TuneTaskGroup(
            study=study(name, trials, slots, seconds),
            trial=PodTrial(cmds=cmds, labels={"bench": name}, **POD, **trial),
            dispatch="continuous",
        )
