"""Trigger that watches a trial's pod without a worker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Self, TypedDict

from airflow.sdk.log import amask_secret
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent
from pydantic import TypeAdapter

from airflow_hpo import conf
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.exceptions import TransientHpoError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.secrets import secrets_in
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.cluster import delete_pod, read_pod, watch_pod
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.waits import is_job
from airflow_hpo.trials.reporter import TrialReporter
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers.buffered_log import BufferedLog
from airflow_hpo.triggers.node_report import located
from airflow_hpo.triggers.pod_result import push_result, study_store
from airflow_hpo.triggers.slots import study_queue
from airflow_hpo.triggers.waits import waits_of

STORE_ATTEMPTS = 60
STORE_PAUSE = 5.0
"""How often, and every how many seconds, a study database that is away is asked for again: five minutes."""

_SOURCE: TypeAdapter[MetricSource] = TypeAdapter(MetricSource)


class PodEvent(TypedDict):
    """What the trigger tells the task that waits."""

    name: str
    namespace: str
    number: int
    """Of the trial that the pod ran."""
    outcome: dict[str, Any]
    """A :class:`airflow_hpo.core.outcome.Outcome` as plain data."""


class TrialPodTrigger(BaseTrigger):
    """Follows a trial's pod: its log into the task's log, its metrics into the study, its end into one event.

    A triggerer that starts again goes on with the log where the one before has read it, however soon it ends itself. A person
    who clears or marks the task deletes the pod; a triggerer that is shut down does not.

    The connection, the options and the source are plain data, because Airflow stores them. So are the texts of the pod in which
    the worker knows secrets, with these ``masked``. With ``end_task`` a success is
    stored and the task ended from here, without a worker. A pod with a ``manifest`` was refused for now and is created here.
    """

    def __init__(
        self,
        pod_name: str,
        pod_namespace: str,
        connection: Mapping[str, Any],
        options: Mapping[str, Any],
        edition: str,
        number: int,
        attempt: int,
        source: Mapping[str, Any],
        hpo_conn_id: str = HpoHook.default_conn_name,
        delete_on_kill: bool = True,
        grace_period: int | None = None,
        end_task: bool = False,
        masked: Mapping[str, str] | None = None,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pod_name = pod_name
        self.pod_namespace = pod_namespace
        self.connection = Connection(**connection)
        self.options = WatchLimits(**options)
        self.edition = edition
        self.number = number
        self.attempt = attempt
        self.source = _SOURCE.validate_python(dict(source))
        self.hpo_conn_id = hpo_conn_id
        self.delete_on_kill = delete_on_kill
        self.grace_period = grace_period
        self.end_task = end_task
        self.masked = dict(masked or {})
        self.manifest = manifest
        self.trial: TrialRun | None = None
        """The attempt, when the task that began it gives it; else it is looked up."""
        self.between: Callable[[], Awaitable[None]] | None = None
        """What is waited for between the end of the trial and that of its task; None for nothing."""

    @classmethod
    def of(
        cls,
        attempt: Attempt,
        pod: Any,
        connection: Connection,
        options: WatchLimits,
        source: MetricSource,
        **more: Any,
    ) -> Self:
        """Return what watches the pod of an attempt."""
        return cls(
            pod_name=str(pod.metadata.name),
            pod_namespace=str(pod.metadata.namespace),
            connection=asdict(connection),
            options=asdict(options),
            edition=attempt.study,
            number=attempt.number,
            attempt=attempt.attempt,
            source=source.to_dict(),
            **more,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        arguments = {
            "pod_name": self.pod_name,
            "pod_namespace": self.pod_namespace,
            "connection": asdict(self.connection),
            "options": asdict(self.options),
            "edition": self.edition,
            "number": self.number,
            "attempt": self.attempt,
            "source": self.source.to_dict(),
            "hpo_conn_id": self.hpo_conn_id,
            "delete_on_kill": self.delete_on_kill,
            "grace_period": self.grace_period,
            "end_task": self.end_task,
            # A triggerer of the version before does not know them.
            **({"masked": self.masked} if self.masked else {}),
            **({"manifest": self.manifest} if self.manifest else {}),
        }
        return "airflow_hpo.triggers.pod.TrialPodTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the pod has ended, was pruned, or cannot be watched any longer."""
        begun = time.monotonic()
        try:
            outcome = await self._watch()
        except Exception as err:
            # A trigger that raises would fail the task without its retries seeing why; the next try takes the pod up.
            self.log.exception("The pod %s cannot be watched any longer", self.pod_name)
            reason = f"The pod could not be watched: {type(err).__name__}: {err}"
            outcome = Outcome.failed(reason, FailureKind.INFRASTRUCTURE, alive=True)
        if outcome.state is not AttemptOutcome.FAILED and await self._concluded(outcome):
            yield TaskSuccessEvent()
            return
        # Airflow takes a task for killed when it resumes before the scheduler knows that its first process ended.
        await asyncio.sleep(max(0.0, begun + conf.resume_delay() - time.monotonic()))
        yield TriggerEvent(
            PodEvent(name=self.pod_name, namespace=self.pod_namespace, number=self.number, outcome=outcome.to_dict())
        )

    async def on_kill(self) -> None:
        """Delete the pod: a person has cleared or marked the task."""
        if self.delete_on_kill:
            self.log.info("Deleting the pod %s", self.pod_name)
            await self._delete()

    async def _delete(self) -> None:
        job = is_job(self.manifest)
        await delete_pod(self.connection, self.pod_name, self.pod_namespace, self.grace_period, job=job)

    async def _concluded(self, outcome: Outcome) -> bool:
        """Tell the study, delete the pod and push the result; False when a worker has to do it."""
        if not self.end_task or self.task_instance is None or self.trial is None:
            return False
        # Written last, together with what Airflow logs then: each line makes the triggerer ask its database again.
        lines = self.trial.log = BufferedLog(self.log)
        try:
            result = await in_thread(self.trial.conclude, outcome)
            study_queue(self.edition).freed.set()
            if result.state is TrialState.FAIL:
                return False
            await self._delete_pod()
            if self.between:
                await self.between()
            await push_result(self.task_instance, result)
        except Exception:
            self.log.exception("The end of trial %s cannot be told from here; a worker tells it", self.number)
            return False
        lines.write()
        return True

    async def _delete_pod(self) -> None:
        try:
            await self._delete()
        except Exception as err:  # noqa: BLE001
            # The result is in the study already: a pod that stays is no reason to fail.
            self.log.warning("The pod %s could not be deleted: %s", self.pod_name, err)

    async def _watch(self) -> Outcome:
        await self._learn_secrets()
        trial = await self._opened()
        monitor = trial.monitor()
        outcome = await watch_pod(
            self.connection,
            self.pod_name,
            self.pod_namespace,
            self.options,
            self.source,
            trial.study.objective,
            monitor,
            self.log,
            on_node=located(trial.store, trial.study, trial.attempt),
            on_line=monitor.heard,
            grace_period=self.grace_period,
            read_to=monitor.read_to,
            earlier=await in_thread(trial.read_before),
            were_read=trial.logs_were_read,
            waits=waits_of(trial, monitor, self.manifest),
        )
        await self._deliver_rest(trial.reporter)
        return monitor.explained(outcome)

    async def _learn_secrets(self) -> None:
        """Mask here, too, what the worker that made the pod has masked: this process has looked none of it up."""
        if self.masked and (pod := await read_pod(self.connection, self.pod_name, self.pod_namespace)):
            for secret in secrets_in(pod, self.masked):
                await amask_secret(secret)

    async def _deliver_rest(self, reporter: TrialReporter) -> None:
        """Values that waited for the database go with this process, unlike the pod's end, which a worker may tell."""
        for _ in range(STORE_ATTEMPTS if reporter.waiting else 0):
            try:
                return await in_thread(reporter.deliver_rest)
            except TransientHpoError as err:
                self.log.warning("The last metrics wait until the study database answers: %s", err)
            await asyncio.sleep(STORE_PAUSE)

    async def _opened(self) -> TrialRun:
        """Return the trial; a database that is away for a while does not disturb the pod."""
        for _ in range(STORE_ATTEMPTS):
            try:
                store = await study_store(self.hpo_conn_id)
                if self.trial is None:
                    where = self.edition, self.number, self.attempt
                    self.trial = await in_thread(TrialRun.of_attempt, store, self.log, conf.poll_interval(), where)
                return self.trial
            except TransientHpoError as err:
                self.log.warning("The study cannot be opened now and is tried again: %s", err)
                last = err
            await asyncio.sleep(STORE_PAUSE)
        raise last
