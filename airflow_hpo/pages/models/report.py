"""Data of a report: what the pages show of one study, in the shapes of their API."""

from datetime import datetime

from airflow_hpo.pages.models.answer import Answer
from airflow_hpo.pages.models.comparisons import ComparisonDetail
from airflow_hpo.pages.models.studies import StudyPage
from airflow_hpo.pages.models.trials import AttemptColumns, Columns, Curves, Failures


class Report(Answer):
    """One study as it was when the report was made."""

    version: str
    made_at: datetime
    study: StudyPage
    trials: Columns
    attempts: AttemptColumns
    failures: Failures
    curves: Curves
    comparisons: list[ComparisonDetail]
