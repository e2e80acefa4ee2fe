"""Explanation of where a study is, as ``airflow hpo studies why`` gives it."""

from airflow_hpo.core.masking import masked
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.models.studies import Why, WhyTrial
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import explain

TRIALS = 200
"""Trials without a result that are explained; the newest first, after those that run."""


def why_of(store: Store, found: Numbered, tasks: RunTasks) -> Why:
    """Say what holds an edition up, and each of its trials that has no result."""
    explained = explain(store, found.edition.name, tasks)
    trials = [
        WhyTrial(number=each.number, state=each.state, why=masked(each.why)) for each in explained.trials[:TRIALS]
    ]
    return Why(study=[masked(each) for each in explained.study], trials=trials)
