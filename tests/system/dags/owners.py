"""Studies that more than one DAG run, group or DAG would run."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, ProcessTrial, Study, TuneTaskGroup

STARTED = Path(os.environ["AIRFLOW_HOME"]) / "continued"
GO = Path(os.environ["AIRFLOW_HOME"]) / "continue"
PROGRAM = """
import os, pathlib, sys, time
started, go = map(pathlib.Path, sys.argv[1:])
started.touch()
while not go.exists():
    time.sleep(0.1)
print(f"loss={float(os.environ['HPO_PARAM_X']) ** 2}")
"""
QUICKLY = {"retries": 1, "retry_delay": timedelta(seconds=1)}


def study(name, **options):
    """A study of six trials."""
    return Study(name=name, objective="loss", space={"x": Float(0, 1)}, max_trials=6, parallelism=2, **options)


for dag_id in ("continued", "copied"):
    with DAG(dag_id, schedule=None, catchup=False):
        TuneTaskGroup(
            study=study("continued"),
            run="main",
            trial=ProcessTrial([sys.executable, "-c", PROGRAM, str(STARTED), str(GO)], **QUICKLY),
        )

with DAG("together", schedule=None, catchup=False):
    for group in ("one", "two"):
        TuneTaskGroup(
            group,
            study=study("together", shared=True),
            trial=ProcessTrial([sys.executable, "-c", "print('loss=1')"], **QUICKLY),
        )
