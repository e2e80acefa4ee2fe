"""Orphan pods: pods of trials that no task waits for any more, by the study and the states of Airflow's tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.edition import Edition
from airflow_hpo.exceptions import StudyNotFoundError, StudyPurgedError
from airflow_hpo.pods.trial_pod import TrialPod, owner_of
from airflow_hpo.storage import attempts, editions
from airflow_hpo.studies.status import ENDED
from airflow_hpo.studies.store import Store

RUN_ENDED = "its run has ended"
"""State of a task that has not ended itself, of a DAG run that has: it will not go on."""

TaskStates = Callable[[TaskRun], str | None]


@dataclass(frozen=True, slots=True)
class Orphan:
    """Why no task waits for a pod."""

    reason: str
    foreign: bool = False
    """Whether it may be of another study database, with tasks that cannot be looked up."""


def orphaned(store: Store, pod: TrialPod, task_state: TaskStates) -> Orphan | None:
    """Return why no task waits for a pod; None when one does or may.

    Airflow has the last word: while a task has not ended, it or its next try may take the pod up, also when the attempt
    is over. Only a later attempt that has a pod of its own shows otherwise.
    """
    try:
        edition = store.read(editions.get, pod.edition)
    except StudyNotFoundError:
        return Orphan("This study database has no such study.", foreign=True)
    known = store.read(attempts.of, edition.name)
    tasks = {attempt.task: owner_of(attempt.task, edition.name, edition.created.isoformat()) for attempt in known}
    mine = [attempt for attempt in known if tasks[attempt.task] == pod.owner]
    if not mine:
        return Orphan("The study of this name is another one.", foreign=True)
    reason = _ended(store, edition, pod, task_state(mine[-1].task)) or _followed(pod, mine)
    return Orphan(reason) if reason else None


def _ended(store: Store, edition: Edition, pod: TrialPod, state: str | None) -> str | None:
    """A trial that has ended may still have a task, which is about to remove or to keep its pod."""
    if state in ENDED:
        return f"Its task has ended: {state}."
    if state == RUN_ENDED:
        return "Its DAG run has ended, so its task does not go on."
    # Another Airflow tells this study; its tasks cannot be asked for.
    if state != "elsewhere":
        return None
    try:
        trial = store.optuna.record(edition.name, pod.number).state
    except (StudyNotFoundError, StudyPurgedError):
        return "Its trial was deleted."
    return f"Its trial is {trial}." if trial.finished else None


def _followed(pod: TrialPod, mine: Sequence[Attempt]) -> str | None:
    for one in mine:
        where = one.placement.pod
        if one.number == pod.number and one.attempt > pod.attempt and where not in (None, pod.name):
            return f"Attempt {one.attempt} of its trial has another pod, {where}."
    return None
