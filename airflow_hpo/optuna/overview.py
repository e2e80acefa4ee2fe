"""Counts and bests of many studies by a few statements, without reading their trials one by one."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from airflow_hpo.core.objective import Direction
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.distributions import decoded

MARKS = (attributes.REPLACES, attributes.INVALID, attributes.SOURCE, attributes.KNOWN)
"""By these a trial does not count, or another one does not."""
CANDIDATES = 25
"""Trials that are read at once in search of the best one that counts."""
PARAMETERS = 400
"""Numbers in one statement; databases take only so many."""

_TRIALS = tables.trials.c
_STUDIES = tables.studies.c
_ATTRS = tables.trial_user_attributes.c
_VALUES = tables.trial_values.c
_BY_STUDY = tables.trials.join(tables.studies, _TRIALS.study_id == _STUDIES.study_id)


@dataclass(slots=True)
class Overview:
    """Trials of a study that count, by state, as :func:`airflow_hpo.core.progress.own_trials` has them."""

    counts: dict[TrialState, int] = field(default_factory=lambda: defaultdict(int))
    total: int = 0
    first_started: datetime | None = None
    failed: set[int] = field(default_factory=set)
    """Numbers of those that failed and count."""
    no_best: set[int] = field(default_factory=set)
    """Numbers of those with a result that may not be the best."""

    @property
    def finished(self) -> int:
        """Trials that will not change any more."""
        return sum(number for state, number in self.counts.items() if state.finished)


def overviews(connection: Connection, names: Collection[str]) -> dict[str, Overview]:
    """Return what trials the studies of these names have; a study that is not there is left out."""
    found: dict[str, Overview] = {}
    columns = (_STUDIES.study_name, _TRIALS.state, func.count(), func.min(_TRIALS.datetime_start))
    grouped = select(*columns).select_from(_BY_STUDY).where(_STUDIES.study_name.in_(names))
    for name, state, count, started in connection.execute(grouped.group_by(_STUDIES.study_name, _TRIALS.state)):
        overview = found.setdefault(name, Overview())
        overview.counts[TrialState[state]] += count
        overview.total += count
        first = started.replace(tzinfo=UTC) if started else None
        overview.first_started = min(filter(None, (overview.first_started, first)), default=None)
    _note_failed(connection, found, _leave_out(connection, found))
    return found


def best_number(
    connection: Connection, name: str, direction: Direction, no_best: Collection[int], *, constrained: bool
) -> tuple[int, float] | None:
    """Return the number and value of the best trial that counts and is feasible, the earliest of equals; None without one."""
    order = _VALUES.value.asc() if direction is Direction.MINIMIZE else _VALUES.value.desc()
    query = (
        select(_TRIALS.trial_id, _TRIALS.number, _VALUES.value)
        .select_from(_BY_STUDY.join(tables.trial_values, _VALUES.trial_id == _TRIALS.trial_id))
        .where(_STUDIES.study_name == name, _TRIALS.state == TrialState.COMPLETE.name, _VALUES.objective == 0)
        .where(_VALUES.value_type == "FINITE")
        .order_by(order, _TRIALS.number)
        .limit(CANDIDATES)
    )
    for offset in range(0, 1_000_000, CANDIDATES):
        rows = connection.execute(query.offset(offset)).all()
        broken = _infeasible(connection, [row.trial_id for row in rows]) if constrained and rows else set()
        for trial_id, number, value in rows:
            if number not in no_best and trial_id not in broken:
                return number, value
        if len(rows) < CANDIDATES:
            return None
    return None


def params_of(connection: Connection, wanted: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Return the parameters of one trial of each study, by the study's name."""
    names = {trial_id: name for name, _, trial_id, _ in _found(connection, list(wanted.items()))}
    params = tables.trial_params.c
    query = select(params.trial_id, params.param_name, params.param_value, params.distribution_json)
    query = query.where(params.trial_id.in_(list(names))).order_by(params.param_id)
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for trial_id, parameter, value, text in connection.execute(query) if names else ():
        found[names[trial_id]][parameter] = decoded(text).to_external_repr(value)
    return found


def _leave_out(connection: Connection, found: Mapping[str, Overview]) -> dict[str, set[int]]:
    """Take from the counts what does not count, and return the numbers of those trials by study."""
    marks: dict[str, dict[str, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    query = (
        select(_STUDIES.study_name, _TRIALS.number, _ATTRS.key, _ATTRS.value_json)
        .select_from(_BY_STUDY.join(tables.trial_user_attributes, _ATTRS.trial_id == _TRIALS.trial_id))
        .where(_STUDIES.study_name.in_(list(found)), _ATTRS.key.in_(MARKS))
    )
    for name, number, key, text in connection.execute(query):
        marks[name][key][number] = json.loads(text)
    gone: dict[str, set[int]] = {}
    for name, by_key in marks.items():
        replaced = set(by_key[attributes.REPLACES].values())
        wrong, taken = replaced | set(by_key[attributes.INVALID]), set(by_key[attributes.SOURCE])
        gone[name] = wrong | taken
        found[name].no_best = wrong | (taken - set(by_key[attributes.KNOWN]))
    for name, _, _, state in _found(connection, [(name, number) for name, each in gone.items() for number in each]):
        found[name].counts[state] -= 1
    return gone


def _note_failed(connection: Connection, found: Mapping[str, Overview], gone: Mapping[str, set[int]]) -> None:
    names = [name for name, overview in found.items() if overview.counts[TrialState.FAIL]]
    query = select(_STUDIES.study_name, _TRIALS.number).select_from(_BY_STUDY)
    query = query.where(_STUDIES.study_name.in_(names), _TRIALS.state == TrialState.FAIL.name)
    for name, number in connection.execute(query) if names else ():
        if number not in gone.get(name, ()):
            found[name].failed.add(number)


def _found(connection: Connection, pairs: Collection[tuple[str, int]]) -> Iterator[tuple[str, int, int, TrialState]]:
    """Yield name, number, id and state of single trials of many studies.

    Names and numbers are asked for apart: not every database finds pairs by an index.
    """
    wanted = set(pairs)
    names, numbers = sorted({name for name, _ in wanted}), sorted({number for _, number in wanted})
    query = select(_STUDIES.study_name, _TRIALS.number, _TRIALS.trial_id, _TRIALS.state).select_from(_BY_STUDY)
    for first in range(0, len(numbers), PARAMETERS):
        some = _TRIALS.number.in_(numbers[first : first + PARAMETERS])
        for name, number, trial_id, state in connection.execute(query.where(_STUDIES.study_name.in_(names), some)):
            if (name, number) in wanted:
                yield name, number, trial_id, TrialState[state]


def _infeasible(connection: Connection, trial_ids: Collection[int]) -> set[int]:
    """Return the trials that break a constraint on metrics, as it was written for Optuna."""
    attrs = tables.trial_system_attributes.c
    query = select(attrs.trial_id, attrs.value_json).where(
        attrs.trial_id.in_(trial_ids), attrs.key.startswith(attributes.CONSTRAINT)
    )
    return {trial_id for trial_id, text in connection.execute(query) if json.loads(text) > 0}
