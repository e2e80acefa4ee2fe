"""Operator for trials that are pods."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import yaml
from airflow.providers.cncf.kubernetes.utils.pod_manager import OnFinishAction, OnKillAction
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_hpo import conf
from airflow_hpo.core.attempt import Attempt, Backend
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.silence import silence_allowed
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError, TrialFailedError
from airflow_hpo.hooks.secrets import hidden_in
from airflow_hpo.operators.context import permanent_errors_end_the_task, task_try_of
from airflow_hpo.operators.end_in_triggerer import may_end_in_triggerer
from airflow_hpo.operators.pod_spec import TrialPodSpec
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.pods import start
from airflow_hpo.pods.api.errors import reachable
from airflow_hpo.pods.build import manifest
from airflow_hpo.pods.build.pod import author_manifest
from airflow_hpo.pods.cluster import watch_pod
from airflow_hpo.pods.failures import over, started
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.trials.code_files import files_fingerprint
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers.node_report import located
from airflow_hpo.triggers.pod import PodEvent, TrialPodTrigger
from airflow_hpo.triggers.pod_start import delete_left_pod, identity_of, manifest_of, start_pod
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from airflow_hpo.triggers.waits import waits_of

if TYPE_CHECKING:
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]

DEFER_SLACK = timedelta(minutes=5)
"""How much later than the trial's own deadline Airflow would end the trigger, which would leave the pod behind."""
ASK_AGAIN = timedelta(seconds=30)
"""Between two requests of a worker for a pod that Kubernetes does not take now."""


