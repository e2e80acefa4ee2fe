"""Studies whose trials are several calls of a function: the days of the run's window, and the folds of a cross-validation."""

import os
from pathlib import Path

from airflow.sdk import DAG

from airflow_hpo import Float, PythonTrial, Study, TuneTaskGroup, Window, folds

DATA = Path(os.environ["AIRFLOW_HOME"]) / "fold-2-of-trial-1"


def cost(trial):
    """Cost of a day: its own level, so that a day that is missing or comes twice is seen in the mean."""
    return trial.period.start.day + trial.params["x"]


def loss(trial):
    """Fail in one fold of one trial until a file is there."""
    fold, count = trial.scenario.values["fold"], trial.scenario.values["folds"]
    if (trial.number, fold) == (1, 2) and not DATA.exists():
        raise ValueError("no data for this fold yet")
    return fold / count + trial.params["x"]


def study(name, scenarios):
    """Two trials, all of their simulations at once."""
    return Study(
        name=name, objective="cost", space={"x": Float(0, 1)}, scenarios=scenarios, max_trials=2, parallelism=6
    )


with DAG("days_of_window", schedule=None, catchup=False):
    TuneTaskGroup(study=study("days_of_window", "1d"), trial=PythonTrial(cost), window=Window("-3d"))

with DAG("folds_in_functions", schedule=None, catchup=False):
    TuneTaskGroup(study=study("folds_in_functions", folds(3)), trial=PythonTrial(loss), dispatch="continuous")
