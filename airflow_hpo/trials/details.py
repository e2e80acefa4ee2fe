"""Details of one trial, read from the study database."""

from __future__ import annotations

from airflow_hpo.core.trial_details import TrialDetails
from airflow_hpo.storage import attempts, metric_series
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


@retried
def trial_details(store: Store, name: str, number: int) -> TrialDetails:
    """Return all that is stored about a trial of an edition."""
    edition, records = store.edition(name), store.optuna.records(name, details=False)
    with store.session(read_only=True) as session:
        runs = attempts.of(session, name, number)
        values = metric_series.series(session, name, number, every_attempt=True)
    return TrialDetails(
        edition=name,
        metric=edition.study.objective.metric,
        record=store.optuna.record(name, number),
        replaced_by=next((record.number for record in records if record.replaces == number), None),
        attempts=runs,
        values=values,
    )
