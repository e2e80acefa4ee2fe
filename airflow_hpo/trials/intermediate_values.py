"""Optuna's intermediate values of a trial: the series of the attempt that counts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.storage import editions, metric_series
from airflow_hpo.studies.store import Store


def derive(store: Store, session: Session, attempt: Attempt) -> None:
    """Make what an attempt reported the trial's intermediate values; nothing happens once the trial has ended.

    A trial that is retried must not be judged by the curve of an attempt that died.
    """
    name, number = attempt.study, attempt.number
    metric = editions.get(session, name).study.objective.metric
    reported = metric_series.series(session, name, number, metric, attempt=attempt.attempt)
    values = {each.step: each.value for each in reported}
    store.optuna.set_intermediate_values(name, number, values, within=session.connection())
