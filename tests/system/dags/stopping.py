"""Studies that a person stops while their trials run: the first trial is quick, the others are long and silent."""

import sys

from airflow.sdk import DAG

from airflow_hpo import Float, ProcessTrial, Study, TuneTaskGroup

PROGRAM = (
    "import os, sys, time; time.sleep(0 if os.environ['HPO_TRIAL'] == '0' else float(sys.argv[1])); print('loss=1')"
)

for name, seconds in (("finish", 45), ("stop", 3000)):
    with DAG(f"stopped_{name}", schedule=None, catchup=False):
        TuneTaskGroup(
            study=Study(
                name=f"stopped_{name}", objective="loss", space={"x": Float(0, 1)}, max_trials=12, parallelism=3
            ),
            trial=ProcessTrial([sys.executable, "-c", PROGRAM, str(seconds)]),
        )
