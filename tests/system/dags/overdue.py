"""Runs that are stopped while their trials run: the first trial is quick, the others wait for a file of the next run."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Candidate, EvaluateTaskGroup, Float, ProcessTrial, Study, TuneTaskGroup

HOME = Path(os.environ["AIRFLOW_HOME"])

PROGRAM = """
import os, pathlib, sys, time
while os.environ["HPO_TRIAL"] != "0" and not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.1)
print("loss=1")
"""


def study(name):
    """Declare a small study."""
    return Study(name=name, objective="loss", space={"x": Float(0, 1)}, max_trials=4, parallelism=2)


def waits(name):
    """Wait for a file that is named after the DAG."""
    return ProcessTrial([sys.executable, "-c", PROGRAM, str(HOME / f"{name}-go-on")])


for name, limit in (("overdue", timedelta(seconds=100)), ("marked", None)):
    with DAG(name, schedule=None, catchup=False, dagrun_timeout=limit):
        TuneTaskGroup(study=study(name), trial=waits(name))

with DAG("marked_evaluation", schedule=None, catchup=False):
    EvaluateTaskGroup(
        "validate",
        study=study("marked_evaluation"),
        candidates=[Candidate("a", {"x": 0.25}), Candidate("b", {"x": 0.5})],
        scenarios=["rain"],
        trial=waits("marked_evaluation"),
    )
