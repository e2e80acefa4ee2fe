"""Context of a running task: its try, its reference time, and the error that ends it for good."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.exceptions import PermanentHpoError


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


@contextmanager
def permanent_errors_end_the_task() -> Iterator[None]:
    """Turn an error that repeating cannot mend into one that Airflow does not retry."""
    try:
        yield
    except PermanentHpoError as err:
        raise AirflowFailException(str(err)) from err
