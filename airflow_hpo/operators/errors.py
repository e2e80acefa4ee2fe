"""Errors of this package as errors that end an Airflow task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.exceptions import PermanentHpoError


@contextmanager
def permanent_errors_end_the_task() -> Iterator[None]:
    """Turn an error that repeating cannot mend into one that Airflow does not retry."""
    try:
        yield
    except PermanentHpoError as err:
        raise AirflowFailException(str(err)) from err
