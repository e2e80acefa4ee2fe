"""Studies of which there are many: runs at once, trials at once, triggerers at once."""

import sys
from datetime import timedelta

from airflow.sdk import DAG
from airflow.sdk.configuration import conf

from airflow_hpo import Float, Objective, ProcessTrial, PythonTrial, Study, TuneTaskGroup

SPACE = {"x": Float(-1.0, 1.0)}
QUICKLY = {"retries": 9, "retry_delay": timedelta(seconds=1)}
PROGRAM = """
import os, time
time.sleep(1.5)
print(f"loss={float(os.environ['HPO_PARAM_X']) ** 2}")
"""


def study(name, **options):
    return Study(name=name, objective=Objective("loss"), space=SPACE, **options)


def square(trial):
    return trial.params["x"] ** 2


with DAG("twins", schedule=None, catchup=False, max_active_runs=2):
    TuneTaskGroup(
        study=study("twins", max_trials=12, parallelism=4),
        trial=ProcessTrial([sys.executable, "-c", PROGRAM], **QUICKLY),
    )

with DAG("handed_over", schedule=None, catchup=False):
    TuneTaskGroup(
        study=study("handed_over", max_trials=14, parallelism=2),
        trial=ProcessTrial([sys.executable, "-c", PROGRAM], max_active_tis_per_dagrun=6, **QUICKLY),
        dispatch="continuous",
    )

if conf.getint("core", "max_map_length") >= 1100:
    with DAG("eleven_hundred", schedule=None, catchup=False):
        TuneTaskGroup(
            study=study("eleven_hundred", max_trials=1100, parallelism=1100, max_failures=0, sampler="random"),
            # A pool without slots: the test tells the study what a thousand tasks would take many minutes to tell.
            trial=PythonTrial(square, pool="nowhere"),
        )
