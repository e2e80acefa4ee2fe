"""Inserts of new trials into Optuna's tables, each whole and in one transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, func, insert, select

from airflow_hpo.optuna import tables
from airflow_hpo.optuna.write import add_attributes


# Optuna's create_new_trial(template_trial=) writes the same rows in one transaction, by one statement for each parameter and
# attribute: four to seven times as long, on SQLite and PostgreSQL, at 100 and 10,000 trials (docs/benchmarks.md).
def add_running(connection: Connection, study_id: int, trial: FrozenTrial) -> int:
    """Write a running trial with all it has, in the connection's transaction, and return its number."""
    assert trial.datetime_start is not None
    started = trial.datetime_start.astimezone(UTC).replace(tzinfo=None)
    number = _next_number(connection, study_id)
    owner = {"trial_id": _row(connection, study_id, number, trial.state.name, started)}
    _params(connection, owner, trial)
    add_attributes(connection, tables.trial_user_attributes, owner, trial.user_attrs)
    add_attributes(connection, tables.trial_system_attributes, owner, trial.system_attrs)
    return number


def add_waiting(connection: Connection, study_id: int, params: Mapping[str, Any]) -> int:
    """Write a trial that waits for its turn, as ``enqueue_trial`` of Optuna does, and return its number."""
    number = _next_number(connection, study_id)
    owner = {"trial_id": _row(connection, study_id, number, "WAITING", None)}
    add_attributes(connection, tables.trial_system_attributes, owner, {"fixed_params": dict(params)})
    return number


def _next_number(connection: Connection, study_id: int) -> int:
    """Every writer that adds a trial, Optuna included, locks the study's row first."""
    studies, trials = tables.studies.c, tables.trials
    connection.execute(select(studies.study_id).where(studies.study_id == study_id).with_for_update())
    count = select(func.count()).select_from(trials).where(trials.c.study_id == study_id)
    return connection.execute(count).scalar_one()


def _row(connection: Connection, study_id: int, number: int, state: str, started: datetime | None) -> int:
    row = {"study_id": study_id, "number": number, "state": state, "datetime_start": started}
    made = connection.execute(insert(tables.trials), row).inserted_primary_key
    assert made is not None
    return int(made[0])


def _params(connection: Connection, owner: Mapping[str, int], trial: FrozenTrial) -> None:
    rows = [
        {
            **owner,
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(trial.distributions[name]),
        }
        for name, value in trial.params.items()
    ]
    if rows:
        connection.execute(insert(tables.trial_params), rows)
