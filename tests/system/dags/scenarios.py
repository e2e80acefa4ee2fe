"""Studies of which each trial is three simulations, one of which fails until a file is there."""

import os
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, ProcessTrial, PythonTrial, Scenario, Study, TuneTaskGroup

MENDED = Path(os.environ["AIRFLOW_HOME"]) / "mended"
DAYS = [Scenario("mon", {"load": 0}), Scenario("tue", {"load": 1}), Scenario("wed", {"load": 2})]


def cost(trial):
    """Fail on one day of one trial."""
    if trial.number == 1 and trial.scenario.name == "tue" and not MENDED.exists():
        raise ValueError("no forecast")
    return trial.params["x"] ** 2 + trial.scenario.values["load"]


PROGRAM = """
import os, pathlib, sys
if os.environ["HPO_TRIAL"] == "1" and os.environ["HPO_SCENARIO"] == "tue" and not pathlib.Path(sys.argv[1]).exists():
    sys.exit("no forecast")
print("cost=%r" % (float(os.environ["HPO_PARAM_X"]) ** 2 + float(sys.argv[2])))
"""


def week(name, trial, dispatch):
    """Lay out four trials of three days, four simulations at once."""
    study = Study(
        name=name,
        objective="cost",
        space={"x": Float(-1.0, 1.0)},
        max_trials=4,
        parallelism=4,
        sampler="random",
        scenarios=DAYS,
    )
    with DAG(name, schedule=None, catchup=False):
        TuneTaskGroup(study=study, trial=trial, dispatch=dispatch)


week("week_in_batches", PythonTrial(cost), "batches")
week(
    "week_continuously",
    ProcessTrial(["python", "-c", PROGRAM, str(MENDED), "{{ trial.scenario.values.load }}"]),
    "continuous",
)
