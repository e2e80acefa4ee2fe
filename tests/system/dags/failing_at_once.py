"""Studies of which all running trials fail at once, and are tried again; one of them with one slot of a pool for everything."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, ProcessTrial, PythonTrial, Study, TuneTaskGroup

MARKS = Path(os.environ["AIRFLOW_HOME"]) / "failing"

PROGRAM = """
import os, pathlib, sys, time
folder, together = pathlib.Path(sys.argv[1]), int(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
mark = folder / os.environ["HPO_TRIAL"]
if not mark.exists():
    mark.touch()
    while len(list(folder.iterdir())) < together:
        time.sleep(0.1)
    sys.exit("once for every trial")
print("loss=1")
"""
"""Its first attempts end together, when as many trials as there are slots have begun."""


def trial_of(folder: Path, together: int, in_python: bool):
    again = {"program_retries": 1, "retry_delay": timedelta(seconds=1)}
    if not in_python:
        return ProcessTrial([sys.executable, "-c", PROGRAM, str(folder), str(together)], **again)

    def fail_once(trial):
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / str(trial.number)
        if mark.exists():
            return 1.0
        mark.touch()
        while len(list(folder.iterdir())) < together:
            time.sleep(0.1)
        raise RuntimeError("once for every trial")

    return PythonTrial(fail_once, **again)


for name, slots, dispatch, in_python, pool in (
    ("one_program", 1, "continuous", False, {}),
    ("programs", 2, "continuous", False, {}),
    ("functions", 2, "continuous", True, {}),
    ("batched_programs", 2, "batches", False, {}),
    ("batched_functions", 2, "batches", True, {}),
    ("pooled", 1, "batches", False, {"pool": "one_slot"}),
    ("pooled_continuous", 2, "continuous", False, {"pool": "one_slot"}),
):
    with DAG(f"failing_{name}", schedule=None, catchup=False, default_args=pool):
        together = 1 if pool else slots
        TuneTaskGroup(
            study=Study(
                name=f"failing_{name}",
                objective="loss",
                space={"x": Float(0, 1)},
                max_trials=slots + 1,
                parallelism=slots,
            ),
            trial=trial_of(MARKS / name, together, in_python),
            dispatch=dispatch,
        )
