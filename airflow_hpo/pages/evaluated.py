"""Results of evaluations, read flat: every candidate under every scenario, variant and replicate, once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.evaluation import KEYS, Plan
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.storage.tables import AttemptRow, EditionRow, EvaluationRow

_BROKEN = "It failed, and why was not kept."

Key = tuple[str, str, str, int]
"""Candidate, scenario, variant and replicate."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One evaluation; a rerun stands in place of what it replaces."""

    number: int
    value: float | None
    reason: str | None
    """Why it has no value."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One evaluation edition with its plan and results."""

    id: int
    name: str
    plan: Plan
    cells: Mapping[Key, Cell]


def evaluated(session: Session, names: Sequence[str]) -> list[Evaluated]:
    """Return those of some evaluations that are there, in their order."""
    joined = select(EditionRow.id, EditionRow.name, EvaluationRow.plan).join(
        EvaluationRow, EvaluationRow.edition_id == EditionRow.id
    )
    rows = {name: (number, plan) for number, name, plan in session.execute(joined.where(EditionRow.name.in_(names)))}
    known = [(name, *rows[name]) for name in names if name in rows]
    return [
        Evaluated(number, name, Plan.from_dict(json.loads(plan)), _cells(session, number, name))
        for name, number, plan in known
    ]


def _cells(session: Session, edition_id: int, name: str) -> dict[Key, Cell]:
    study = session.scalar(select(tables.studies.c.study_id).where(tables.studies.c.study_name == name))
    if study is None:
        return {}
    values = {number: (state, value) for number, state, value in session.execute(_values(study))}
    marks = _marks(session, study)
    replaced = {each[attributes.REPLACES] for each in marks.values() if attributes.REPLACES in each}
    keys = _keys(session, study)
    missing = [number for number, (state, value) in values.items() if state != TrialState.COMPLETE.name]
    reasons = _reasons(session, edition_id, missing)
    found: dict[Key, Cell] = {}
    for number in sorted(keys.keys() - replaced):
        state, value = values[number]
        taken_back = marks.get(number, {}).get(attributes.INVALID)
        counts = state == TrialState.COMPLETE.name and not taken_back
        found[keys[number]] = Cell(
            number, value if counts else None, None if counts else taken_back or _why(state, reasons.get(number))
        )
    return found


def _why(state: str, reason: str | None) -> str:
    if state in (TrialState.RUNNING.name, TrialState.WAITING.name):
        return "It has not ended."
    return reason or _BROKEN


def _keys(session: Session, study: int) -> dict[int, Key]:
    """Return what each trial evaluates; a trial without all of its names is none of the plan."""
    params: dict[int, dict[str, Any]] = {}
    for number, name, value, distribution in session.execute(_params(study)):
        choices = _choices(distribution)
        params.setdefault(number, {})[name] = int(value) if choices is None else choices[int(value)]
    return {
        number: (point["candidate"], point["scenario"], point["variant"], point["replicate"])
        for number, point in params.items()
        if set(KEYS) <= point.keys()
    }


@lru_cache(maxsize=256)
def _choices(distribution: str) -> tuple[Any, ...] | None:
    """Return the choices of a categorical distribution as Optuna writes it down; None of another one."""
    choices = json.loads(distribution)["attributes"].get("choices")
    return None if choices is None else tuple(choices)


def _marks(session: Session, study: int) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, key, text in session.execute(_attributes(study)):
        found.setdefault(number, {})[key] = json.loads(text)
    return found


def _reasons(session: Session, edition_id: int, numbers: Iterable[int]) -> dict[int, str]:
    """Return why the last attempts of some trials failed."""
    wanted = set(numbers)
    if not wanted:
        return {}
    rows = select(AttemptRow.number, AttemptRow.reason).where(AttemptRow.edition_id == edition_id)
    found = session.execute(rows.order_by(AttemptRow.number, AttemptRow.attempt))
    return {number: reason for number, reason in found if number in wanted and reason}


def _values(study: int) -> Select[Any]:
    trials, values = tables.trials, tables.trial_values
    joined = trials.outerjoin(values, values.c.trial_id == trials.c.trial_id)
    wanted = select(trials.c.number, trials.c.state, values.c.value).select_from(joined)
    return wanted.where(trials.c.study_id == study).order_by(trials.c.number)


def _params(study: int) -> Select[Any]:
    trials, params = tables.trials, tables.trial_params
    joined = trials.join(params, params.c.trial_id == trials.c.trial_id)
    columns = trials.c.number, params.c.param_name, params.c.param_value, params.c.distribution_json
    return select(*columns).select_from(joined).where(trials.c.study_id == study)


def _attributes(study: int) -> Select[Any]:
    trials, attrs = tables.trials, tables.trial_user_attributes
    joined = trials.join(attrs, attrs.c.trial_id == trials.c.trial_id)
    wanted = select(trials.c.number, attrs.c.key, attrs.c.value_json).select_from(joined)
    keys = attrs.c.key.in_((attributes.REPLACES, attributes.INVALID))
    return wanted.where(trials.c.study_id == study, keys)
