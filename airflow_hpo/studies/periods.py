"""Periods that the results of an edition are of."""

from airflow_hpo.core.evaluation import KEYS
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.work import several_periods
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


@retried
def periods_sentence(store: Store, name: str) -> str | None:
    """Say that the results of a study's edition are of several periods; None otherwise, and for evaluations."""
    if set(KEYS) <= set(store.edition(name).study.space):
        return None
    own = own_trials(store.optuna.records(name))
    return several_periods(record.work for record in own if record.state.successful)
