"""Points that a person adds to a running study."""

from collections.abc import Callable, Sequence

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.orm import Session

from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.optuna.insert import add_waiting
from airflow_hpo.optuna.points import Visited, identity
from airflow_hpo.optuna.read import StudyReader, as_record
from airflow_hpo.storage.database import Database

Check = Callable[[Database, Sequence[TrialRecord], int], None]
"""Raises when no point is taken, from the trials and how many points wait."""
Note = Callable[[Session, int], None]
"""Notes who added a point, in the transaction that adds it."""


def enqueue(
    database: Database, edition: str, study: Study, params: Params, check: Check, note: Note
) -> tuple[int, bool]:
    """Have a point evaluated next; only the study's holder may call it. Return its number, and whether it waited already."""
    stored, trials = StudyReader(database).snapshot(edition)
    waiting = {trial.number: _wanted(trial) for trial in trials if trial.state is TrialState.WAITING}
    known = identity(study.space, params)
    for number, point in waiting.items():
        if identity(study.space, point) == known:
            return number, True
    if Visited(study.space, trials).has(params):
        raise DeclarationError(
            f"A point is tried once, but another trial has {params}. Look at it with `airflow hpo studies export`, or add "
            "another point."
        )
    check(database, [as_record(trial) for trial in trials], len(waiting))
    with database.session() as session:
        number = add_waiting(session.connection(), stored.id, params)
        note(session, number)
    return number, False


def _wanted(trial: FrozenTrial) -> Params:
    return dict(trial.system_attrs.get("fixed_params", {}))
