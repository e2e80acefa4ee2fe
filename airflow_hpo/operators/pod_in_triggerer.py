"""Trigger for trials that run in the triggerer alone, from their start to the deletion of their pod."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from threading import Condition
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from cachetools import TTLCache, cached

from airflow_hpo import conf
from airflow_hpo.core.trial import TrialRequest, TrialResult
from airflow_hpo.exceptions import StudyOverError
from airflow_hpo.operators.context import task_try_of
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers.buffered_log import BufferedLog
from airflow_hpo.triggers.pod import TrialPodTrigger
from airflow_hpo.triggers.pod_result import push_result, study_store
from airflow_hpo.triggers.slots import TriggererSlots, study_queue, triggerer_slots

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

    from airflow_hpo.operators.pod import TrialPodOperator

HOOK_KEPT = 60.0
"""Seconds for which trials share a hook with its client: building one costs as much as all its calls for a trial."""

REQUESTS_KEPT = 2.0
"""Seconds for which the trials of one batch share its requests: hundreds of them start at once."""

_shared: TTLCache[str, list[dict[str, Any]]] = TTLCache(16, REQUESTS_KEPT)


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial with a running pod, or one that needs none."""

    watcher: TrialPodTrigger | None = None
    result: TrialResult | None = None
    """What the study has already, or what it was told because the trial may not begin any more."""


