"""Writer to Optuna's tables in single transactions: what a running trial reports, and how it ends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Update, case, delete, insert, select, update
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.nonfinite import restored, stored
from airflow_hpo.optuna.read import record_of, trial_id
from airflow_hpo.storage.database import Database


class LockedTrial:
    """A trial that no other transaction can change until this one ends."""

    def __init__(self, connection: Connection, trial_id: int, *, running: bool) -> None:
        self.connection = connection
        self._id = trial_id
        self.running = running

    def record(self) -> TrialRecord:
        """Return the trial with the changes made so far."""
        return record_of(self.connection, self._id)

    def finish(self, state: TrialState) -> None:
        """Give the trial its last state, whatever it has."""
        self.connection.execute(_finished(state).where(tables.trials.c.trial_id == self._id))

    def set_value(self, value: float) -> None:
        """Give the trial its objective, once."""
        number, kind = stored(value)
        row = {"trial_id": self._id, "objective": 0, "value": number, "value_type": kind}
        self.connection.execute(insert(tables.trial_values), row)

    def note(self, attrs: Mapping[str, Any], *, system: bool = False) -> None:
        """Set attributes, replacing those of the same names."""
        table = tables.trial_system_attributes if system else tables.trial_user_attributes
        _replace_attributes(self.connection, table, {"trial_id": self._id}, attrs)

    def reported(self) -> dict[int, float]:
        """Return the intermediate values by step, in the order of steps."""
        table = tables.trial_intermediate_values
        columns = table.c.step, table.c.intermediate_value, table.c.intermediate_value_type
        found = self.connection.execute(select(*columns).where(table.c.trial_id == self._id).order_by(table.c.step))
        return {step: restored(value, kind) for step, value, kind in found}

    def report(self, values: Mapping[int, float]) -> None:
        """Add intermediate values at steps that have none; the first value of a step stays."""
        earlier = self.reported()
        new = {step: stored(value) for step, value in values.items() if step not in earlier}
        rows = [
            {"trial_id": self._id, "step": step, "intermediate_value": number, "intermediate_value_type": kind}
            for step, (number, kind) in new.items()
        ]
        if rows:
            self.connection.execute(insert(tables.trial_intermediate_values), rows)

    def remove_others(self, values: Mapping[int, float]) -> bool:
        """Remove the intermediate values, and what a pruner noted about them, if any of them is not one of these."""
        if all(step in values and stored(value) == stored(values[step]) for step, value in self.reported().items()):
            return False
        reported, notes = tables.trial_intermediate_values, tables.trial_system_attributes
        self.connection.execute(delete(reported).where(reported.c.trial_id == self._id))
        noted = notes.c.key.startswith(attributes.RUNG, autoescape=True)
        self.connection.execute(delete(notes).where(notes.c.trial_id == self._id, noted))
        return True


def add_attributes(
    connection: Connection, table: TableClause, owner: Mapping[str, int], attrs: Mapping[str, Any]
) -> None:
    """Insert attributes of a trial or of a study."""
    rows = [{**owner, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    if rows:
        connection.execute(insert(table), rows)


def _replace_attributes(
    connection: Connection, table: TableClause, owner: Mapping[str, int], attrs: Mapping[str, Any]
) -> None:
    if not attrs:
        return
    theirs = [table.c[column] == owner_id for column, owner_id in owner.items()]
    connection.execute(delete(table).where(*theirs, table.c.key.in_(list(attrs))))
    add_attributes(connection, table, owner, attrs)


def set_study_attributes(connection: Connection, study_id: int, attrs: Mapping[str, Any]) -> None:
    """Set attributes of a study that are Optuna's own, replacing those of the same names."""
    _replace_attributes(connection, tables.study_system_attributes, {"study_id": study_id}, attrs)


def set_study_user_attributes(connection: Connection, study_id: int, attrs: Mapping[str, Any]) -> None:
    """Set attributes of a study that are ours, replacing those of the same names."""
    _replace_attributes(connection, tables.study_user_attributes, {"study_id": study_id}, attrs)


@contextmanager
def locked_trial(
    where: Database | Connection, name: str, number: int, end: TrialState | None = None
) -> Iterator[LockedTrial]:
    """Take hold of a trial for one transaction, and give it its last state if it runs and one is given."""
    if isinstance(where, Connection):
        yield _lock(where, name, number, end)
        return
    with where.transaction() as connection:
        yield _lock(connection, name, number, end)


def _lock(connection: Connection, name: str, number: int, end: TrialState | None) -> LockedTrial:
    found, trials = trial_id(connection, name, number), tables.trials
    # An update locks the row on every database, even one that changes nothing; SELECT ... FOR UPDATE does not.
    change = _finished(end) if end else update(trials).values(state=TrialState.RUNNING.name)
    running = change.where(trials.c.trial_id == found, trials.c.state == TrialState.RUNNING.name)
    return LockedTrial(connection, found, running=connection.execute(running).rowcount > 0)


def _finished(state: TrialState) -> Update:
    now, started = datetime.now(UTC).replace(tzinfo=None), tables.trials.c.datetime_start
    # A clock may go back, and a trial may begin and end on two hosts.
    complete = case((started > now, started), else_=now)
    return update(tables.trials).values(state=state.name, datetime_complete=complete)
