"""Watch on a study from inside Airflow, where the states of its tasks can be read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import batch_and_index, task_in_batch
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.status import Status, status, status_of
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.lost import abandoned, reap

REAP_INTERVAL = 15.0
"""Seconds between two searches for trials that were abandoned: their task has ended without a result."""


@dataclass
class StudyWatch:
    """Looks at a study and gives up a trial when its task has ended without a result.

    :param store: the study database.
    :param edition: the edition.
    :param dag_id: the DAG that runs the trials.
    :param run_id: its run.
    :param trial_task_id: id of the trial task of a batch, with ``{batch}`` for the batch's number; empty: never give up.
    """

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
        return status(self.store, self.edition)

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
        edition = self.store.edition(self.edition)
        records = self.store.optuna.records(self.edition, details=False)
        if lost := self._abandoned(records):
            records = self.store.optuna.records(self.edition, details=False)
            lost = sorted(set(lost) & set(self._abandoned(records)))
            reap(self.store, self.edition, lost)
            records = self.store.optuna.records(self.edition, details=False)
        return status_of(self.store, edition, records)

    def _abandoned(self, records: Iterable[TrialRecord]) -> list[int]:
        """States are read after the trials, so a second round is needed before anything is given up.

        A trial may end, or be run again by a person, between the two reads; then the second round no longer finds it.
        """
        running = [r for r in records if r.state is TrialState.RUNNING and r.key]
        batches = {batch_and_index(r.key)[0] for r in running if r.key}
        return abandoned(running, self._states(batches)) if running else []

    def _states(self, batches: Iterable[int]) -> dict[tuple[int, int], str | None]:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        task_ids = {task_in_batch(self.trial_task_id, batch): batch for batch in batches}
        found = RuntimeTaskInstance.get_task_states(dag_id=self.dag_id, task_ids=list(task_ids), run_ids=[self.run_id])
        states: dict[tuple[int, int], str | None] = {}
        for name, state in found.get(self.run_id, {}).items():
            task_id, _, index = name.rpartition("_")
            if task_id in task_ids and index.isdigit():
                states[task_ids[task_id], int(index)] = str(state) if state else None
        return states
