"""Studies for the system tests: quick ones, failing ones, and slow ones to be interrupted."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, Int, Objective, ProcessTrial, PythonTrial, Study, TuneTaskGroup

SPACE = {"x": Float(-1.0, 1.0), "n": Int(1, 5)}
MARKS = Path(os.environ["AIRFLOW_HOME"]) / "marks"


def bowl(trial):
    """Report three values, return the last."""
    value = trial.params["x"] ** 2 + trial.params["n"]
    for step in range(3):
        trial.report(value + 2 - step, step=step)
    return value


def flaky(trial):
    """Fail in the first trial; run again, it is another trial."""
    if trial.number == 0:
        raise ValueError("the world is broken")
    return trial.params["x"] ** 2


SLOW = """
import os, pathlib, sys, time
marks = pathlib.Path(sys.argv[1]); marks.mkdir(exist_ok=True)
(marks / f"slow-{os.environ['HPO_TRIAL']}-{os.getpid()}").touch()
for step in range(8):
    time.sleep(0.5)
    print(f"loss={float(os.environ['HPO_PARAM_X']) ** 2 + 8 - step} step={step}", flush=True)
"""

STUCK = """
import os, time
time.sleep(300 if os.environ["HPO_TRIAL"] == "1" else 0.1)
print("loss=1")
"""


def study(name, **options):
    """A study of the common space."""
    return Study(**{"name": name, "objective": Objective("loss"), "space": SPACE, **options})


with DAG("sixty", schedule=None, catchup=False):
    TuneTaskGroup(study=study("sixty", max_trials=60, parallelism=8), trial=PythonTrial(bowl))

with DAG("flaky", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("flaky", max_trials=6, parallelism=3, max_failures=1),
        trial=PythonTrial(flaky),
    )

# Each of these arguments once broke what a task group does by itself.
TRAPS = {
    "depends_on_past": True,
    "wait_for_downstream": True,
    "trigger_rule": "one_failed",
    "execution_timeout": timedelta(minutes=1),
    "timeout": 1,
    "do_xcom_push": False,
    "retries": 0,
}

with DAG("trapped", schedule=None, catchup=False, default_args=TRAPS):
    TuneTaskGroup(
        study=study("trapped", max_trials=4, parallelism=2, max_failures=1),
        trial=PythonTrial(flaky),
    )

with DAG("slow", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("slow", max_trials=12, parallelism=4),
        trial=ProcessTrial([sys.executable, "-c", SLOW, str(MARKS)], retries=5, retry_delay=timedelta(seconds=1)),
    )

with DAG("stuck", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("stuck", max_trials=12, parallelism=4),
        trial=ProcessTrial([sys.executable, "-c", STUCK], retries=5, retry_delay=timedelta(seconds=1)),
    )
