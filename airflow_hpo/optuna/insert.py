"""Inserts of new trials into Optuna's tables, each whole and in one transaction."""

from __future__ import annotations

from datetime import UTC

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, func, insert, select

from airflow_hpo.optuna import tables
from airflow_hpo.optuna.write import add_attributes
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.errors import translated


def add_running(database: Database, study_id: int, trial: FrozenTrial) -> int:
    """Write a running trial with all it has, and return its number: no crash can leave half of it.

    Optuna's storage would do the same through its ORM, with a query for every parameter and attribute. That costs a task,
    which compiles each of them again, a fifth of its time.
    """
    with database.connect() as connection, translated(database.name), connection.begin():
        number = _next_number(connection, study_id)
        trial_id = _row(connection, study_id, number, trial)
        _params(connection, trial_id, trial)
        owner = {"trial_id": trial_id}
        add_attributes(connection, tables.trial_user_attributes, owner, trial.user_attrs)
        add_attributes(connection, tables.trial_system_attributes, owner, trial.system_attrs)
    return number


def _next_number(connection: Connection, study_id: int) -> int:
    """Every writer that adds a trial, Optuna included, locks the study's row first."""
    studies, trials = tables.studies.c, tables.trials
    connection.execute(select(studies.study_id).where(studies.study_id == study_id).with_for_update())
    count = select(func.count()).select_from(trials).where(trials.c.study_id == study_id)
    return connection.execute(count).scalar_one()


def _row(connection: Connection, study_id: int, number: int, trial: FrozenTrial) -> int:
    assert trial.datetime_start is not None
    started = trial.datetime_start.astimezone(UTC).replace(tzinfo=None)
    row = {"study_id": study_id, "number": number, "state": trial.state.name, "datetime_start": started}
    connection.execute(insert(tables.trials), row)
    trials = tables.trials.c
    # Not every database returns what an insert has made.
    found = select(trials.trial_id).where(trials.study_id == study_id, trials.number == number)
    return int(connection.execute(found).scalar_one())


def _params(connection: Connection, trial_id: int, trial: FrozenTrial) -> None:
    rows = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(trial.distributions[name]),
        }
        for name, value in trial.params.items()
    ]
    if rows:
        connection.execute(insert(tables.trial_params), rows)
