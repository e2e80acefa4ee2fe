"""Tasks of a study as Airflow knows them, given by the caller."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.owner import DagRunEnd, Owner
from airflow_hpo.core.trial_key import batch_and_index, batch_of, key_of, sharer_name, sharer_of
from airflow_hpo.studies.status import ENDED

NO_TASK = "Airflow has no task for it: its run was deleted, or another Airflow runs it."
UNKNOWN = "What its task does is not known: Airflow's database cannot be read here."
WORKING = {"running", "deferred", "restarting"}
"""States in which the task runs, or a trigger waits for it."""
TROUBLED = {"failed", "upstream_failed", "up_for_retry"}
STEPS = ("start", "suggest", "settle", "finish")

_WHY = {
    None: "Its task waits for the scheduler, which has not come to it, or runs as many of them as may run at once.",
    "scheduled": "Its task is scheduled and waits for a slot of pool {pool!r}, or for one of Airflow's limits on tasks.",
    "queued": "Its task is queued and waits for a free worker.",
    "up_for_retry": "Its task waits out its retry delay before try {next_try} of {tries}.",
    "up_for_reschedule": "Its task looks again after a while.",
    "running": "Its task runs.",
    "deferred": "Its task waits in the triggerer.",
    "restarting": "Its task is being restarted.",
}


@dataclass(frozen=True, slots=True)
class TaskLook:
    """One task instance as it was when it was read."""

    task: TaskRun
    state: str | None
    """Airflow's own word; None while it has not decided anything."""
    max_tries: int = 0
    pool: str = "default_pool"
    since: datetime | None = None
    """When it came into this state, as far as Airflow says."""

    @property
    def name(self) -> str:
        """The task's id, with its map index."""
        return self.task.task_id + (f" [{self.task.map_index}]" if self.task.map_index >= 0 else "")

    @property
    def works(self) -> bool:
        """Whether it runs."""
        return self.state in WORKING

    @property
    def ended(self) -> bool:
        """Whether it runs no more and will not start by itself."""
        return self.state in ENDED

    @property
    def why(self) -> str:
        """What the task waits for, one sentence."""
        if self.ended:
            return f"Its task has ended as {self.state} without a result, so the study's next look gives it up."
        text = _WHY.get(self.state, f"Its task is {self.state}.")
        said = text.format(pool=self.pool, next_try=self.task.try_number + 1, tries=self.max_tries + 1)
        return f"{said[:-1]}, since {self.since.isoformat(timespec='seconds')}." if self.since else said


@dataclass(frozen=True, slots=True)
class RunTasks:
    """The tasks of the DAG runs that a study's trials belong to."""

    run_state: str | None = None
    """State of the DAG run that opened the study last; None when there is none."""
    tasks: Sequence[TaskLook] = ()
    group_id: str = ""
    """The task group of the study; empty when it has none."""
    readable: bool = True
    """False when Airflow's database could not be read."""
    groups: Collection[Owner] = ()
    """The task groups that share the study; empty where it is not shared."""
    ended: DagRunEnd | None = None
    """How the DAG run ended that left the study unfinished; None while one may go on."""

    def of_trial(self, key: str, last: TaskRun | None) -> TaskLook | None:
        """Return the task that runs a trial; of several the one that is at work, or due."""
        if not self.readable:
            return None if last is None else TaskLook(last, "unknown")
        mine = [look for look in self.tasks if _belongs(look.task, last)] if last else list(self._asked(key))
        return next((look for look in mine if not look.ended), mine[-1] if mine else None)

    def without_trial(self, asked: Collection[str]) -> list[TaskLook]:
        """Return trial tasks that wait in the triggerer although they have no trial yet."""
        waiting = []
        for look in self._trials():
            key = self._key(look)
            if look.state == "deferred" and key is not None and key not in asked:
                waiting.append(look)
        return waiting

    def next_step(self, slots: int) -> str:
        """Say what stands between free slots and the next trials."""
        if not self.readable:
            return UNKNOWN
        for look in self._steps():
            if not look.ended:
                waits = (
                    f"It waits until {slots} are free." if ".settle" in look.task.task_id and look.works else look.why
                )
                return f"Next is task {look.name}. {waits}"
        if any(not look.ended for look in self._trials()):
            return "Trial tasks that wait take them up."
        if self.run_state is None:
            return NO_TASK.replace("task for it", "run of it")
        return f"Its DAG run is {self.run_state} and no task is left that would start them: clear one that failed."

    def bookkeeping(self, step: str) -> str:
        """Say how one of the study's own tasks stands."""
        found = next((look for look in self._steps() if look.task.task_id.rpartition(".")[2] == step), None)
        if found is None:
            return UNKNOWN if not self.readable else f"Airflow has no task {step!r} for it."
        return f"Task {found.name} has ended as {found.state}." if found.ended else f"Next is {found.name}. {found.why}"

    def troubles(self) -> list[str]:
        """Return one sentence for each of the study's own tasks that failed; tasks of trials are part of the trials' sentences."""
        return [f"Task {look.name} is {look.state}: see its log." for look in self._steps() if look.state in TROUBLED]

    def _steps(self) -> Iterator[TaskLook]:
        steps = [look for look in self.tasks if look.task.task_id.rpartition(".")[2] in STEPS and self._mine(look)]
        yield from sorted(steps, key=lambda look: (_ORDER[look.task.task_id.rpartition(".")[2]], look.task.task_id))

    def _trials(self) -> Iterator[TaskLook]:
        yield from (t for t in self.tasks if ".trial." in f"{t.task.task_id}." and self._mine(t))

    def _asked(self, key: str) -> Iterator[TaskLook]:
        wanted = sharer_of(key), batch_and_index(key)
        for look in self._trials():
            own = self._key(look)
            if own is not None and (sharer_of(own), batch_and_index(own)) == wanted:
                yield look

    def _key(self, look: TaskLook) -> str | None:
        """Return the key that a trial task asks by; None for a task outside of any batch."""
        batch, group = batch_of(look.task.task_id), self._group(look)
        sharer = sharer_name(group.dag_id, group.group_id or "") if group else ""
        return None if batch is None else key_of(batch, look.task.map_index, sharer)

    def _group(self, look: TaskLook) -> Owner | None:
        task = look.task
        found = (g for g in self.groups if g.dag_id == task.dag_id and _is_inside(task.task_id, g.group_id or ""))
        return next(found, None)

    def _mine(self, look: TaskLook) -> bool:
        return self._group(look) is not None if self.groups else _is_inside(look.task.task_id, self.group_id)


def _is_inside(task_id: str, group_id: str) -> bool:
    return not group_id or task_id.startswith(f"{group_id}.")


_ORDER = {"start": 0, "suggest": 1, "settle": 1, "finish": 2}


def _belongs(task: TaskRun, last: TaskRun) -> bool:
    """Say whether a task is the one that ran a trial last, or of the same mapped group of the author's own tasks."""
    if (task.dag_id, task.run_id, task.map_index) != (last.dag_id, last.run_id, last.map_index):
        return False
    batch, grouped, _ = last.task_id.rpartition(".trial.")
    return task.task_id == last.task_id or (bool(grouped) and task.task_id.startswith(f"{batch}.trial."))
