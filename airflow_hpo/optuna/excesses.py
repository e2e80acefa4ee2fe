"""Excesses over the constraints on metrics: on the copy that a sampler is shown, and on the trials in Optuna's own tables.

Optuna refuses attributes on a trial that has ended, and the limit of a constraint may be known only later, when the champion's trial
ends. So they are written by our own statements, for ``optuna.load_study`` to find the same best trial.
"""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from optuna.trial import FrozenTrial
from sqlalchemy import Connection, delete

from airflow_hpo.core.advice import CONSTRAINED
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.study import Study
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.read import as_record, constraints_of_named, constraints_on_metrics, records_of, study_id
from airflow_hpo.optuna.trial_rows import TrialRows
from airflow_hpo.optuna.write import LockedTrial, add_attributes

UNKNOWN = 1.0
"""Excess of a complete trial without the metric: Optuna would take one without any excess for feasible."""


def seen(study: Study, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    """Return the trials as a sampler sees them, judged by what is known now and not by what was written to them."""
    if not study.metric_constraints or study.sampler.name not in CONSTRAINED:
        return trials
    records = [as_record(trial) for trial in trials]
    limits = Limits.of(study.metric_constraints, records)
    excesses = [limits.excesses(record) for record in records]
    worst = {one.text: _worst([each.get(one.text, 0.0) for each in excesses]) for one in study.metric_constraints}
    return [_with(trial, each, worst) for trial, each in zip(trials, excesses, strict=True)]


def typical(study: Study, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Return what a point that was never run is shown with: every trial has as many constraints for a Gaussian process."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        for name, value in trial.system_attrs.items():
            if name.startswith(attributes.CONSTRAINT):
                found.setdefault(name, []).append(value)
    texts = (f"{attributes.CONSTRAINT}{one.text}" for one in study.metric_constraints)
    return {name: sorted(found[name])[len(found[name]) // 2] for name in texts if name in found}


def note(trial: LockedTrial, name: str) -> None:
    """Write the excesses of a trial that the same transaction tells."""
    constraints = constraints_of_named(trial.connection, name)
    if not constraints:
        return
    relative = any(one.relative for one in constraints)
    known = records_of(trial.connection, study_id(trial.connection, name), details=False) if relative else []
    trial.note(_attributes(Limits.of(constraints, known).excesses(trial.record())), system=True)


def update(connection: Connection, name: str) -> None:
    """Judge all trials that have ended by what is known now; only the study's holder may call it.

    What is written already is read again each time: a process that kept it would be ahead of a commit that failed.
    """
    found = study_id(connection, name)
    constraints = constraints_on_metrics(connection, found)
    if not constraints:
        return
    records, rows = records_of(connection, found, details=False), TrialRows(found)
    limits, keys = Limits.of(constraints, records), [f"{attributes.CONSTRAINT}{one.text}" for one in constraints]
    ids, written = (
        {row.number: row.trial_id for row in rows.trials(connection)},
        rows.system_attrs(connection, tuple(keys)),
    )
    table = tables.trial_system_attributes
    for record in records:
        wanted, owner = _attributes(limits.excesses(record)), {"trial_id": ids[record.number]}
        # In one order on every trial: a Gaussian process takes them by their place.
        if record.state.successful and list(written.get(ids[record.number], {}).items()) != list(wanted.items()):
            connection.execute(delete(table).where(table.c.trial_id == owner["trial_id"], table.c.key.in_(keys)))
            add_attributes(connection, table, owner, wanted)


def _attributes(excesses: Mapping[str, float], worst: Mapping[str, float] | None = None) -> dict[str, Any]:
    return {
        f"{attributes.CONSTRAINT}{text}": excess if math.isfinite(excess) else (worst or {}).get(text, UNKNOWN)
        for text, excess in excesses.items()
    }


def _worst(excesses: Sequence[float]) -> float:
    return max((each for each in excesses if 0 < each < math.inf), default=UNKNOWN)


def _with(trial: FrozenTrial, excesses: Mapping[str, float], worst: Mapping[str, float]) -> FrozenTrial:
    found = copy(trial)
    others = {name: v for name, v in trial.system_attrs.items() if not name.startswith(attributes.CONSTRAINT)}
    found.system_attrs = others | _attributes(excesses, worst)
    return found