class TrialPodRunTrigger(BaseTrigger):
    """Runs a whole trial: claims it, starts its pod, watches it and tells the study.

    Whatever goes wrong before the pod runs, and every failed attempt, is handed to a worker, which raises it: retries,
    callbacks and logs are then those of any task.

    :param requests: where the trial's request is: ``task_id`` and ``key`` of the XCom that the task is mapped over.
    :param operator_arguments: the operator's arguments as :func:`airflow_hpo.operators.pod_arguments.as_text` writes them.
    """

    def __init__(self, requests: dict[str, str], operator_arguments: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.requests = requests
        self.operator_arguments = operator_arguments
        self._context: Context | None = None
        self._watcher: TrialPodTrigger | None = None
        self._words = BufferedLog(self.log)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        arguments = {"requests": self.requests, "operator_arguments": self.operator_arguments}
        return "airflow_hpo.operators.pod_in_triggerer.TrialPodRunTrigger", arguments

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Keep the context: the operator's own fields are rendered once the trial is claimed."""
        self._context = context

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the trial has ended, or when a worker has to take over."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._words.written())
            try:
                operator = await self._operator()
                begun = await self._begun(operator, held)
            except (StudyOverError, AirflowSkipException) as err:
                self._words.info("%s", err)
                yield TaskSkippedEvent()
                return
            except Exception as err:  # noqa: BLE001
                self._words.exception("The trial cannot be started from here; a worker starts it")
                # A worker raises what there is to raise, with retries and callbacks.
                yield TriggerEvent({"reason": f"{type(err).__name__}: {err}"})
                return
            yield await self._ended(begun, held)

    async def on_kill(self) -> None:
        """Delete the pod: a person has cleared or marked the task."""
        if self._watcher:
            await self._watcher.on_kill()

    async def _operator(self) -> TrialPodOperator:
        ti: Any = self.task_instance
        requests = await _requests(dag_id=ti.dag_id, run_id=ti.run_id, **self.requests)
        operator = await in_thread(_build, ti.task_id, requests[ti.map_index], self.operator_arguments)
        operator._cached_logger = self._words
        return operator

    async def _begun(self, operator: TrialPodOperator, held: AsyncExitStack) -> Begun:
        operator.studies.store = await study_store(operator.hpo_conn_id)
        await self._granted(operator, held)
        return await in_thread(self._begin, operator)

    async def _granted(self, operator: TrialPodOperator, held: AsyncExitStack) -> None:
        """Wait for a free slot of the study where the trial has to be asked for, and for a slot of this process."""
        here, run = _slots(), TrialRun(operator.studies.store, self._words, conf.poll_interval())
        if operator.request.get("number") is None and not await in_thread(_asked, operator):
            edition, key = operator.request["study"], operator.request["key"]
            given = await study_queue(edition).granted(
                key, here, partial(in_thread, run.ask, edition), lambda: _free_slot(operator, self.task_instance)
            )
            period = TrialRequest.from_dict(operator.request).period
            operator.request = given.model_copy(update={"period": period}).to_dict()
        # A trial that waits here does not stand in line behind those that wait for the study: they may wait for this very one.
        await held.enter_async_context(here.one())

    def _begin(self, operator: TrialPodOperator) -> Begun:
        """Claim the trial, begin an attempt and start its pod; runs in a thread."""
        context = self._context
        if context is None:
            raise RuntimeError("A trigger is rendered before it runs.")
        operator.render_template_fields(context)
        run = operator.claimed_run(context)
        if known := run.answer():
            _share_hook(operator)
            operator.delete_left_pod(run)
            return Begun(result=known)
        if refused := run.begin(task_try_of(context), operator.backend):
            return Begun(result=refused)
        _share_hook(operator)
        pod = operator.start_pod(context, run)
        options = operator.watch_options(run.attempt)
        self._watcher = operator.watcher(run.attempt, options, pod, end_task=not operator.keeps_pods)
        self._watcher.task_instance = self.task_instance
        self._watcher.trial = run
        return Begun(watcher=self._watcher)

    async def _ended(self, begun: Begun, held: AsyncExitStack) -> TriggerEvent:
        if begun.watcher is None:
            assert begun.result is not None
            await push_result(self.task_instance, begun.result)
            return TaskSuccessEvent()

        async def together() -> None:
            await held.aclose()
            await _slots().tick()

        # The slot is the study's and free already, so that no trial waits for the end of the task.
        begun.watcher.between = together
        [event] = [one async for one in begun.watcher.run()]
        return event


def _slots() -> TriggererSlots:
    return triggerer_slots(conf.triggerer_pods())


async def _requests(**where: str) -> list[dict[str, Any]]:
    """Read what a task is mapped over; its siblings start at the same time and share the answer."""
    from airflow.sdk.execution_time.xcom import XCom

    place = "/".join(where.values())
    queue = study_queue(place)
    async with queue.lock:
        requests = _shared.get(place)
        if requests is None:
            found: Any = await XCom.aget_one(map_index=None, **where)
            requests = _shared[place] = list(found)
    return requests


def _build(task_id: str, request: dict[str, Any], arguments: str) -> TrialPodOperator:
    # Loaded here, in a thread: Kubernetes' client takes seconds.
    from airflow_hpo.operators.pod import TrialPodOperator
    from airflow_hpo.operators.pod_arguments import from_text

    return TrialPodOperator(task_id=task_id, request=request, **from_text(arguments))


def _asked(operator: TrialPodOperator) -> bool:
    """Say whether the trial is there: an earlier try asked for it, or a triggerer that has died."""
    return operator.studies.store.optuna.number_of(operator.request["study"], operator.request["key"]) is not None


def _share_hook(operator: TrialPodOperator) -> None:
    operator.hook = _hook(operator)


@cached(TTLCache(16, HOOK_KEPT), key=lambda operator: operator.cluster(), condition=Condition())
def _hook(operator: TrialPodOperator) -> Any:
    hook = operator.hook
    # The client reads the connection and the configuration; one that cannot be built fails where it is used.
    with suppress(Exception):
        hook.core_v1_client  # noqa: B018
    return hook


async def _free_slot(operator: TrialPodOperator, ti: Any) -> None:
    """Look at the study, but not at once: most trials are started because one of this process has ended."""
    trigger = operator.slot_trigger(ti, operator.request["study"])
    await asyncio.sleep(trigger.poll_interval)
    async for _ in trigger.run():
        return
