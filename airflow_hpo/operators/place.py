"""Old path of names that stand in :mod:`airflow_hpo.operators.context`; goes with the next minor version."""

import warnings
from datetime import datetime

from airflow.sdk import Context

from airflow_hpo.operators import context as _context
from airflow_hpo.operators.context import task_try_of as place_of  # noqa: F401

warnings.warn("Import from airflow_hpo.operators.context instead of place.", DeprecationWarning, stacklevel=2)


def reference_of(context: Context) -> datetime:
    """Return the time that a run's windows are relative to."""
    return _context.reference_of(context).moment
