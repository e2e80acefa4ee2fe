"""Trials that are lost: their task has ended without telling the study."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from airflow_hpo.core.act import state_without_result
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import batch_and_index, telling_task
from airflow_hpo.storage import acts, attempts, editions
from airflow_hpo.studies.simulations import settle
from airflow_hpo.studies.status import ENDED
from airflow_hpo.studies.store import Store


def abandoned(records: Collection[TrialRecord], states: Mapping[tuple[int, int], str | None]) -> list[int]:
    """Return the numbers of running trials that lost their task: it has ended without a result."""
    running = [r for r in records if r.state is TrialState.RUNNING and r.key is not None]
    return [r.number for r in running if r.key and states.get(batch_and_index(r.key)) in ENDED]


def running_tasks(store: Store, name: str) -> dict[int, TaskRun]:
    """Return the tasks that bring the results of running attempts, by the number of the trial."""
    begun = store.read(attempts.running, name)
    return {a.number: replace(a.task, task_id=telling_task(a.task.task_id)) for a in begun}


def reap(store: Store, name: str, numbers: Collection[int]) -> None:
    """Give up trials that lost their task: killed for good, or marked by a person."""
    reason = "The task ended without a result: it was killed, timed out or marked by a person."
    for number in numbers:
        with store.session() as session:
            # As whoever ends a simulation: one that gives a trial up ends others of it.
            editions.row_id(session, name, lock=True)
            state = state_without_result(number, acts.ends(session, name))
            told = store.optuna.tell(name, number, state, within=session.connection())
            attempts.lose_running(session, name, number, reason)
            settle(store, session, name, told)
