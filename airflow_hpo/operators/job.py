"""Operator for trials that are Jobs of several pods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.cncf.kubernetes.utils.pod_manager import OnFinishAction
from airflow.sdk import Context

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.pods import jobs
from airflow_hpo.pods.job_names import checked_count, job_name

if TYPE_CHECKING:
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]


class TrialJobOperator(TrialPodOperator):
    """Runs a trial as an indexed Job of several pods, all from the same arguments; that of index 0 reports and counts.

    Its log is followed, its metrics are read and its end is the trial's end; the other pods are ended with it. When another
    pod fails, so does the trial, with that pod's reason. Kubernetes retries nothing itself: a failed attempt is a new Job.

    Every pod finds its place in ``JOB_COMPLETION_INDEX``, the number of pods in ``HPO_PODS``, and the Job's name in
    ``HPO_JOB``: with a headless Service of the author's, ``subdomain="trials"`` makes ``$(HPO_JOB)-0.trials`` the address of
    the first, for example in ``env_vars={"MASTER_ADDR": "$(HPO_JOB)-0.trials"}``.

    Example::

        suggest = StudySuggestOperator(task_id="suggest", edition="valley@{{ run_id }}", batch=1)
        TrialJobOperator.partial(
            task_id="trial",
            image="registry.example.com/trainer:2",
            pods=4,
            arguments=["--x={{ trial.params.x }}"],
        ).expand(request=suggest.output)

    :param pods: how many pods a trial has, 1 or more.
    :param request: a trial request as ``suggest`` returns it.
    :param kwargs: everything that a :class:`airflow_hpo.operators.pod.TrialPodOperator` takes.
    :raises DeclarationError: when the number is none, or pods are to be kept.
    """

    backend = Backend.JOB
    work_fields: ClassVar[Sequence[str]] = (*TrialPodOperator.work_fields, "pods")

    def __init__(self, *, pods: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pods = checked_count(pods)
        if self.on_finish_action is not OnFinishAction.DELETE_POD:
            raise DeclarationError(
                f"A trial's Job is removed when it has ended, but got on_finish_action={self.on_finish_action.value!r}. "
                "Leave it out; the log is in the task's log."
            )

    @cached_property
    def client(self) -> Any:
        """The API that trials use, with Jobs in the place of pods."""
        hook: Any = self.hook
        return jobs.JobsAsPods(super().client, hook.batch_v1_client, self.pods)

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> V1Pod:
        """Return the pod of which the Job makes several."""
        from kubernetes.client import V1EnvVar

        pod = super().build_pod_request_obj(context, dry_run=dry_run)
        pod.metadata.name = name = job_name(pod.metadata.name)
        container = next(one for one in pod.spec.containers if one.name == self.base_container_name)
        place = [V1EnvVar(name="HPO_JOB", value=name), V1EnvVar(name="HPO_PODS", value=str(self.pods))]
        # First, so that the author's own variables may refer to them.
        container.env = [*place, *(container.env or [])]
        return pod

    def _of_pod(self, outcome: Outcome) -> Outcome:
        return super()._of_pod(self._explained(outcome))

    def _explained(self, outcome: Outcome) -> Outcome:
        """Say why another pod failed, when that is why the first was ended."""
        if outcome.kind is not FailureKind.INFRASTRUCTURE or self.pod is None:
            return outcome
        meta = self.pod.metadata
        try:
            found = jobs.other_failure(self.hook.core_v1_client, meta.name, meta.namespace, self.base_container_name)
        except Exception as err:  # noqa: BLE001 - the first pod's failure is known; why another failed is only its explanation
            self.log.warning("The other pods of the Job could not be looked at: %s", err)
            return outcome
        if found is None:
            return outcome
        return replace(outcome, reason=found.reason, kind=found.kind, exit_code=found.exit_code)
