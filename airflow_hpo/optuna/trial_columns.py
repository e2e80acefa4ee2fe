"""Columns of a study's trials, for tables and charts of ten thousand: numbers and texts, without an object for each trial."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from optuna.distributions import CategoricalDistribution, IntDistribution
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.distributions import decoded
from airflow_hpo.optuna.nonfinite import restored
from airflow_hpo.optuna.read import find_id

TOLD = (attributes.KEY, attributes.ORIGIN, attributes.SOURCE)
"""What tables show of a trial's attributes."""
RELATED = (attributes.REPLACES, attributes.INVALID)
"""Attributes that change what an earlier trial counts for."""
LAST_ID = 2**31 - 1
"""The largest id that Optuna's tables can have."""
EPOCH = datetime(1970, 1, 1)
PART = 300
"""Rows that are fetched at once: more than Python's garbage collector looks at the second time only, and it walks through all of
them again and again."""


@dataclass(frozen=True, slots=True)
class TrialColumns:
    """Trials of a study from a number on, each column in the order of their numbers; without a study none."""

    total: int
    """How many trials the study has."""
    number: list[int]
    state: list[TrialState]
    """As Optuna keeps it: of a trial with a result that was taken back it is the one that it had."""
    value: list[float | None]
    """May be infinite where another program than this package told it."""
    started: list[float | None]
    """In seconds since 1970."""
    finished: list[float | None]
    params: Mapping[str, list[Any]]
    """Columns by name; None for a trial without the parameter."""
    key: Mapping[int, str]
    """What trials were asked for, by number; the same for the two that follow."""
    origin: Mapping[int, Origin]
    source: Mapping[int, str]
    replaces: Mapping[int, int]
    """Which trial each of the study's trials runs again, whatever its number."""
    invalid: Mapping[int, str]
    """Why each result of the study was taken back, whatever its number."""


NO_TRIALS = TrialColumns(0, [], [], [], [], [], {}, {}, {}, {}, {}, {})


def columns_of(connection: Connection, name: str, since: int = 0) -> TrialColumns:
    """Return the trials of a study from a number on."""
    study_id = find_id(connection, name)
    if study_id is None:
        return NO_TRIALS
    given: dict[str, int | None] = {"study_id": study_id, "since": since}
    # Ids rise with numbers, and are what the index of the study has.
    first = connection.execute(_FIRST, given).scalar_one() if since else 0
    given["first"] = LAST_ID if first is None else first
    trials = connection.execute(_TRIALS, given).all()
    places = {row.trial_id: place for place, row in enumerate(trials)}
    told = _by_key(_rows(connection, _TOLD, given))
    related = related_of(connection, study_id)
    return TrialColumns(
        total=connection.execute(_TOTAL, given).scalar_one(),
        number=[row.number for row in trials],
        state=[TrialState[row.state] for row in trials],
        value=_values(_rows(connection, _VALUES, given), places),
        started=[_seconds(row.datetime_start) for row in trials],
        finished=[_seconds(row.datetime_complete) for row in trials],
        params=_params(_rows(connection, _PARAMS, given), places),
        key=told.get(attributes.KEY, {}),
        origin={number: Origin(text) for number, text in told.get(attributes.ORIGIN, {}).items()},
        source=told.get(attributes.SOURCE, {}),
        replaces=related.get(attributes.REPLACES, {}),
        invalid=related.get(attributes.INVALID, {}),
    )


def related_of(connection: Connection, study_id: int | None) -> dict[str, dict[int, Any]]:
    """Return which trials of a study replace others, and which were taken back, by the name of the attribute and the number."""
    return _by_key(_rows(connection, _RELATED, {"study_id": study_id}))


def _rows(connection: Connection, statement: Select[Any], given: Mapping[str, int | None]) -> Iterator[Any]:
    for part in connection.execute(statement, given).partitions(PART):
        yield from part


def _seconds(stored: datetime | None) -> float | None:
    """Optuna keeps naive UTC."""
    return None if stored is None else round((stored - EPOCH).total_seconds(), 1)


def _values(rows: Iterable[Any], places: Mapping[int, int]) -> list[float | None]:
    column: list[float | None] = [None] * len(places)
    for trial_id, value, kind in rows:
        if trial_id in places:
            column[places[trial_id]] = restored(value, kind)
    return column


def _params(rows: Iterable[Any], places: Mapping[int, int]) -> dict[str, list[Any]]:
    """Return the columns of the parameters; a distribution is decoded once for all values that follow each other."""
    columns: dict[str, list[Any]] = {}
    known: dict[str, tuple[str, list[Any], Callable[[float], Any]]] = {}
    for trial_id, name, value, text in rows:
        if trial_id not in places:
            continue  # MySQL shows what was committed since the trials were read
        found = known.get(name)
        if found is None or found[0] != text:
            if name not in columns:
                columns[name] = [None] * len(places)
            found = known[name] = (text, columns[name], _reader(text))
        found[1][places[trial_id]] = found[2](value)
    return columns


def _reader(text: str) -> Callable[[float], Any]:
    """Return what makes a parameter's value of the number that is stored; a method of Optuna's own takes several times as long."""
    distribution = decoded(text)
    if isinstance(distribution, CategoricalDistribution):
        choices = distribution.choices
        return lambda value: choices[int(value)]
    return int if isinstance(distribution, IntDistribution) else float


def _by_key(rows: Iterable[Any]) -> dict[str, dict[int, Any]]:
    found: dict[str, dict[int, Any]] = {}
    for number, key, text in rows:
        found.setdefault(key, {})[number] = _plain(text)
    return found


def _plain(text: str) -> Any:
    # Most are short texts without anything that JSON escapes.
    return text[1:-1] if text[:1] == '"' and "\\" not in text else json.loads(text)


# Statements are made once: SQLAlchemy takes longer to put one together than a database to answer it.

_COLUMNS = tables.trials.c
_OURS = _COLUMNS.study_id == bindparam("study_id")
_FIRST = select(func.min(_COLUMNS.trial_id)).where(_OURS, _COLUMNS.number >= bindparam("since"))
_WANTED = _OURS & (_COLUMNS.trial_id >= bindparam("first"))
_TRIALS = (
    select(_COLUMNS.trial_id, _COLUMNS.number, _COLUMNS.state, _COLUMNS.datetime_start, _COLUMNS.datetime_complete)
    .where(_WANTED, _COLUMNS.number >= bindparam("since"))
    .order_by(_COLUMNS.number)
)
_TOTAL = select(func.count()).select_from(tables.trials).where(_OURS)


def _of_trials(table: TableClause, names: Sequence[str], which: ColumnElement[bool]) -> Select[Any]:
    joined = table.join(tables.trials, table.c.trial_id == _COLUMNS.trial_id)
    return select(*(table.c[name] for name in names)).select_from(joined).where(which)


_OBJECTIVE = tables.trial_values.c.objective == 0
_VALUES = _of_trials(tables.trial_values, ("trial_id", "value", "value_type"), _WANTED & _OBJECTIVE)
_PARAMS = _of_trials(tables.trial_params, ("trial_id", "param_name", "param_value", "distribution_json"), _WANTED)
_ATTRS = tables.trial_user_attributes.c


def _attributes(keys: Sequence[str], which: ColumnElement[bool]) -> Select[Any]:
    named = _of_trials(tables.trial_user_attributes, ("key", "value_json"), which & _ATTRS.key.in_(keys))
    return named.with_only_columns(_COLUMNS.number, _ATTRS.key, _ATTRS.value_json)


_TOLD = _attributes(TOLD, _WANTED)
_RELATED = _attributes(RELATED, _OURS)
