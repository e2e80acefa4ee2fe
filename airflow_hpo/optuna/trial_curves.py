"""Curves of some trials of a study: the intermediate values of those that are named, or of the best ones."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select

from airflow_hpo.core.objective import Direction
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.nonfinite import restored
from airflow_hpo.optuna.read import find_id
from airflow_hpo.optuna.trial_columns import related_of


def curves_of(connection: Connection, name: str, numbers: Collection[int]) -> dict[int, dict[int, float]]:
    """Return the intermediate values of some trials by number and step, both rising; trials without any are left out."""
    study_id = find_id(connection, name)
    found: dict[int, dict[int, float]] = {}
    for number, step, value, kind in connection.execute(_CURVES, {"study_id": study_id, "numbers": sorted(numbers)}):
        found.setdefault(number, {})[step] = restored(value, kind)
    return found


def best_of(connection: Connection, name: str, direction: Direction, limit: int) -> Sequence[int]:
    """Return the numbers of the trials with the best values, the best first; those that count no longer are left out."""
    study_id = find_id(connection, name)
    given = {"study_id": study_id, "complete": "COMPLETE", "finite": "FINITE"}
    related = related_of(connection, study_id)
    gone = {*related.get(attributes.REPLACES, {}).values(), *related.get(attributes.INVALID, {})}
    order = _VALUES.value if direction is Direction.MINIMIZE else _VALUES.value.desc()
    ranked = connection.scalars(_RANKED.order_by(order, _TRIALS.number).limit(limit + len(gone)), given)
    return [number for number in ranked if number not in gone][:limit]


_TRIALS, _VALUES, _REPORTED = tables.trials.c, tables.trial_values.c, tables.trial_intermediate_values.c
_OURS = _TRIALS.study_id == bindparam("study_id")
_CURVES = (
    select(_TRIALS.number, _REPORTED.step, _REPORTED.intermediate_value, _REPORTED.intermediate_value_type)
    .select_from(tables.trial_intermediate_values.join(tables.trials, _REPORTED.trial_id == _TRIALS.trial_id))
    .where(_OURS, _TRIALS.number.in_(bindparam("numbers", expanding=True)))
    .order_by(_TRIALS.number, _REPORTED.step)
)
_RANKED = (
    select(_TRIALS.number)
    .select_from(tables.trial_values.join(tables.trials, _VALUES.trial_id == _TRIALS.trial_id))
    .where(_OURS, _VALUES.objective == 0, _VALUES.value_type == bindparam("finite"))
    .where(_TRIALS.state == bindparam("complete"))
)
