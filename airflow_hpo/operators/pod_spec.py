"""The pod that a trial runs in: the author's arguments and templates, with what the trial adds."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.callbacks import ExecutionMode
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context

from airflow_hpo.core.environment import as_variables
from airflow_hpo.core.metrics.source import File, MetricSource, Stdout
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.build import manifest
from airflow_hpo.pods.build.labels import PodIdentity, checked_labels
from airflow_hpo.pods.build.pod import author_manifest, built, completed

if TYPE_CHECKING:
    import jinja2
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]

REFUSED = {
    "do_xcom_push": "the result of a trial is pushed in any case, without a sidecar",
    "durable": "a later try finds the pod of its own trial by itself",
    "reattach_on_restart": "a later try finds the pod of its own trial by itself",
    "random_name_suffix": "the name says study, trial and attempt",
    "skip_on_exit_code": "a trial is complete, pruned or failed, and a skipped one would be none of these",
    "get_logs": "the log is what metrics are read from",
    "logging_interval": "the log is followed as it is written",
    "progress_callback": "the log is followed as it is written",
    "trigger_kwargs": "the trigger is this operator's own",
    "is_delete_operator_pod": "`on_finish_action` says it",
}


class TrialPodSpec(KubernetesPodOperator):
    """Builds the pods of a :class:`airflow_hpo.operators.pod.TrialPodOperator`, which says what the arguments mean."""

    template_fields: Sequence[str] = (
        *KubernetesPodOperator.template_fields,
        "affinity",
        "container_security_context",
        "full_pod_spec",
        "image_pull_secrets",
        "init_containers",
        "metrics",
        "priority_class_name",
        "runtime_class_name",
        "schedulername",
        "security_context",
        "service_account_name",
        "tolerations",
    )

    context: Context | None
    """Airflow's context, once the task runs."""

    def __init__(
        self,
        *,
        metrics: MetricSource | None = None,
        deferrable: bool = True,
        poll_interval: float = 10,
        schedule_timeout_seconds: int = 3600,
        startup_timeout_seconds: int = 900,
        log_events_on_startup: bool = False,
        log_pod_spec_on_failure: bool = False,
        termination_message_policy: str = "FallbackToLogsOnError",
        **kwargs: Any,
    ) -> None:
        _refuse(kwargs)
        if isinstance(labels := kwargs.get("labels"), Mapping):
            checked_labels(labels)
        if isinstance(variables := kwargs.get("env_vars"), Mapping):
            kwargs["env_vars"] = as_variables("env_vars", variables)
        super().__init__(
            deferrable=deferrable,
            poll_interval=poll_interval,
            schedule_timeout_seconds=schedule_timeout_seconds,
            startup_timeout_seconds=startup_timeout_seconds,
            log_events_on_startup=log_events_on_startup,
            log_pod_spec_on_failure=log_pod_spec_on_failure,
            termination_message_policy=termination_message_policy,
            durable=False,
            random_name_suffix=False,
            **{name: _own(value) for name, value in kwargs.items()},
        )
        self.metrics = metrics or Stdout()
        self._identity: PodIdentity | None = None
        # A path that begins with a template is looked at once it is rendered.
        if isinstance(self.metrics, File) and not self.metrics.path.startswith("{"):
            manifest.file_mount(self.metrics)

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> V1Pod:
        """Return the author's pod with what the trial adds; cluster policies see it complete."""
        pod = author_manifest(self)
        if self._identity is None:
            raise RuntimeError("A trial's pod is built once its attempt has begun.")
        complete = completed(pod, self._identity, self.metrics)
        # A dry run reaches no cluster.
        return built(complete, context, self.cluster(), self.log, None if dry_run else self.hook, dry_run=dry_run)

    def cluster(self) -> Connection:
        """Return how the cluster is reached."""
        return Connection(self.kubernetes_conn_id, self.in_cluster, self.config_file, self.cluster_context)

    def tell_callbacks(self, event: str, **arguments: Any) -> None:
        """Call the author's pod callbacks."""
        arguments.setdefault("context", self.context)
        for callback in self.callbacks:
            getattr(callback, event)(client=self.client, mode=ExecutionMode.SYNC, operator=self, **arguments)

    def _render_nested_template_fields(
        self, value: Any, context: Context, jinja_env: jinja2.Environment, seen_oids: set[int]
    ) -> None:
        """Render Kubernetes objects in every field, not only in those that the base class knows."""
        fields = getattr(value, "openapi_types", None)
        if fields is None:
            super()._render_nested_template_fields(value, context, jinja_env, seen_oids)
        elif id(value) not in seen_oids:
            seen_oids.add(id(value))
            self._do_render_template_fields(value, tuple(fields), context, jinja_env, seen_oids)


def _refuse(arguments: Mapping[str, Any]) -> None:
    for name, why in REFUSED.items():
        if arguments.get(name) is not None:
            raise DeclarationError(
                f"A trial's pod takes no {name!r}, because {why}, but got {arguments[name]!r}. Leave it out."
            )


def _own(value: Any) -> Any:
    """Copy Kubernetes objects: rendering changes them in place, and mapped tasks share their arguments."""
    if hasattr(value, "openapi_types"):
        return copy.deepcopy(value)
    if isinstance(value, list):
        return [_own(item) for item in value]
    return {key: _own(item) for key, item in value.items()} if isinstance(value, dict) else value