class TrialPodOperator(TrialOperator, TrialPodSpec):
    """Runs a trial as a pod and reads its metrics while it runs.

    A ``KubernetesPodOperator`` that waits in the triggerer by default. The program finds its parameters in any templated
    argument (``{{ trial.params.x }}``) and in ``HPO_*`` variables. Its log appears in the task's log as it is written. A
    pruned trial's pod is deleted, and so is the pod of a task that is cleared, marked or timed out. Failures of the
    program (exit code, memory, deadline, no metric) are retried ``program_retries`` times, failures of the cluster
    (eviction, preemption, a lost node, an image that cannot be pulled) by the task's ``retries``.

    Arguments add to a pod template instead of replacing what it says: resources, tolerations, node selector, affinity,
    security contexts. All of them are templated, Kubernetes objects in every field.

    Example::

        suggest = StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)
        TrialPodOperator.partial(
            task_id="trial",
            image="registry.example.com/simulator:1.4",
            arguments=["--x={{ trial.params.x }}"],
            namespace="trials",
        ).expand(request=suggest.output)

    :param request: a trial request as ``suggest`` returns it.
    :param image: the trial's image. Templated.
    :param cmds: the program; None for the image's own. Templated.
    :param arguments: its arguments. Templated.
    :param metrics: where the program writes its metrics: ``Stdout()``, ``TerminationMessage()``, or ``File(path)`` in a
        folder of its own, which a native sidecar prints. The path is templated.
    :param name: what pods are called before ``-t<trial>-a<attempt>-<hash>``; None for the study's name. Templated.
    :param deferrable: wait in the triggerer; False keeps a worker while the trial runs.
    :param poll_interval: seconds between two looks at a pod while its log goes on; the end of the log is noticed at once.
    :param schedule_timeout_seconds: how long a pod may wait for a quota and for a node; long enough for a node pool to grow.
    :param startup_timeout_seconds: how long a scheduled pod may take to start, big images included.
    :param api_timeout_seconds: how long the API server may be away before the attempt is given up.
    :param no_news_after: how long the program may print no line once it has started, seconds or timedelta, more than 0; then the
        pod is deleted, and the attempt fails with the kind ``no_news``, which ``program_retries`` counts. None for no limit.
    :param time_limit: seconds that the program may run from its start; None for the task's ``execution_timeout``, which counts
        from there too unless a worker is kept (``deferrable=False``).
    :param log_events_on_startup: write the pod's events into the log until it has started.
    :param log_pod_spec_on_failure: write the whole pod into the log when the attempt has failed.
    :param termination_message_policy: ``"FallbackToLogsOnError"`` takes the end of the log as the message of a container
        that failed without one; ``"File"`` takes only what the program wrote itself.
    :param on_finish_action: ``"delete_pod"``, or which pods that have ended are kept: ``"keep_pod"``,
        ``"delete_succeeded_pod"``. Pods that run are always deleted.
    :param kwargs: everything else that a ``KubernetesPodOperator`` or a trial takes.
    :raises DeclarationError: when an argument of the base class makes no sense for a trial, or ``no_news_after`` is not more
        than 0.
    """

    backend = Backend.POD
    work_fields: ClassVar[Sequence[str]] = (
        "image",
        "cmds",
        "arguments",
        "env_vars",
        "env_from",
        "pod_template_file",
        "pod_template_dict",
        "full_pod_spec",
    )
    further_work_fields: ClassVar[Sequence[str]] = (
        "configmaps",
        "secrets",
        "init_containers",
        "volumes",
        "volume_mounts",
    )

    def __init__(
        self,
        *,
        api_timeout_seconds: int = 600,
        time_limit: float | None = None,
        no_news_after: float | timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.api_timeout_seconds = api_timeout_seconds
        self.time_limit = time_limit
        self.no_news_after = silence_allowed(no_news_after)
        self.outcome: Outcome | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the trial, unless the study has its result."""
        try:
            result = super().execute(context)
        finally:
            if self.run and self.run.claimed.answered and not self.keeps_pods:
                delete_left_pod(self.run, lambda: self.client, self.termination_grace_period, self.log)
        return self._pushed(context, result)

    def execute_when_run(self, context: Context, event: Any) -> dict[str, Any]:
        """Go on after the triggerer has run the trial to its failure, or could not start it."""
        if "outcome" in event:
            return self.execute_when_ended(context, event)
        self.log.info("The triggerer could not start the trial: %s", event["reason"])
        return self.execute(context)

    def execute_when_ended(self, context: Context, event: PodEvent) -> dict[str, Any]:
        """Tell the study what became of the pod."""
        with permanent_errors_end_the_task():
            # Airflow at times takes a task that resumes at once for lost and kills it: the pod's end stands all the same.
            self._killed = False
            self.pod = _named(event["name"], event["namespace"])
            self.outcome = outcome = Outcome.from_dict(event["outcome"])
            run = self.claimed_run(context)
            if run.claimed.answered or run.claimed.record.number != event["number"]:
                self.clean_up(final=True)
                return self.execute(context)
            run.resume(task_try_of(context), self.backend, self.placement())
            return self._pushed(context, self.ended(context, run, partial(self._of_pod, outcome)).to_dict())

    def run_trial(self, context: Context, run: TrialRun) -> Outcome:
        """Start the pod, then wait for it in the triggerer or here."""
        if self._killed:
            raise TrialFailedError("The task was killed before its pod was created.", kind=FailureKind.KILLED)
        pod = self.start_pod(context, run)
        there: Any = pod or self.pod
        name, namespace = str(there.metadata.name), str(there.metadata.namespace)
        manifest = None if pod else manifest_of(self.client, there)
        if manifest and self.deferrable and hidden_in(there):
            self._ask_again(run)
        context["ti"].xcom_push(key="pod_name", value=name)
        context["ti"].xcom_push(key="pod_namespace", value=namespace)
        # A pod of an earlier try may have ended; and a task that resumes right after deferring is at times killed.
        if self.deferrable and not (pod and over(pod, self.base_container_name)):
            self._defer(run, there, manifest)
        monitor = run.monitor()
        watching = watch_pod(
            self.cluster(),
            name,
            namespace,
            self.watch_limits(run.attempt),
            self.metrics,
            run.study.objective,
            monitor,
            self.log,
            alone=True,
            on_node=located(run.store, run.study, run.attempt),
            on_line=monitor.heard,
            grace_period=self.termination_grace_period,
            read_to=monitor.read_to,
            earlier=run.read_before(),
            were_read=run.logs_were_read,
            waits=waits_of(run, monitor, manifest),
        )
        try:
            return self._of_pod(monitor.explained(asyncio.run(watching)))
        except AirflowTaskTimeout as err:
            if self._has_started():
                raise
            reason = f"The task ran into its execution_timeout before the pod's program had started: {err}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE) from err

    def start_pod(self, context: Context, run: TrialRun) -> V1Pod | None:
        """Create the pod of the attempt that has begun, or take up an earlier try's; None when it has to wait."""
        self.metrics.check(run.study.objective)
        self._identity = identity_of(run)
        with reachable():
            self.pod_request_obj = request = self.build_pod_request_obj(context)
        self.tell_callbacks("on_pod_manifest_created", pod_request=request, context=context)
        # Known before it is created, so that a kill in between deletes it.
        self.pod = request
        try:
            pod = start_pod(run, self.client, request, self.log)
        except ClusterRefusedError:
            # There is nothing to delete, for which a missing right would be waited for. Of a Job the listing may be refused.
            self.pod = request if self.backend is Backend.JOB else None
            raise
        if pod:
            self.pod = pod
            self.tell_callbacks("on_pod_creation", pod=pod, context=context)
        return pod

    def on_kill(self) -> None:
        """Delete the pod, unless it has ended: its result is being stored then."""
        if self.outcome is None:
            self.log.info("The task is killed; its pod is deleted")
            super().on_kill()

    def clean_up(self, *, final: bool) -> None:
        """Delete the pod, or mark it as one that no later try may take up."""
        pod, outcome = self.pod, self.outcome
        if pod is None or self._killed or (outcome and outcome.alive and not final):
            return
        name, namespace = pod.metadata.name, pod.metadata.namespace
        try:
            if self._kept():
                start.mark_ended(self.client, name, namespace)
            else:
                start.delete(self.client, name, namespace, self.termination_grace_period)
        except Exception as err:  # noqa: BLE001
            # The result is in the study already: a pod that stays is no reason to fail, and the next try deletes it.
            self.log.warning("The pod %s could not be cleaned up: %s", name, err)
        self.tell_callbacks("on_pod_cleanup", pod=pod)
        self.pod = None

    def placement(self) -> Placement:
        """Return nothing yet: where the pod runs is known later."""
        return UNKNOWN

    @property
    def keeps_pods(self) -> bool:
        """Whether pods that have ended may be kept, which is decided in a worker."""
        return bool(self.on_finish_action is not OnFinishAction.DELETE_POD)

    def _ask_again(self, run: TrialRun) -> NoReturn:
        """Leave the worker for a while: a pod with secrets in it is stored nowhere, and so is created by no trigger."""
        limits = self.watch_limits(run.attempt)
        if limits.waited(time.monotonic()) >= limits.schedule_timeout:
            reason = f"The pod could not be created within {limits.schedule_timeout:g} s. It waits for {run.attempt.waits_for}"
            raise ClusterUnavailableError(reason)
        self.defer(trigger=TimeDeltaTrigger(ASK_AGAIN), method_name="execute_when_ready")
        raise RuntimeError("unreachable: defer() raises")

    def _defer(self, run: TrialRun, pod: V1Pod, manifest: dict[str, Any] | None) -> None:
        limits = self.watch_limits(run.attempt)
        grace = self.termination_grace_period or pod.spec.termination_grace_period_seconds or 0
        trigger = TrialPodTrigger.of(
            run.attempt,
            pod,
            self.cluster(),
            limits,
            self.metrics,
            hpo_conn_id=self.hpo_conn_id,
            delete_on_kill=self.on_kill_action is OnKillAction.DELETE_POD,
            grace_period=self.termination_grace_period,
            end_task=may_end_in_triggerer(self),
            masked=hidden_in(pod),
            manifest=manifest,
        )
        limit = limits.execution_timeout
        waits = limits.schedule_timeout + limits.startup_timeout + grace
        longest = limit and timedelta(seconds=limit + waits) + DEFER_SLACK
        self.defer(trigger=trigger, method_name="execute_when_ended", timeout=longest)

    def _of_pod(self, outcome: Outcome) -> Outcome:
        """Take the pod's end, wherever it was watched."""
        self.outcome = outcome
        if self.log_pod_spec_on_failure and outcome.state is AttemptOutcome.FAILED:
            self._log_pod()
        for name in ("on_pod_completion", "on_pod_teardown"):
            self.tell_callbacks(name, pod=self.pod)
        if self._killed:
            return replace(
                outcome,
                state=AttemptOutcome.FAILED,
                kind=FailureKind.KILLED,
                reason="The task was killed and its pod deleted.",
            )
        return outcome

    def _has_started(self) -> bool:
        """Say whether the program of the pod has started, as far as it can be seen."""
        assert self.pod is not None
        try:
            found = self.client.read_namespaced_pod(self.pod.metadata.name, self.pod.metadata.namespace)
        except Exception:  # noqa: BLE001 - the task has no time left to ask again
            return True
        return started(found, self.base_container_name)

    def _log_pod(self) -> None:
        assert self.pod is not None
        try:
            found = self.client.read_namespaced_pod(self.pod.metadata.name, self.pod.metadata.namespace)
            self.log.info("The pod:\n%s", yaml.safe_dump(self.client.api_client.sanitize_for_serialization(found)))
        except Exception as err:  # noqa: BLE001 - the failure is known; the pod is only its explanation
            self.log.warning("The pod cannot be shown: %s", err)

    def _kept(self) -> bool:
        outcome = self.outcome
        if outcome is None or not outcome.over:
            return False
        failed = outcome.state is AttemptOutcome.FAILED
        keeping = {OnFinishAction.KEEP_POD, OnFinishAction.DELETE_ACTIVE_POD}
        return self.on_finish_action in keeping or (
            failed and self.on_finish_action is OnFinishAction.DELETE_SUCCEEDED_POD
        )

    def watch_limits(self, attempt: Attempt) -> WatchLimits:
        """Return how the pod of an attempt is watched."""
        limit = self.time_limit or (self.execution_timeout.total_seconds() if self.execution_timeout else None)
        # In a worker Airflow itself ends a task that takes too long.
        limit = limit if self.deferrable or self.time_limit else None
        return replace(self._options(), execution_timeout=limit, begun=attempt.started.timestamp())

    def _options(self) -> WatchLimits:
        return WatchLimits(
            container=self.base_container_name,
            metrics_container=manifest.FILE_CONTAINER if isinstance(self.metrics, File) else None,
            schedule_timeout=self.schedule_timeout_seconds,
            startup_timeout=self.startup_timeout_seconds,
            startup_check_interval=self.startup_check_interval_seconds,
            poll_interval=self.poll_interval,
            api_timeout=self.api_timeout_seconds,
            report_interval=conf.report_interval(),
            ending_interval=conf.poll_interval(),
            no_news_after=self.no_news_after,
            log_events=self.log_events_on_startup,
        )

    def files_work(self, folder: str | None = None) -> str:
        """Return the fingerprint of the files that decide a trial's value, a template's file among them."""
        own, template = super().files_work(folder), str(self.pod_template_file or "")
        if "{" in template or not os.path.isfile(template):
            return own
        return fingerprint([own, files_fingerprint([template], os.getcwd())])

    def spec(self, folder: str | None = None) -> PodTrialSpec:
        """Return what the arguments declare, as a triggerer needs it to run the trial without this operator.

        :param folder: where relative paths of ``code`` begin.
        """
        return PodTrialSpec(
            manifest=author_manifest(self, before_jinja=True),
            metrics=self.metrics,
            connection=self.cluster(),
            options=self._options(),
            work=self.work(),
            arguments=self.work_arguments(),
            files=self.files_work(folder),
            hpo_conn_id=self.hpo_conn_id,
            rerun="always" if self.rerun == "always" else "changed",
            trial_task_id=self.trial_task_id,
            keeps_pods=self.keeps_pods,
            delete_on_kill=self.on_kill_action is OnKillAction.DELETE_POD,
            grace_period=self.termination_grace_period,
            time_limit=self.time_limit,
        )

    def _pushed(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Push the result: the base class's switch for it would add a sidecar."""
        context["ti"].xcom_push(key="return_value", value=result)
        return result


def _named(name: str, namespace: str) -> V1Pod:
    from kubernetes.client import V1ObjectMeta, V1Pod

    return V1Pod(metadata=V1ObjectMeta(name=name, namespace=namespace))
