"""Old path of names that stand in :mod:`airflow_hpo.operators.function`; goes with the next minor version."""

import warnings

from airflow_hpo.operators.function import source_of as source_of

warnings.warn("Import from airflow_hpo.operators.function instead of source.", DeprecationWarning, stacklevel=2)
