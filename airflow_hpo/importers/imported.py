"""Result of an import: what is searched, what runs a trial, and what a person should know of both."""

from typing import NamedTuple

from airflow_hpo.core.study import Study
from airflow_hpo.importers.findings import Note
from airflow_hpo.task_groups.backends import TrialBackend


class Imported(NamedTuple):
    """A specification of another system as declarations of this package."""

    study: Study
    trial: TrialBackend
    notes: tuple[Note, ...]
    code: str = ""
    """Functions of a trial that is one: Python that stands in the DAG before the study."""
    results: str = ""
    """Results that a study begins with, as a CSV file for a warm start."""
