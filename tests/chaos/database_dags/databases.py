"""Studies whose database is taken away: programs that report for a while, with the retries that everybody gets."""

import sys
from datetime import timedelta

from airflow.sdk import DAG, BaseOperator

from airflow_hpo import Float, Int, Objective, ProcessTrial, Study, TuneTaskGroup

PROGRAM = """
import os, time
loss = float(os.environ["HPO_PARAM_X"]) ** 2 + int(os.environ["HPO_PARAM_N"])
for step in range(5):
    time.sleep(1)
    print(f"loss={loss + 4 - step} step={step}", flush=True)
"""


def tuned(name, max_trials=10, trial=None, **options):
    """One DAG for each fault."""
    with DAG(name, schedule=None, catchup=False) as dag:
        TuneTaskGroup(
            study=Study(
                name=name,
                objective=Objective("loss"),
                space={"x": Float(-1.0, 1.0), "n": Int(1, 5)},
                max_trials=max_trials,
                parallelism=3,
            ),
            trial=ProcessTrial([sys.executable, "-c", PROGRAM], **(trial or {})),
            **options,
        )
    return dag


tuned("away")
tuned("restarted")
tuned("waiting", dispatch="continuous")
tuned("on_disk", hpo_conn_id="hpo_disk")

# Here Airflow itself is hit too, and its own tries are spent on that.
OFTEN = {"retries": 19, "retry_delay": timedelta(seconds=1)}
for task in tuned("shared", trial=OFTEN).tasks:
    if isinstance(task, BaseOperator):
        task.retries, task.retry_delay = OFTEN["retries"], OFTEN["retry_delay"]
