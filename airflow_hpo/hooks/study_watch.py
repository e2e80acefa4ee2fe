"""Watch on a study from inside Airflow, where the states of its tasks can be read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import batch_and_index, group_of_batches, sharer_name, sharer_of, task_in_batch
from airflow_hpo.hooks.dag_runs import has_ended, key_of_task, task_states, waiting_states
from airflow_hpo.storage import sharers
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.drain import held_back
from airflow_hpo.studies.simulations import complete_parts
from airflow_hpo.studies.status import ENDED, Status, status_of
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.timeout_clock import kept_time
from airflow_hpo.trials.lost import abandoned, reap, running_tasks
from airflow_hpo.trials.places import Key, Places

REAP_INTERVAL = 15.0
"""Seconds between two searches for trials that were abandoned: their task has ended without a result."""


@dataclass
class StudyWatch:
    """Looks at a study and gives up a trial when its task has ended without a result."""

    store: Store
    edition: str
    dag_id: str
    run_id: str
    trial_task_id: str = ""
    _last_reap: float = field(default=float("-inf"), init=False)

    def look(self) -> Status:
        """Return how the study stands now."""
        if self.trial_task_id and time.monotonic() - self._last_reap >= REAP_INTERVAL:
            self._last_reap = time.monotonic()
            return self.look_and_reap()
        edition = kept_time(self.store, self.store.edition(self.edition))
        return status_of(self.store, edition, self.store.optuna.records(self.edition, details=False))

    @property
    def patience(self) -> float:
        """Seconds to wait for a study database that is away."""
        return self.store.patience

    @property
    def without_retry(self) -> StudyWatch:
        """The same, waiting not at all."""
        return replace(self, store=self.store.without_retry)

    @retried
    def look_and_reap(self) -> Status:
        """Give up the abandoned trials, then return how the study stands."""
        edition = kept_time(self.store, self.store.edition(self.edition))
        complete_parts(self.store, edition)
        self._reap(ran_as(edition))
        return status_of(self.store, edition, self.store.optuna.records(self.edition, details=False))

    def _reap(self, name: str) -> None:
        if lost := self._abandoned(name, self.store.optuna.records(name, details=False)):
            again = self._abandoned(name, self.store.optuna.records(name, details=False))
            reap(self.store, name, sorted(set(lost) & set(again)))

    def pause(self, mine: Key) -> float | None:
        """Return for how many seconds a task that waits for the study leaves its place to others; None while it keeps it."""
        return self.places(mine[0]).pause(mine)

    def places(self, batch: int) -> Places:
        """Return who needs a place and who waits, among the trials that run and the tasks of a batch."""
        edition = self.store.edition(ran_as(self.store.edition(self.edition)))
        records = self.store.optuna.records(edition.name, details=False)
        own = {batch_and_index(r.key): r for r in records if r.key and self._is_own(r)}
        batches = {batch, *(key[0] for key, r in own.items() if r.state is TrialState.RUNNING)}
        task_ids = {task_in_batch(self.trial_task_id, each): each for each in batches}
        found = waiting_states(DagRunKey(self.dag_id, self.run_id), sorted(task_ids))
        states = {(task_ids[task_id], index): state for (_, _, task_id, index), state in found.items()}
        return Places.of(states, {key for key, r in own.items() if not self._held_back(edition, r)})

    def _held_back(self, edition: Edition, record: TrialRecord) -> bool:
        return record.state is TrialState.RUNNING and held_back(self.store, edition, record.number)

    def _abandoned(self, name: str, records: Iterable[TrialRecord]) -> list[int]:
        """States are read after the trials, so a second round is needed before anything is given up.

        A trial may end, or be run again by a person, between the two reads; then the second round no longer finds it.
        """
        running = [r for r in records if r.state is TrialState.RUNNING and r.key]
        if not running:
            return []
        elsewhere = self._elsewhere(name, running)
        here = [r for r in running if r.number not in elsewhere]
        own = [r for r in here if self._is_own(r)]
        return [
            *(number for number, state in elsewhere.items() if state in ENDED),
            *(abandoned(own, self._states(own)) if own else ()),
            *self._never_begun(r for r in here if not self._is_own(r)),
        ]

    def _elsewhere(self, name: str, running: Iterable[TrialRecord]) -> dict[int, str | None]:
        """Return the states of other tasks that run trials: of another group, or of a DAG run that a person cleared."""
        begun = running_tasks(self.store, name)
        others = {
            r.number: begun[r.number] for r in running if r.number in begun and not self._runs(r, begun[r.number])
        }
        states = task_states(others.values()) if others else {}
        return {number: states[key_of_task(task)] for number, task in others.items() if key_of_task(task) in states}

    def _runs(self, record: TrialRecord, task: TaskRun) -> bool:
        """Say whether a trial is run by this task group in this DAG run."""
        return self._is_own(record) and (task.dag_id, task.run_id) == (self.dag_id, self.run_id)

    def _is_own(self, record: TrialRecord) -> bool:
        """Say whether a trial was asked for by this task group, or by the only one of its study."""
        own = sharer_name(self.dag_id, group_of_batches(self.trial_task_id))
        return sharer_of(record.key or "") in ("", own)

    def _never_begun(self, records: Iterable[TrialRecord]) -> list[int]:
        """Return the trials of other groups of which no attempt runs, when the group's DAG run has ended."""
        asked = {r.number: sharer_of(r.key or "") for r in records}
        if not asked:
            return []
        found = self.store.read(sharers.find, self.edition)
        runs = {sharer_name(group.dag_id, group.group_id or ""): run for group, run in found.items()}
        ended = {name for name in set(asked.values()) if name in runs and has_ended(runs[name])}
        return [number for number, name in asked.items() if name in ended]

    def _states(self, own: Iterable[TrialRecord]) -> dict[tuple[int, int], str | None]:
        batches = {batch_and_index(r.key)[0] for r in own if r.key}
        task_ids = {task_in_batch(self.trial_task_id, batch): batch for batch in batches}
        found = task_states(TaskRun(self.dag_id, self.run_id, task_id) for task_id in task_ids)
        return {(task_ids[task_id], index): state for (_, _, task_id, index), state in found.items()}
