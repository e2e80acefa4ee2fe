"""Importance of parameters by Optuna's default evaluator, and where it is kept: with the study, where notebooks find it too."""

import json
from collections.abc import Sequence
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, bindparam, func, select

from airflow_hpo.core.importance import FEWEST, Importance
from airflow_hpo.optuna import attributes, tables
from airflow_hpo.optuna.read import StoredStudy, find_id
from airflow_hpo.optuna.snapshot import Snapshot
from airflow_hpo.optuna.write import set_study_user_attributes


def importance_of(stored: StoredStudy, trials: Sequence[FrozenTrial], now: datetime) -> Importance | None:
    """Compute it from the trials of a study that count; None where there are too few."""
    complete = sum(trial.state is TrialState.COMPLETE for trial in trials)
    if complete < FEWEST:
        return None
    # Loads scikit-learn where that is installed, which takes seconds.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    study = Snapshot(stored, trials).study()
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return Importance(shares, now, complete)


def keep(connection: Connection, name: str, found: Importance) -> None:
    """Keep it in place of what was computed before; only the study's holder may call it."""
    study_id = find_id(connection, name)
    if study_id is not None:
        set_study_user_attributes(connection, study_id, {attributes.IMPORTANCE: found.to_dict()})


def kept(connection: Connection, name: str) -> Importance | None:
    """Return what was computed last; None before that."""
    text = connection.execute(_KEPT, {"name": name, "key": attributes.IMPORTANCE}).scalar_one_or_none()
    return None if text is None else Importance.from_dict(json.loads(text))


def complete_trials(connection: Connection, name: str) -> int:
    """Return how many trials are complete, whether or not they count."""
    found: int = connection.execute(_COMPLETE, {"name": name, "state": TrialState.COMPLETE.name}).scalar_one()
    return found


_STUDIES, _ATTRS, _TRIALS = tables.studies.c, tables.study_user_attributes.c, tables.trials.c
_KEPT = (
    select(_ATTRS.value_json)
    .select_from(tables.study_user_attributes.join(tables.studies, _ATTRS.study_id == _STUDIES.study_id))
    .where(_STUDIES.study_name == bindparam("name"), _ATTRS.key == bindparam("key"))
)
_COMPLETE = (
    select(func.count())
    .select_from(tables.trials.join(tables.studies, _TRIALS.study_id == _STUDIES.study_id))
    .where(_STUDIES.study_name == bindparam("name"), _TRIALS.state == bindparam("state"))
)
