"""Data of one trial as JSON holds it, and the page of its task's log in Airflow's UI."""

import math
from datetime import datetime
from typing import Any

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.trial_details import TrialDetails
from airflow_hpo.trials.rows import state_of


def as_data(trial: TrialDetails) -> dict[str, Any]:
    """Return a trial as data that JSON can hold: NaN and infinities are the texts ``nan``, ``inf`` and ``-inf``."""
    record = trial.record
    return {
        "edition": trial.edition,
        "number": record.number,
        "state": state_of(record),
        "metric": trial.metric,
        "value": record.value,
        "params": dict(record.params),
        "metrics": dict(record.metrics),
        "origin": record.origin.value,
        "replaces": record.replaces,
        "replaced_by": trial.replaced_by,
        "invalid": record.invalid,
        "breaks": trial.breaks,
        "taken_over": record.source,
        **({f"taken_over_{name}": text for name, text in record.known.to_dict().items()} if record.known else {}),
        "slot": trial.slot,
        "started": shown_time(record.started),
        "finished": shown_time(record.finished),
        "counting_attempt": trial.counting.attempt if trial.counting else None,
        "attempts": [_attempt_data(trial, attempt) for attempt in trial.attempts],
        **(
            {"scenarios": {name: as_data(each) for name, each in trial.simulations.items()}}
            if trial.simulations
            else {}
        ),
    }


def curves(trial: TrialDetails, attempt: int) -> dict[str, dict[int, float]]:
    """Return what an attempt reported: values by step, by metric."""
    found = {metric: trial.curve(metric, attempt) for metric in trial.metrics}
    return {metric: curve for metric, curve in found.items() if curve}


def shown_time(at: datetime | None) -> str | None:
    """Return a time to the second."""
    return at.isoformat(timespec="seconds") if at else None


def _attempt_data(trial: TrialDetails, attempt: Attempt) -> dict[str, Any]:
    task = attempt.task
    return {
        "attempt": attempt.attempt,
        "outcome": attempt.outcome.value,
        "kind": attempt.kind.value if attempt.kind else None,
        "reason": attempt.reason,
        "exit_code": attempt.exit_code,
        "problems": list(attempt.problems),
        "backend": attempt.backend,
        "place": attempt.placement.to_dict(),
        "started": shown_time(attempt.started),
        "finished": shown_time(attempt.finished),
        "seconds": None if attempt.seconds is None else dict(attempt.seconds),
        "remarks": attempt.remarks.to_dict(),
        "dag_id": task.dag_id,
        "run_id": task.run_id,
        "task_id": task.task_id,
        "map_index": task.map_index,
        "try_number": task.try_number,
        "log_url": log_url(task),
        "log_tail": attempt.log_tail,
        "curves": {
            metric: [[step, _number(value)] for step, value in curve.items()]
            for metric, curve in curves(trial, attempt.attempt).items()
        },
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def log_url(task: TaskRun) -> str | None:
    """Return the address of a task's log; None where Airflow does not know its own address (``[api] base_url``)."""
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251
    from airflow.sdk.configuration import conf

    if not conf.get("api", "base_url", fallback=""):
        return None
    # The property reads nothing but the names that a task run has too, so Airflow's way to an address stands once.
    return str(vars(TaskInstance)["log_url"].fget(task))
