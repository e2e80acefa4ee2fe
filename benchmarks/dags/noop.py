"""Tasks that do nothing: plain ones, and the trials of a study."""

import os

from airflow.sdk import DAG, task

from airflow_hpo import Float, Objective, PythonTrial, Study, TuneTaskGroup

COUNT = int(os.environ.get("HPO_BENCH_TASKS", "30"))
SLOTS = int(os.environ.get("HPO_BENCH_SLOTS", "4"))


def nothing(trial):
    """Return a constant."""
    return 0.0


def study(name):
    """A study of nothing."""
    return Study(
        name=name,
        objective=Objective("loss"),
        space={"x": Float(0, 1)},
        max_trials=COUNT,
        max_failures=0,
        parallelism=SLOTS,
        sampler="random",
    )


with DAG("plain", schedule=None, catchup=False):

    @task
    def numbers():
        """Return as many numbers as there are tasks."""
        return list(range(COUNT))

    @task(max_active_tis_per_dagrun=SLOTS)
    def noop(number):
        """Return what came."""
        return number

    noop.expand(number=numbers())

with DAG("batches", schedule=None, catchup=False):
    TuneTaskGroup(study=study("batches"), trial=PythonTrial(nothing))

with DAG("continuous", schedule=None, catchup=False):
    TuneTaskGroup(study=study("continuous"), trial=PythonTrial(nothing), dispatch="continuous")
