"""Rows of Optuna's tables: of a study's trials, or of one."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select
from sqlalchemy.sql.expression import TableClause

from airflow_hpo.optuna import tables
from airflow_hpo.optuna.distributions import decoded
from airflow_hpo.optuna.nonfinite import restored

Rows = dict[int, dict[Any, Any]]
"""For each trial's id, values by name."""


@dataclass(frozen=True, slots=True)
class TrialRows:
    """Reads trials: all of a study, those from a number on, or one."""

    study_id: int
    since: int = 0
    trial_id: int | None = None

    def trials(self, connection: Connection) -> Sequence[Row[Any]]:
        """Return the trials themselves, by number."""
        return connection.execute(_trials(self._which), self._given).all()

    def params(self, connection: Connection) -> tuple[Rows, Rows]:
        """Return the parameters' values, and their distributions, by name."""
        values: Rows = defaultdict(dict)
        distributions: Rows = defaultdict(dict)
        columns = "param_name", "param_value", "distribution_json"
        for trial_id, name, value, text in self._rows(connection, tables.trial_params, "param_id", columns):
            distribution = decoded(text)
            values[trial_id][name] = distribution.to_external_repr(value)
            distributions[trial_id][name] = distribution
        return values, distributions

    def values(self, connection: Connection) -> Rows:
        """Return the objectives by index."""
        columns = "objective", "value", "value_type"
        return _numbers(self._rows(connection, tables.trial_values, "trial_value_id", columns))

    def intermediate_values(self, connection: Connection) -> Rows:
        """Return what was reported, by step."""
        table, columns = tables.trial_intermediate_values, ("step", "intermediate_value", "intermediate_value_type")
        return _numbers(self._rows(connection, table, "trial_intermediate_value_id", columns))

    def user_attrs(self, connection: Connection, keys: tuple[str, ...] | None = None) -> Rows:
        """Return attributes by name."""
        return self._attrs(connection, tables.trial_user_attributes, "trial_user_attribute_id", keys)

    def system_attrs(self, connection: Connection, keys: tuple[str, ...] | None = None) -> Rows:
        """Return Optuna's own attributes by name."""
        return self._attrs(connection, tables.trial_system_attributes, "trial_system_attribute_id", keys)

    def _attrs(self, connection: Connection, table: TableClause, order: str, keys: tuple[str, ...] | None) -> Rows:
        result: Rows = defaultdict(dict)
        for trial_id, key, text in self._rows(connection, table, order, ("key", "value_json"), keys):
            result[trial_id][key] = json.loads(text)
        return result

    def _rows(
        self,
        connection: Connection,
        table: TableClause,
        order: str,
        columns: tuple[str, ...],
        keys: tuple[str, ...] | None = None,
    ) -> Iterable[Any]:
        return connection.execute(_rows_of(table, order, columns, keys, self._which), self._given)

    @property
    def _which(self) -> tuple[str, ...]:
        return tuple(name for name in ("since", "trial_id") if name in self._given)

    @property
    def _given(self) -> dict[str, int]:
        given = {"study_id": self.study_id, "since": self.since or None, "trial_id": self.trial_id}
        return {name: value for name, value in given.items() if value is not None}


# Statements are made once: SQLAlchemy takes longer to put one together than a database to answer it.


@lru_cache(maxsize=64)
def _trials(which: tuple[str, ...]) -> Select[Any]:
    return select(tables.trials).where(*_conditions(which)).order_by(tables.trials.c.number)


@lru_cache(maxsize=64)
def _rows_of(
    table: TableClause, order: str, columns: tuple[str, ...], keys: tuple[str, ...] | None, which: tuple[str, ...]
) -> Select[Any]:
    joined = table.join(tables.trials, table.c.trial_id == tables.trials.c.trial_id)
    query = select(table.c.trial_id, *(table.c[name] for name in columns)).select_from(joined)
    query = query.where(*_conditions(which)).order_by(table.c[order])
    return query if keys is None else query.where(table.c.key.in_(keys))


def _conditions(which: tuple[str, ...]) -> list[ColumnElement[bool]]:
    trials = tables.trials.c
    chosen = {"since": trials.number >= bindparam("since"), "trial_id": trials.trial_id == bindparam("trial_id")}
    return [trials.study_id == bindparam("study_id"), *(chosen[name] for name in which)]


def _numbers(rows: Iterable[Any]) -> Rows:
    result: Rows = defaultdict(dict)
    for trial_id, index, value, kind in rows:
        result[trial_id][index] = restored(value, kind)
    return result
