"""Trigger that runs a whole pod trial, without any worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from functools import partial
from threading import Condition
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from cachetools import TTLCache, cached

from airflow_hpo import conf
from airflow_hpo.core.arguments import expanded
from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.masking import masked
from airflow_hpo.core.templates import text_templates
from airflow_hpo.core.trial import TrialRequest, TrialResult, TrialState, TrialView
from airflow_hpo.core.work import Work
from airflow_hpo.exceptions import StudyOverError
from airflow_hpo.hooks.work import rendered_work
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.errors import reachable
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers.buffered_log import BufferedLog
from airflow_hpo.triggers.pod import TrialPodTrigger
from airflow_hpo.triggers.pod_result import push_result, study_store
from airflow_hpo.triggers.slots import TriggererSlots, study_queue, triggerer_slots
from airflow_hpo.triggers.study import StudyTrigger, Until
from airflow_hpo.triggers.trial_spec import PodTrialSpec

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

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
    :param spec: fields of a :class:`airflow_hpo.triggers.trial_spec.PodTrialSpec`.
    """

    def __init__(self, requests: Mapping[str, str], spec: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.requests = dict(requests)
        self.stored_spec = dict(spec)
        self._context: Context | None = None
        self._watcher: TrialPodTrigger | None = None
        self._lines = BufferedLog(self.log)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        return "airflow_hpo.triggers.trial_run.TrialPodRunTrigger", {
            "requests": self.requests,
            "spec": self.stored_spec,
        }

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Keep the context: the manifest is rendered once the trial is claimed."""
        self._context = context

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the trial has ended, or when a worker has to take over."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._lines.written())
            try:
                begun = await self._begun(held)
            except StudyOverError as err:
                self._lines.info("%s", err)
                yield TaskSkippedEvent()
                return
            except Exception as err:  # noqa: BLE001
                self._lines.exception("The trial cannot be started from here; a worker starts it")
                # A worker raises what there is to raise, with retries and callbacks.
                yield TriggerEvent({"reason": masked(f"{type(err).__name__}: {err}")})
                return
            yield await self._ended(begun, held)

    async def on_kill(self) -> None:
        """Delete the pod: a person has cleared or marked the task."""
        if self._watcher:
            await self._watcher.on_kill()

    def spec(self) -> PodTrialSpec:
        """Return what the trial's author declares; called in a thread."""
        return PodTrialSpec.from_dict(self.stored_spec)

    async def _begun(self, held: AsyncExitStack) -> Begun:
        ti: Any = self.task_instance
        spec = await in_thread(self.spec)
        requests = await _requests(dag_id=ti.dag_id, run_id=ti.run_id, **self.requests)
        run = TrialRun(await study_store(spec.hpo_conn_id), self._lines, conf.poll_interval())
        request = await self._granted(spec, run, TrialRequest.from_dict(requests[ti.map_index]))
        while True:
            async with AsyncExitStack() as slot:
                await slot.enter_async_context(_slots().one())
                if begun := await in_thread(self._begin, spec, run, request):
                    held.push_async_exit(slot.pop_all())
                    return begun
            await self._until(spec, request.study, "begin")

    async def _granted(self, spec: PodTrialSpec, run: TrialRun, request: TrialRequest) -> TrialRequest:
        """Wait for a free slot of the study where the trial has to be asked for."""
        here, edition, key = _slots(), request.study, request.key
        if request.number is None:
            # Perhaps by another one, which speaks for all that wait.
            run.asked_here = True
            ask = partial(in_thread, run.ask, edition)
            if (await in_thread(run.store.edition, edition)).study.scenarios:
                # No one speaks for all: which trials others wait for differs, and no more wait than may run at once.
                while not (found := await ask([key])):
                    await self._until(spec, edition, "room", key)
                [given] = found
            elif await in_thread(run.store.optuna.number_of, edition, key) is None:
                room = partial(self._until, spec, edition, "room")
                given = await study_queue(edition).granted(key, here, ask, room)
            else:
                # It was asked for by an earlier try, or by a triggerer that has died. It does not stand in line behind those
                # that wait for the study: they may wait for this very trial.
                [given] = await ask([key])
            request = given.model_copy(update={"period": given.period or request.period})
        return request

    async def _until(self, spec: PodTrialSpec, edition: str, until: Until, key: str = "") -> None:
        """Look at the study, but not at once: most trials are started because one of this process has ended."""
        trigger = StudyTrigger.of_trial(edition, spec.hpo_conn_id, self.task_instance, spec.trial_task_id, until, key)
        await asyncio.sleep(trigger.poll_interval)
        async for _ in trigger.run():
            return

    def _begin(self, spec: PodTrialSpec, run: TrialRun, request: TrialRequest) -> Begun | None:
        """Claim the trial, begin an attempt and start its pod; None while the study is drained. Runs in a thread."""
        # Loaded here, in a thread: Kubernetes' client takes seconds.
        from airflow_hpo.pods.build.pod import built, completed
        from airflow_hpo.triggers.pod_start import delete_left_pod, identity_of, manifest_of, start_pod

        context = self._context
        if context is None:
            raise RuntimeError("A trigger is rendered before it runs.")
        task = TaskTry.of(context["ti"])
        if (
            task.task.try_number > 1
            and run.store.optuna.latest(request.study, request.number or 0).state is TrialState.FAIL
        ):
            raise RuntimeError("Whether a person has cleared the task of a failed trial is known to a worker only.")
        claimed = run.claim(request, self._work(spec, request, context), task, spec.rerun)
        context["trial"] = TrialView(claimed, run.study.space)  # type: ignore[typeddict-unknown-key]
        rendered = partial(self._rendered, context=context, text_values=run.edition.text_values)
        cluster = Connection(**rendered(asdict(spec.connection)))
        metrics = spec.metrics.rendered(rendered)
        if known := run.answer():
            if not spec.keeps_pods:
                delete_left_pod(run, lambda: _hook(cluster).core_v1_client, spec.grace_period, self._lines)
            return Begun(result=known)
        if run.held_back():
            return None
        if refused := run.begin(task, "pod"):
            return Begun(result=refused)
        hook = _hook(cluster)
        metrics.check(run.study.objective)
        with reachable():
            complete = completed(rendered(spec.manifest), identity_of(run), metrics)
            complete = built(complete, context, cluster, self._lines, hook)
        pod = start_pod(run, hook.core_v1_client, complete, self._lines)
        manifest = None if pod else manifest_of(hook.core_v1_client, complete)
        self._watcher = TrialPodTrigger.of(
            run.attempt,
            pod or complete,
            cluster,
            spec.watch_limits(run.attempt),
            metrics,
            hpo_conn_id=spec.hpo_conn_id,
            delete_on_kill=spec.delete_on_kill,
            grace_period=spec.grace_period,
            end_task=not spec.keeps_pods,
            manifest=manifest,
        )
        self._watcher.task_instance = self.task_instance
        self._watcher.trial = run
        return Begun(watcher=self._watcher)

    def _work(self, spec: PodTrialSpec, request: TrialRequest, context: Context) -> Work:
        """Return the work as a worker would; a template that is unknown here is rendered by one."""
        if spec.arguments is None:
            return Work(spec.work)
        environment = self.get_template_env()
        given = (spec.work, spec.arguments, spec.metrics, spec.files)
        return rendered_work(*given, request, context, environment, strict=True)

    def _rendered(self, data: Any, context: Context, text_values: bool) -> Any:
        templates = text_templates(self.get_template_env(), as_variables=text_values)
        return self.render_template(data, context, templates)

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render a value as Airflow does, and all arguments where they stand for one element of a list."""
        return super().render_template(expanded(content, context.get("trial")), context, *args, **kwargs)

    async def _ended(self, begun: Begun, held: AsyncExitStack) -> TriggerEvent:
        if begun.watcher is None:
            assert begun.result is not None
            await push_result(self.task_instance, begun.result)
            return TaskSuccessEvent()

        async def together() -> None:
            await held.aclose()
            await _slots().tick()

        # The slot is the study's and free already, so that nothing waits for the end of the task.
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


@cached(TTLCache(16, HOOK_KEPT), condition=Condition())
def _hook(cluster: Connection) -> Any:
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

    hook = KubernetesHook(cluster.conn_id, **{k: v for k, v in asdict(cluster).items() if k != "conn_id"})
    # The client reads the connection and the configuration; one that cannot be built fails where it is used.
    with suppress(Exception):
        hook.core_v1_client  # noqa: B018
    return hook
