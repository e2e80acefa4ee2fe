"""Invalidation of a result that is wrong."""

from dataclasses import dataclass

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import attempts
from airflow_hpo.studies.finish import amend
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.store import Store


@dataclass(frozen=True, slots=True)
class Invalidated:
    """The state of a study after a trial's result was taken back."""

    record: TrialRecord
    """The trial, which now counts as one without a result."""
    status: Status
    """The study without it."""
    task: TaskRun | None
    """What ran the trial last, and is cleared to run it again; None when nothing of this package did."""
    aftermath: str | None
    """What it means for a study that had ended, one sentence; None while it goes on."""


def invalidate(store: Store, name: str, number: int, reason: str) -> Invalidated:
    """Take a trial's result back: it counts no longer, is never the best, and never answers for its task.

    The study wants another trial instead. When the trial's task is cleared, it runs the same parameters as a new trial that
    replaces this one. Repeating it changes nothing.
    """
    store.edition(name)
    _refuse_replaced(store, name, number)
    record = store.optuna.invalidate(name, number, reason)
    runs = store.read(attempts.of, name, number)
    with store.session() as session:
        aftermath = amend(store, session, name)
    return Invalidated(record, status(store, name), runs[-1].task if runs else None, aftermath)


def _refuse_replaced(store: Store, name: str, number: int) -> None:
    newer = next((r.number for r in store.optuna.records(name, details=False) if r.replaces == number), None)
    if newer is not None:
        raise PermanentHpoError(
            f"Only the newest run of a trial counts, but trial {number} of {name!r} was run again as trial {newer}. "
            f"Invalidate trial {newer}."
        )
