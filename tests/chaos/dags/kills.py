"""Studies whose processes are killed at every step: short programs, many retries, short delays."""

import sys
from datetime import timedelta

from airflow.sdk import DAG, BaseOperator

from airflow_hpo import Float, Int, Objective, ProcessTrial, Study, TuneTaskGroup

PATIENTLY = {"retries": 19, "retry_delay": timedelta(seconds=1)}
PROGRAM = """
import os, time
loss = float(os.environ["HPO_PARAM_X"]) ** 2 + int(os.environ["HPO_PARAM_N"])
for step in range(5):
    time.sleep(0.5)
    print(f"loss={loss + 4 - step} step={step}", flush=True)
"""


# Says nothing for longer than it takes Airflow to miss its worker.
SILENT = """
import os, time
time.sleep(40)
print(f"loss={float(os.environ['HPO_PARAM_X']) ** 2}")
"""


def killed(name, max_trials, parallelism=6, trial=None, program=PROGRAM, **options):
    """One DAG for each list of strikes, so that each has its own plan."""
    with DAG(f"killed_{name}", schedule=None, catchup=False, max_active_runs=4) as dag:
        TuneTaskGroup(
            study=Study(
                name=f"killed_{name}",
                objective=Objective("loss"),
                space={"x": Float(-1.0, 1.0), "n": Int(1, 5)},
                max_trials=max_trials,
                parallelism=parallelism,
                max_failures=10,
            ),
            trial=ProcessTrial([sys.executable, "-c", program], **{**PATIENTLY, **(trial or {})}),
            **options,
        )
    for task in dag.tasks:
        if isinstance(task, BaseOperator):
            task.retries, task.retry_delay = PATIENTLY["retries"], PATIENTLY["retry_delay"]


killed("shortly", 8, parallelism=8)
killed("trials", 18)
killed("workers", 16)
killed("silently", 2, parallelism=2, program=SILENT)
killed("scheduler", 12)
killed("components", 18)
killed("bookkeeping", 4, parallelism=2)
# More tasks than slots, so that some wait.
killed("continuous", 10, parallelism=3, dispatch="continuous", trial={"max_active_tis_per_dagrun": 6})
