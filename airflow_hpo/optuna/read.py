"""Reader of studies with a few flat selects: ten thousand trials in well under a second, where Optuna's ORM takes many."""

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.core.known import Known
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.purge import deleted_elsewhere
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.core.trial_key import edition_and_number
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.optuna import attributes, delete, tables
from airflow_hpo.optuna.nonfinite import restored
from airflow_hpo.optuna.trial_rows import TrialRows
from airflow_hpo.storage import editions, purges
from airflow_hpo.storage.database import Database

BRIEF = (
    attributes.KEY,
    attributes.ORIGIN,
    attributes.REPLACES,
    attributes.INVALID,
    attributes.PART_OF,
    attributes.SOURCE,
    attributes.KNOWN,
)
"""What progress needs of a trial's attributes."""


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """A study without its trials."""

    id: int
    name: str
    directions: list[StudyDirection]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]


class StudyReader:
    """Reads what Optuna stores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> StoredStudy | None:
        """Return a study; None when there is none of that name."""
        with self._database.transaction(read_only=True) as connection:
            return _study(connection, name)

    def study(self, name: str) -> StoredStudy:
        """Return a study."""
        with self._database.transaction(read_only=True) as connection:
            return _study(connection, name) or _missing(connection, name)

    def records(self, name: str, *, details: bool = True) -> list[TrialRecord]:
        """Return all trials of a study by number."""
        with self._database.transaction(read_only=True) as connection:
            return records_of(connection, study_id(connection, name), details=details)

    def record(self, name: str, number: int) -> TrialRecord:
        """Return one trial."""
        with self._database.transaction(read_only=True) as connection:
            return record_of(connection, trial_id(connection, name, number))

    def parts(self, name: str, number: int) -> list[TrialRecord]:
        """Return the simulations of one trial by number, from the study that has those of all trials."""
        with self._database.transaction(read_only=True) as connection:
            given = {"study_id": study_id(connection, name), "key": attributes.PART_OF, "text": json.dumps(number)}
            return [record_of(connection, trial_id) for trial_id in connection.scalars(_IDS_WITH_VALUE, given).all()]

    def numbers_by_key(self, name: str, keys: Iterable[str]) -> dict[str, int]:
        """Return the numbers of the trials that were asked for by some keys; of one key the lowest."""
        with self._database.transaction(read_only=True) as connection:
            texts = [json.dumps(key) for key in keys]
            given = {"study_id": study_id(connection, name), "key": attributes.KEY, "texts": texts}
            found = connection.execute(_WITH_VALUES, given)
            return {json.loads(text): number for number, text in sorted(found, reverse=True)}

    def number_of(self, name: str, key: str) -> int | None:
        """Return the number of the trial that was asked for by a key; None when none was."""
        with self._database.transaction(read_only=True) as connection:
            return min(
                (number for number, _ in _with_attribute(connection, study_id(connection, name), attributes.KEY, key)),
                default=None,
            )

    def keys(self, name: str) -> frozenset[str]:
        """Return the keys by which the trials of a study were asked for."""
        with self._database.transaction(read_only=True) as connection:
            return frozenset(key for _, key in _with_attribute(connection, study_id(connection, name), attributes.KEY))

    def replacements(self, name: str) -> dict[int, int]:
        """Return which trial ran another one again: the lowest such number by the number of the one it replaces."""
        with self._database.transaction(read_only=True) as connection:
            found = _with_attribute(connection, study_id(connection, name), attributes.REPLACES)
            return {replaced: number for number, replaced in sorted(found, reverse=True)}

    def sources(self) -> dict[str, set[int]]:
        """Return the numbers of the trials that later editions took results from, by edition."""
        with self._database.transaction(read_only=True) as connection:
            found: dict[str, set[int]] = {}
            for text in connection.scalars(_SOURCES):
                edition, number = edition_and_number(json.loads(text))
                found.setdefault(edition, set()).add(number)
            return found

    def data_until(self, name: str) -> datetime | None:
        """Return the end of the data that an edition may know; None where it is not known."""
        with self._database.transaction(read_only=True) as connection, Session(connection) as session:
            edition = editions.find_one(session, name)
            return edition.data_until if edition else None

    def numbers(self, name: str) -> list[int]:
        """Return the numbers of all trials; none when there is no study of that name."""
        with self._database.transaction(read_only=True) as connection:
            found = find_id(connection, name)
            return [] if found is None else [row.number for row in TrialRows(found).trials(connection)]

    def intermediate_by_trial(self, name: str) -> dict[int, int]:
        """Return how many intermediate values each trial has, by its number; trials without any are left out."""
        with self._database.transaction(read_only=True) as connection:
            return delete.intermediate_by_trial(connection, study_id(connection, name))

    def snapshot(self, name: str) -> tuple[StoredStudy, list[FrozenTrial]]:
        """Return a study and its trials by number, as Optuna's samplers and pruners take them."""
        stored, trials, _ = self.changes_since(name, since=0)
        return stored, counted(trials)

    def changes_since(self, name: str, since: int) -> tuple[StoredStudy, list[FrozenTrial], set[int]]:
        """Return a study, its later trials as they are stored, and the numbers of earlier ones that were taken back."""
        with self._database.transaction(read_only=True) as connection:
            study = _study(connection, name) or _missing(connection, name)
            trials = list(_frozen(connection, TrialRows(study.id, since=since)))
            invalid = _with_attribute(connection, study.id, attributes.INVALID) if since else []
            return study, trials, {number for number, _ in invalid if number < since}


