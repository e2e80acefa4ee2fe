"""Task instance and try of a running task, read from its Airflow context."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import Context

from airflow_hpo.core.task_try import TaskTry


def task_try_of(context: Context) -> TaskTry:
    """Return the try of the task instance that a context belongs to."""
    return TaskTry.of(context["ti"])


def reference_of(context: Context) -> datetime:
    """Return the time that a run's windows are relative to.

    The end of its data interval, else its logical date, else the time that it was to run after: the same however often a
    task of the run is repeated.
    """
    run = context["dag_run"]
    return run.data_interval_end or run.logical_date or run.run_after
