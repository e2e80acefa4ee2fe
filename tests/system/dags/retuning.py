"""A retuning whose optimum moves from month to month, and the production that uses it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_hpo import ComparisonRule, HpoHook, Int, PythonTrial, Study, Window, parameter_set_asset, retuning_dag

OPTIMUM = {1: 1, 2: 3, 3: 3, 4: 0, 5: 0}
"""The best x of each month."""


def cost(trial: Any) -> float:
    """Cost of a point, with noise that all candidates of a scenario share; a day tells points apart more or less."""
    month, luck = (trial.period.end + timedelta(days=15)).month, random.Random(trial.seed)
    return 10.0 + abs(trial.params["x"] - OPTIMUM[month]) * luck.uniform(0.9, 1.1) + luck.gauss(0.0, 0.1)


retuning_dag(
    "retuning",
    study=Study(name="retuned", space={"x": Int(0, 3)}, objective="cost", sampler="grid", parallelism=4),
    trial=PythonTrial(cost),
    tuning=Window("-20d", "-10d"),
    validation=Window("-10d", "-5d"),
    test=Window("-5d"),
    finalists=2,
    # Five days are too few for what a month of them brings of an error budget.
    rule=ComparisonRule(error="each"),
    schedule=None,
    start_date=datetime(2025, 1, 1),
)

retuning_dag(
    "satisfied",
    study=Study(
        name="satisfied",
        space={"x": Int(0, 3)},
        objective={"metric": "cost", "goal": 99.0},
        max_trials=4,
        parallelism=1,
    ),
    trial=PythonTrial(cost),
    tuning=Window("-20d", "-10d"),
    test=Window("-10d"),
    schedule=None,
    start_date=datetime(2025, 1, 1),
)

with DAG("production", schedule=[parameter_set_asset("retuned")], catchup=False):

    @task
    def read() -> dict[str, Any]:
        """Return what production works with now."""
        champion = HpoHook().champion("retuned")
        return {"version": champion.version, "x": champion.params["x"]}

    read()