_STUDY_ID = select(tables.studies.c.study_id).where(tables.studies.c.study_name == bindparam("name"))
_TRIAL_ID = (
    select(tables.trials.c.trial_id)
    .select_from(tables.trials.join(tables.studies, tables.trials.c.study_id == tables.studies.c.study_id))
    .where(tables.studies.c.study_name == bindparam("name"), tables.trials.c.number == bindparam("number"))
)
_STUDY_ATTRS = tables.study_user_attributes.c
_LIMITS = select(_STUDY_ATTRS.value_json).where(
    _STUDY_ATTRS.study_id == bindparam("study_id"), _STUDY_ATTRS.key == attributes.LIMITS
)
_LIMITS_BY_NAME = (
    select(_STUDY_ATTRS.value_json)
    .select_from(tables.study_user_attributes.join(tables.studies, _STUDY_ATTRS.study_id == tables.studies.c.study_id))
    .where(tables.studies.c.study_name == bindparam("name"), _STUDY_ATTRS.key == attributes.LIMITS)
)
_RESULTS = (OptunaState.COMPLETE, OptunaState.PRUNED)
_VALUES = tables.trial_values.c
_TRIAL = (
    select(tables.trials, _VALUES.value, _VALUES.value_type)
    .outerjoin(tables.trial_values, (_VALUES.trial_id == tables.trials.c.trial_id) & (_VALUES.objective == 0))
    .where(tables.trials.c.trial_id == bindparam("trial_id"))
)
_ATTRS = tables.trial_user_attributes.c
_WITH_ATTRIBUTE = (
    select(tables.trials.c.number, _ATTRS.value_json)
    .select_from(tables.trial_user_attributes.join(tables.trials, _ATTRS.trial_id == tables.trials.c.trial_id))
    .where(tables.trials.c.study_id == bindparam("study_id"), _ATTRS.key == bindparam("key"))
)
_SOURCES = select(_ATTRS.value_json).where(_ATTRS.key == attributes.SOURCE).distinct()
_WITH_VALUE = _WITH_ATTRIBUTE.where(_ATTRS.value_json == bindparam("text"))
_WITH_VALUES = _WITH_ATTRIBUTE.where(_ATTRS.value_json.in_(bindparam("texts", expanding=True)))
_IDS_WITH_VALUE = _WITH_VALUE.with_only_columns(_ATTRS.trial_id).order_by(tables.trials.c.number)


def trial_id(connection: Connection, name: str, number: int) -> int:
    """Return a trial's id in Optuna's tables."""
    found: int | None = connection.execute(_TRIAL_ID, {"name": name, "number": number}).scalar_one_or_none()
    if found is None:
        study_id(connection, name)
        with Session(connection) as session:
            purges.refuse_purged(session, name)
        raise StudyNotFoundError(f"Study {name!r} has no trial {number}. Ask for it first, or correct the number.")
    return found


def records_of(connection: Connection, study_id: int, *, details: bool = True) -> list[TrialRecord]:
    """Return all trials of a study by number; without details those metrics alone that decide whether a trial counts."""
    wanted = TrialRows(study_id)
    rows = wanted.trials(connection)
    params = wanted.params(connection)[0] if details else {}
    limited = () if details else (one.metric for one in constraints_on_metrics(connection, study_id))
    attrs = wanted.user_attrs(connection, None if details else (*BRIEF, *limited))
    values = wanted.values(connection)
    return [_row_record(row, *(found.get(row.trial_id, {}) for found in (params, attrs, values))) for row in rows]


def constraints_on_metrics(connection: Connection, study_id: int) -> list[MetricConstraint]:
    """Return the constraints by which the trials of a study are judged when they have ended."""
    return _constraints(connection.execute(_LIMITS, {"study_id": study_id}).scalar_one_or_none())


def constraints_of_named(connection: Connection, name: str) -> list[MetricConstraint]:
    """Return those of the study of a name, by one statement, as every result asks for them."""
    return _constraints(connection.execute(_LIMITS_BY_NAME, {"name": name}).scalar_one_or_none())


def _constraints(text: str | None) -> list[MetricConstraint]:
    return [MetricConstraint.from_dict(each) for each in json.loads(text)] if text else []


def record_of(connection: Connection, trial_id: int) -> TrialRecord:
    """Return one trial, as the connection's own transaction sees it."""
    row = connection.execute(_TRIAL, {"trial_id": trial_id}).one()
    wanted = TrialRows(row.study_id, trial_id=trial_id)
    params, attrs = (found.get(trial_id, {}) for found in (wanted.params(connection)[0], wanted.user_attrs(connection)))
    values = {0: restored(row.value, row.value_type)} if row.value_type else {}
    return _row_record(row, params, attrs, values)


