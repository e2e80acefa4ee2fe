"""Deletion of trials and studies from Optuna's tables, by few statements: ``optuna.delete_study`` reads every row first."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select

from airflow_hpo.optuna import tables

OF_TRIALS = (
    tables.trial_params,
    tables.trial_values,
    tables.trial_intermediate_values,
    tables.trial_user_attributes,
    tables.trial_system_attributes,
    tables.trial_heartbeats,
)
"""Tables whose rows refer to a trial."""
OF_STUDIES = (tables.study_directions, tables.study_user_attributes, tables.study_system_attributes)
"""Tables whose rows refer to a study."""


def intermediate_by_trial(connection: Connection, study_id: int) -> dict[int, int]:
    """Return how many intermediate values each trial has, by its number; trials without any are left out."""
    values, trials = tables.trial_intermediate_values, tables.trials
    joined = values.join(trials, values.c.trial_id == trials.c.trial_id)
    counts = (
        select(trials.c.number, func.count().label("rows")).select_from(joined).where(trials.c.study_id == study_id)
    )
    return {row.number: row.rows for row in connection.execute(counts.group_by(trials.c.number))}


def delete_trials(connection: Connection, study_id: int, numbers: Collection[int]) -> None:
    """Delete trials with all that refers to them."""
    trials = tables.trials
    wanted = select(trials.c.trial_id).where(trials.c.study_id == study_id, trials.c.number.in_(numbers))
    ids = list(connection.scalars(wanted))
    for table in (*OF_TRIALS, trials):
        connection.execute(delete(table).where(table.c.trial_id.in_(ids)))


def delete_study(connection: Connection, study_id: int) -> None:
    """Delete a study that has no trials."""
    for table in (*OF_STUDIES, tables.studies):
        connection.execute(delete(table).where(table.c.study_id == study_id))
