"""Reads studies with a few flat selects: ten thousand trials in well under a second, where Optuna's ORM takes many."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import ColumnElement, Connection, Row, Select, select
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.search import marks, tables
from airflow_hpo.search.distributions import decoded
from airflow_hpo.search.numbers import restored
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.failures import translated

BRIEF = (marks.KEY, marks.ORIGIN, marks.REPLACES, marks.INVALID)
"""What progress needs of a trial's attributes."""

Rows = dict[int, dict[Any, Any]]
"""For each trial's id, values by name."""


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """A study without its trials."""

    id: int
    name: str
    directions: list[StudyDirection]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]


class StudyReader:
    """Reads what Optuna stores.

    :param database: where; its tables must exist.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> StoredStudy | None:
        """Return a study; None when there is none of that name.

        :param name: its name.
        """
        with self._reading() as connection:
            return _study(connection, name)

    def study(self, name: str) -> StoredStudy:
        """Return a study.

        :param name: its name.
        :raises StudyNotFoundError: when there is none.
        """
        return self.find(name) or _missing(name)

    def records(self, name: str, *, details: bool = True) -> list[TrialRecord]:
        """Return all trials of a study by number.

        :param name: the study.
        :param details: False leaves out parameters and extra metrics, which is what costs most of the time.
        :raises StudyNotFoundError: when there is none.
        """
        with self._reading() as connection:
            wanted = _Wanted(_study_id(connection, name))
            rows = connection.execute(wanted.trials()).all()
            params = wanted.params(connection)[0] if details else {}
            attrs = wanted.user_attrs(connection, None if details else list(BRIEF))
            values = wanted.values(connection)
        return [_record(row, *(found.get(row.trial_id, {}) for found in (params, attrs, values))) for row in rows]

    def record(self, name: str, number: int) -> TrialRecord:
        """Return one trial.

        :param name: the study.
        :param number: the trial's number.
        :raises StudyNotFoundError: when there is no such study or trial.
        """
        with self._reading() as connection:
            return record_of(connection, trial_id(connection, name, number))

    def number_of(self, name: str, key: str) -> int | None:
        """Return the number of the trial that was asked for by a key; None when none was.

        :param name: the study.
        :param key: the trial's key.
        :raises StudyNotFoundError: when there is no such study.
        """
        with self._reading() as connection:
            return min((number for number, _ in _marked(connection, name, marks.KEY, key)), default=None)

    def replacements(self, name: str) -> dict[int, int]:
        """Return which trial ran another one again: the lowest such number by the number of the one it replaces.

        :param name: the study.
        :raises StudyNotFoundError: when there is no such study.
        """
        with self._reading() as connection:
            return {
                replaced: number for number, replaced in sorted(_marked(connection, name, marks.REPLACES), reverse=True)
            }

    def snapshot(self, name: str, since: int = 0) -> tuple[StoredStudy, list[FrozenTrial]]:
        """Return a study and its trials by number, as Optuna's samplers and pruners take them.

        :param name: the study.
        :param since: leave out trials with smaller numbers.
        :raises StudyNotFoundError: when there is none.
        """
        with self._reading() as connection:
            study = _study(connection, name) or _missing(name)
            return study, list(_frozen(connection, _Wanted(study.id, since=since)))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database."""
        with self._database.connect(read_only=True) as connection, translated(self._database.name):
            if self._database.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which trials are read: all of a study, those from a number on, or one."""

    study_id: int
    since: int = 0
    trial_id: int | None = None

    def trials(self) -> Select[Any]:
        return select(tables.trials).where(*self._conditions()).order_by(tables.trials.c.number)

    def params(self, connection: Connection) -> tuple[Rows, Rows]:
        """Return values and distributions."""
        values: Rows = defaultdict(dict)
        distributions: Rows = defaultdict(dict)
        table = tables.trial_params.c
        query = self._select(
            tables.trial_params, "param_id", table.param_name, table.param_value, table.distribution_json
        )
        for trial_id, name, value, text in connection.execute(query):
            distribution = decoded(text)
            values[trial_id][name] = distribution.to_external_repr(value)
            distributions[trial_id][name] = distribution
        return values, distributions

    def values(self, connection: Connection) -> Rows:
        table = tables.trial_values.c
        return _numbers(
            connection,
            self._select(tables.trial_values, "trial_value_id", table.objective, table.value, table.value_type),
        )

    def intermediate_values(self, connection: Connection) -> Rows:
        table = tables.trial_intermediate_values.c
        columns = table.step, table.intermediate_value, table.intermediate_value_type
        return _numbers(
            connection, self._select(tables.trial_intermediate_values, "trial_intermediate_value_id", *columns)
        )

    def user_attrs(self, connection: Connection, keys: Collection[str] | None = None) -> Rows:
        return self._attrs(connection, tables.trial_user_attributes, "trial_user_attribute_id", keys)

    def system_attrs(self, connection: Connection) -> Rows:
        return self._attrs(connection, tables.trial_system_attributes, "trial_system_attribute_id", None)

    def _attrs(self, connection: Connection, table: TableClause, order: str, keys: Collection[str] | None) -> Rows:
        query = self._select(table, order, table.c.key, table.c.value_json)
        if keys is not None:
            query = query.where(table.c.key.in_(keys))
        result: Rows = defaultdict(dict)
        for trial_id, key, text in connection.execute(query):
            result[trial_id][key] = json.loads(text)
        return result

    def _select(self, table: TableClause, order: str, *columns: ColumnElement[Any]) -> Select[Any]:
        joined = table.join(tables.trials, table.c.trial_id == tables.trials.c.trial_id)
        query = select(table.c.trial_id, *columns).select_from(joined)
        return query.where(*self._conditions()).order_by(table.c[order])

    def _conditions(self) -> list[ColumnElement[bool]]:
        found = [tables.trials.c.study_id == self.study_id]
        if self.since:
            found.append(tables.trials.c.number >= self.since)
        if self.trial_id is not None:
            found.append(tables.trials.c.trial_id == self.trial_id)
        return found


def trial_id(connection: Connection, name: str, number: int) -> int:
    """Return a trial's id in Optuna's tables.

    :param connection: to the database.
    :param name: the study.
    :param number: the trial's number.
    :raises StudyNotFoundError: when there is no such study or trial.
    """
    query = select(tables.trials.c.trial_id).where(
        tables.trials.c.study_id == _study_id(connection, name), tables.trials.c.number == number
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise StudyNotFoundError(f"Study {name!r} has no trial {number}. Ask for it first, or correct the number.")
    return found


def record_of(connection: Connection, trial_id: int) -> TrialRecord:
    """Return one trial, as the connection's own transaction sees it.

    :param connection: to the database.
    :param trial_id: the trial's id in Optuna's tables.
    """
    row = connection.execute(select(tables.trials).where(tables.trials.c.trial_id == trial_id)).one()
    wanted = _Wanted(row.study_id, trial_id=trial_id)
    found = wanted.params(connection)[0], wanted.user_attrs(connection), wanted.values(connection)
    return _record(row, *(part.get(trial_id, {}) for part in found))


def _marked(connection: Connection, name: str, mark: str, value: Any = None) -> list[tuple[int, Any]]:
    """Return the trials that have an attribute, by number with its value; None for any value."""
    table = tables.trial_user_attributes
    joined = table.join(tables.trials, table.c.trial_id == tables.trials.c.trial_id)
    query = select(tables.trials.c.number, table.c.value_json).select_from(joined)
    query = query.where(tables.trials.c.study_id == _study_id(connection, name), table.c.key == mark)
    if value is not None:
        query = query.where(table.c.value_json == json.dumps(value))
    return [(number, json.loads(text)) for number, text in connection.execute(query)]


def _frozen(connection: Connection, wanted: _Wanted) -> Iterator[FrozenTrial]:
    rows = connection.execute(wanted.trials()).all()
    params, distributions = wanted.params(connection)
    values, reported = wanted.values(connection), wanted.intermediate_values(connection)
    user_attrs, system_attrs = wanted.user_attrs(connection), wanted.system_attrs(connection)
    for row in rows:
        key = row.trial_id
        invalid = marks.INVALID in user_attrs.get(key, {})
        objectives = None if invalid else values.get(key)
        yield FrozenTrial(
            number=row.number,
            trial_id=key,
            state=OptunaState.FAIL if invalid else OptunaState[row.state],
            value=None,
            values=[objectives[i] for i in sorted(objectives)] if objectives else None,
            datetime_start=_local(row.datetime_start),
            datetime_complete=_local(row.datetime_complete),
            params=params.get(key, {}),
            distributions=distributions.get(key, {}),
            user_attrs=user_attrs.get(key, {}),
            system_attrs=system_attrs.get(key, {}),
            intermediate_values=reported.get(key, {}),
        )


def _study(connection: Connection, name: str) -> StoredStudy | None:
    study_id = _find_id(connection, name)
    if study_id is None:
        return None
    table = tables.study_directions.c
    query = select(table.direction).where(table.study_id == study_id).order_by(table.objective)
    directions = [StudyDirection[direction] for direction in connection.execute(query).scalars()]
    user, system = (
        _study_attrs(connection, attrs, study_id)
        for attrs in (tables.study_user_attributes, tables.study_system_attributes)
    )
    return StoredStudy(study_id, name, directions, user, system)


def _study_attrs(connection: Connection, table: TableClause, study_id: int) -> dict[str, Any]:
    query = select(table.c.key, table.c.value_json).where(table.c.study_id == study_id)
    return {key: json.loads(text) for key, text in connection.execute(query)}


def _study_id(connection: Connection, name: str) -> int:
    found = _find_id(connection, name)
    return _missing(name) if found is None else found


def _find_id(connection: Connection, name: str) -> int | None:
    query = select(tables.studies.c.study_id).where(tables.studies.c.study_name == name)
    return connection.execute(query).scalar_one_or_none()


def _missing(name: str) -> Any:
    raise StudyNotFoundError(f"No study {name!r} is in the database. Run its start task first, or correct the name.")


def _numbers(connection: Connection, query: Select[Any]) -> Rows:
    result: Rows = defaultdict(dict)
    for trial_id, index, value, kind in connection.execute(query):
        result[trial_id][index] = restored(value, kind)
    return result


def _record(row: Row[Any], params: dict[str, Any], attrs: dict[str, Any], values: dict[int, float]) -> TrialRecord:
    invalid = attrs.get(marks.INVALID)
    return TrialRecord(
        number=row.number,
        state=TrialState[row.state] if invalid is None else TrialState.FAIL,
        params=params,
        value=values.get(0) if invalid is None else None,
        key=attrs.get(marks.KEY),
        origin=Origin(attrs.get(marks.ORIGIN, Origin.SAMPLER)),
        replaces=attrs.get(marks.REPLACES),
        seed=attrs.get(marks.SEED, 0),
        work=attrs.get(marks.WORK),
        metrics={k: float(v) for k, v in attrs.items() if ":" not in k and type(v) in (int, float)},
        started=row.datetime_start and row.datetime_start.replace(tzinfo=UTC),
        finished=row.datetime_complete and row.datetime_complete.replace(tzinfo=UTC),
        invalid=invalid,
    )


def _local(stored: datetime | None) -> datetime | None:
    """Optuna keeps naive UTC and hands out naive local time."""
    return stored and stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
