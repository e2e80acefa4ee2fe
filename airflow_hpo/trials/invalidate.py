"""Invalidation of a result that is wrong."""

from dataclasses import dataclass

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import attempts
from airflow_hpo.studies.attempted import ran_as, simulations_of
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
    edition = store.edition(name)
    _refuse_replaced(store, name, number)
    parts = _parts(store, edition, number)
    for part in parts:
        store.optuna.invalidate(ran_as(edition), part, reason)
    record = store.optuna.invalidate(name, number, reason)
    runs = [run for each in parts or [number] for run in store.read(attempts.of, ran_as(edition), each)]
    with store.session() as session:
        aftermath = amend(store, session, name)
    return Invalidated(record, status(store, name), runs[-1].task if runs else None, aftermath)


def _parts(store: Store, edition: Edition, number: int) -> list[int]:
    """Return the simulations of a trial that count: cleared, each of them runs again."""
    if not edition.study.scenarios:
        return []
    parts = simulations_of(store, edition.name).get(number, ())
    return [part.number for part in own_trials(parts) if part.state.finished]


def _refuse_replaced(store: Store, name: str, number: int) -> None:
    newer = next((r.number for r in store.optuna.records(name, details=False) if r.replaces == number), None)
    if newer is not None:
        raise PermanentHpoError(
            f"Only the newest run of a trial counts, but trial {number} of {name!r} was run again as trial {newer}. "
            f"Invalidate trial {newer}."
        )
