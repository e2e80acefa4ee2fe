"""Old path of names that stand in :mod:`airflow_hpo.operators.context`; goes with the next minor version."""

import warnings

from airflow_hpo.operators.context import permanent_errors_end_the_task as permanent_errors_end_the_task

warnings.warn("Import from airflow_hpo.operators.context instead of errors.", DeprecationWarning, stacklevel=2)
