"""Old path of names that stand in :mod:`airflow_hpo.operators.context`; goes with the next minor version."""

import warnings

from airflow_hpo.operators.context import reference_of as reference_of
from airflow_hpo.operators.context import task_try_of as place_of  # noqa: F401

warnings.warn("Import from airflow_hpo.operators.context instead of place.", DeprecationWarning, stacklevel=2)
