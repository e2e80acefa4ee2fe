"""Trigger that waits until a study wants more trials, or is over."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, Self, TypedDict

from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_hpo import conf
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.trial_key import batch_of
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.storage.retry import while_upgraded_async
from airflow_hpo.studies.simulations import is_asked
from airflow_hpo.studies.status import Status
from airflow_hpo.trials.places import Key
from airflow_hpo.triggers.shared_watch import SharedWatch

Until = Literal["ready", "room", "begin", "over"]
"""What is waited for: time for another batch, a free slot, that trials may begin (not while the study is drained), or the end.

The end of the study ends every wait, except that of a trial which runs all the same and is held back only by a drain.
"""


PLACES_INTERVAL = 5.0
"""Seconds between two looks at whether a trial that waits keeps another task from its place."""

LONGEST_WAIT = timedelta(days=3650)
"""Limit of a wait that has none: Airflow wants a number, and its default of seven days is shorter than some studies."""


class StudyEvent(TypedDict):
    """What the trigger tells the task that waits."""

    over: bool
    reason: str


def own_key(ti: Any) -> Key:
    """Return batch and index of a trial's task."""
    return batch_of(ti.task_id) or 1, ti.map_index


def reached(status: Status, until: Until) -> bool:
    """Say whether a wait is over."""
    if until == "begin":
        return status.may_begin
    if status.verdict.over:
        return True
    return {"ready": status.ready, "room": status.may_start > 0, "over": False}[until]


class StudyTrigger(BaseTrigger):
    """Looks at a study every few seconds until it wants more trials, or is over.

    It waits for another batch (``until="ready"``), for one more trial (``"room"``), for the end of a drain (``"begin"``) or for the end of the study (``"over"``). With
    ``end_task`` it ends the task without a worker: success when more trials are wanted, skipped when the study is over.
    """

    def __init__(
        self,
        edition: str,
        hpo_conn_id: str = HpoHook.default_conn_name,
        until: Until = "ready",
        poll_interval: float | None = None,
        dag_id: str = "",
        run_id: str = "",
        trial_task_id: str = "",
        end_task: bool = False,
        key: str = "",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.edition = edition
        self.hpo_conn_id = hpo_conn_id
        self.until: Until = until
        self.poll_interval = conf.poll_interval() if poll_interval is None else poll_interval
        self.dag_id = dag_id
        self.run_id = run_id
        self.trial_task_id = trial_task_id
        self.end_task = end_task
        self.key = key
        self._places_due = time.monotonic() + PLACES_INTERVAL

    @classmethod
    def of_trial(cls, edition: str, hpo_conn_id: str, ti: Any, trial_task_id: str, until: Until, key: str = "") -> Self:
        """Return what waits until a study may give a task instance a trial for its key, or lets it begin the one it has."""
        return cls(
            edition, hpo_conn_id, until, dag_id=ti.dag_id, run_id=ti.run_id, trial_task_id=trial_task_id, key=key
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        names = ("edition", "hpo_conn_id", "until", "poll_interval", "dag_id", "run_id", "trial_task_id", "end_task")
        key = {"key": self.key} if self.key else {}
        return "airflow_hpo.triggers.study.StudyTrigger", {**{name: getattr(self, name) for name in names}, **key}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the wait is over."""
        finished = None
        while not (status := await self._look()) or not (reached(status, self.until) or await self._asked(status)):
            if status and self.until in ("ready", "over") and status.progress.finished != finished:
                finished = status.progress.finished
                self.log.info("%s", status.outlook)
            # A database has no event that could be awaited.
            await asyncio.sleep(self.poll_interval)
            if await self._in_the_way():
                self.log.info("Another trial of the study needs the place that this task holds under Airflow's limits.")
                yield TriggerEvent(StudyEvent(over=False, reason=""))
                return
        wanted = "Trials may begin." if self.until == "begin" else "More trials are wanted."
        self.log.info("%s. %s", status, status.verdict.reason or wanted)
        yield self._event(status)

    async def _asked(self, status: Status) -> bool:
        """Say whether another simulation has asked for the trial of this one, which then needs no room."""
        if self.until != "room" or not self.key or not status.edition.study.scenarios:
            return False
        try:
            asked = await sync_to_async(lambda: self._watch.asked(self.poll_interval / 2))()
        except TransientHpoError:
            return False  # looked at again, with the study
        return is_asked(status.edition, self.key, asked)

    async def _in_the_way(self) -> bool:
        """Say whether a trial task that waits here is to give way; a worker looks again, and lets it."""
        ti: Any = self.task_instance
        if self.until not in ("room", "begin") or ti is None or not self.trial_task_id:
            return False
        if time.monotonic() < self._places_due:
            return False
        self._places_due = time.monotonic() + PLACES_INTERVAL
        try:
            return await sync_to_async(lambda: self._watch.pause(own_key(ti), PLACES_INTERVAL / 2))() is not None
        except Exception as err:  # noqa: BLE001 - Airflow's answer decides nothing but who goes first
            self.log.warning("Whether another trial needs this task's place is looked at later: %s", err)
            return False

    @cached_property
    def _watch(self) -> SharedWatch:
        # Without patience: it would hold up the other triggers of this process, and this trigger looks again anyway.
        store = HpoHook(self.hpo_conn_id, patience=0).store
        edition = store.current(self.edition, DagRunKey(self.dag_id, self.run_id)).name
        return SharedWatch.of(StudyWatch(store, edition, self.dag_id, self.run_id, self.trial_task_id))

    async def _look(self) -> Status | None:
        kept = self.poll_interval / 2
        try:
            return await while_upgraded_async(conf.database_patience(), sync_to_async(lambda: self._watch.look(kept)))
        except TransientHpoError as err:
            self.log.warning("The study cannot be read now and is tried again: %s", err)
            return None

    def _event(self, status: Status) -> TriggerEvent:
        if not self.end_task:
            return TriggerEvent(StudyEvent(over=status.verdict.over, reason=status.verdict.reason))
        return TaskSkippedEvent() if status.verdict.over else TaskSuccessEvent()
