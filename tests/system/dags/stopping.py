"""Studies that a person stops while their trials run: the first trial is quick, the others wait and say nothing."""

import os
import sys
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, ProcessTrial, Study, TuneTaskGroup

GO_ON = Path(os.environ["AIRFLOW_HOME"]) / "go-on"
"""Trials of the study that may finish wait for this file, the others for ever."""

PROGRAM = """
import os, pathlib, sys, time
while os.environ["HPO_TRIAL"] != "0" and not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.1)
print("loss=1")
"""

for name, awaited in (("finish", GO_ON), ("stop", GO_ON / "never")):
    with DAG(f"stopped_{name}", schedule=None, catchup=False):
        TuneTaskGroup(
            study=Study(
                name=f"stopped_{name}", objective="loss", space={"x": Float(0, 1)}, max_trials=12, parallelism=3
            ),
            trial=ProcessTrial([sys.executable, "-c", PROGRAM, str(awaited)]),
        )