def _with_attribute(connection: Connection, study_id: int, key: str, value: Any = None) -> list[tuple[int, Any]]:
    """Return the trials that have an attribute, by number with its value; None for any value."""
    query = _WITH_ATTRIBUTE if value is None else _WITH_VALUE
    found = connection.execute(query, {"study_id": study_id, "key": key, "text": json.dumps(value)})
    return [(number, json.loads(text)) for number, text in found]


def _frozen(connection: Connection, wanted: TrialRows) -> Iterator[FrozenTrial]:
    rows = wanted.trials(connection)
    params, distributions = wanted.params(connection)
    values, reported = wanted.values(connection), wanted.intermediate_values(connection)
    user_attrs, system_attrs = wanted.user_attrs(connection), wanted.system_attrs(connection)
    for row in rows:
        key = row.trial_id
        # Within a lock's transaction each statement sees what was committed before it: a trial may have ended since its row was read.
        objectives = values.get(key) if OptunaState[row.state].is_finished() else None
        yield FrozenTrial(
            number=row.number,
            trial_id=key,
            state=OptunaState[row.state],
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


def counted(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return a study's trials as samplers and pruners take them: no result that was taken back or replaced is among them."""
    trials = list(trials)
    replaced = {trial.user_attrs.get(attributes.REPLACES) for trial in trials}
    gone = [t.number in replaced or attributes.INVALID in t.user_attrs for t in trials]
    return [without_result(t) if g and t.state in _RESULTS else t for t, g in zip(trials, gone, strict=True)]


def without_result(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial as samplers and pruners take one that has none."""
    found = copy(trial)
    found.state, found.values = OptunaState.FAIL, None
    # Pruners compare the rungs of trials in any state, and a sampler that sees one constraint asks every trial for it.
    hidden = attributes.RUNG, attributes.INFEASIBLE, attributes.REPLACED
    found.system_attrs = {name: value for name, value in trial.system_attrs.items() if not name.startswith(hidden)}
    return found


def as_record(trial: FrozenTrial) -> TrialRecord:
    """Return a trial that has been read already as the rest of the package knows it."""
    started, finished = (
        moment and moment.astimezone(UTC) for moment in (trial.datetime_start, trial.datetime_complete)
    )
    value = trial.values[0] if trial.values else None
    return _record(trial.number, trial.state.name, trial.params, trial.user_attrs, value, started, finished)


def latest_of(number: int, replacements: Mapping[int, int]) -> int:
    """Return the last of the trials that ran a trial again one after another, or the trial itself."""
    while number in replacements:
        number = replacements[number]
    return number


def _study(connection: Connection, name: str) -> StoredStudy | None:
    study_id = find_id(connection, name)
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


def study_id(connection: Connection, name: str) -> int:
    """Return a study's id in Optuna's tables."""
    found = find_id(connection, name)
    return _missing(connection, name) if found is None else found


def find_id(connection: Connection, name: str) -> int | None:
    """Return the same; None when there is no study of that name."""
    return connection.execute(_STUDY_ID, {"name": name}).scalar_one_or_none()


def _missing(connection: Connection, name: str) -> Any:
    with Session(connection) as session:
        purges.refuse_purged(session, name)
        opened = editions.find_one(session, name) is not None
    raise StudyNotFoundError(
        deleted_elsewhere(name)
        if opened
        else f"No study {name!r} is in the database. Run its start task first, or correct the name."
    )


def _row_record(row: Row[Any], params: dict[str, Any], attrs: dict[str, Any], values: dict[int, float]) -> TrialRecord:
    started, finished = (
        moment and moment.replace(tzinfo=UTC) for moment in (row.datetime_start, row.datetime_complete)
    )
    return _record(row.number, row.state, params, attrs, values.get(0), started, finished)


def _record(
    number: int,
    state: str,
    params: dict[str, Any],
    attrs: dict[str, Any],
    value: float | None,
    started: datetime | None,
    finished: datetime | None,
) -> TrialRecord:
    invalid = attrs.get(attributes.INVALID)
    return TrialRecord(
        number=number,
        state=TrialState[state] if invalid is None else TrialState.FAIL,
        params=params,
        value=value if invalid is None else None,
        key=attrs.get(attributes.KEY),
        origin=Origin(attrs.get(attributes.ORIGIN, Origin.SAMPLER)),
        replaces=attrs.get(attributes.REPLACES),
        seed=attrs.get(attributes.SEED, 0),
        work=attrs.get(attributes.WORK),
        metrics={k: float(v) for k, v in attrs.items() if ":" not in k and type(v) in (int, float)},
        started=started,
        finished=finished,
        invalid=invalid,
        part_of=attrs.get(attributes.PART_OF),
        source=attrs.get(attributes.SOURCE),
        known=Known.of(attrs[attributes.SOURCE], attrs[attributes.KNOWN]) if attributes.KNOWN in attrs else None,
    )


def _local(stored: datetime | None) -> datetime | None:
    """Optuna keeps naive UTC and hands out naive local time."""
    return stored and stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
