"""Pod of a trial in three steps, the same in a worker and in a triggerer.

1. The author's arguments and templates become one Kubernetes manifest (:func:`author_manifest`), with Jinja in it or rendered.
2. The trial adds its name, labels, variables and what its metrics need (:func:`completed`).
3. Airflow adds its own labels and the cluster's policies (:func:`built`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.backcompat.backwards_compat_converters import (
    convert_configmap,
    convert_env_vars_or_raise_error,
    convert_volume,
    convert_volume_mount,
)
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

from airflow_hpo.core.environment import as_text, as_variable, as_variables
from airflow_hpo.core.log import Log
from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.build import manifest
from airflow_hpo.pods.build.labels import PodIdentity, label_value
from airflow_hpo.pods.build.templates import strengthened, template_of

if TYPE_CHECKING:
    from airflow.sdk import Context
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]

Manifest = dict[str, Any]
"""A pod as plain data in Kubernetes' own words."""


def author_manifest(author: KubernetesPodOperator, *, before_jinja: bool = False) -> Manifest:
    """Return the pod that an author's arguments and templates declare together, without anything of a trial.

    Before Jinja the content of a template's file is marked as one that is not to be rendered, as it is not in a worker.
    """
    from kubernetes import client as k8s  # type: ignore[import-untyped]

    template = template_of(
        author.pod_template_file, author.pod_template_dict, author.full_pod_spec, before_jinja=before_jinja
    )
    manifest.refuse_sidecars(template, author.base_container_name)
    strong = strengthened(author, template)

    def given(name: str) -> Any:
        return strong.get(name, getattr(author, name))

    container = k8s.V1Container(
        name=author.base_container_name,
        image=author.image,
        command=_texts(author.cmds),
        args=_texts(author.arguments),
        ports=author.ports,
        image_pull_policy=author.image_pull_policy,
        resources=given("container_resources"),
        volume_mounts=[convert_volume_mount(mount) for mount in author.volume_mounts],
        env=[*_variables(author.env_vars), *author.pod_runtime_info_envs],
        env_from=[*author.env_from, *(convert_configmap(name) for name in author.configmaps)],
        security_context=given("container_security_context"),
        termination_message_policy=author.termination_message_policy,
    )
    spec = k8s.V1PodSpec(
        containers=[container],
        init_containers=author.init_containers,
        volumes=[convert_volume(volume) for volume in author.volumes],
        restart_policy="Never",
        node_selector=given("node_selector"),
        affinity=given("affinity"),
        tolerations=given("tolerations"),
        image_pull_secrets=given("image_pull_secrets"),
        security_context=given("security_context"),
        host_aliases=given("host_aliases"),
        dns_config=given("dns_config"),
        dns_policy=author.dnspolicy,
        runtime_class_name=author.runtime_class_name,
        service_account_name=author.service_account_name,
        host_network=author.hostnetwork,
        hostname=author.hostname,
        subdomain=author.subdomain,
        scheduler_name=author.schedulername,
        priority_class_name=author.priority_class_name,
        active_deadline_seconds=author.active_deadline_seconds,
        termination_grace_period_seconds=author.termination_grace_period,
    )
    meta = k8s.V1ObjectMeta(
        namespace=author.namespace,
        labels=as_variables("labels", author.labels),
        annotations=as_variables("annotations", author.annotations),
    )
    pod = k8s.V1Pod(api_version="v1", kind="Pod", metadata=meta, spec=spec)
    if template:
        pod = PodGenerator.reconcile_pods(template, pod)
    asked = author.automount_service_account_token
    if asked is not None or pod.spec.automount_service_account_token is None:
        # A program that calls the API server is rare, and one that is broken into would have what the account may do.
        pod.spec.automount_service_account_token = bool(asked)
    # Of a template's name nothing is left: pods of trials are called by theirs.
    pod.metadata.name = author.name
    for secret in author.secrets:
        pod = secret.attach_to_pod(pod)
    plain: Manifest = manifest.plain(pod)
    return plain


def completed(pod: Manifest, identity: PodIdentity, metrics: MetricSource) -> V1Pod:
    """Return an author's pod with what the trial adds: name, labels, variables, and what its metrics need."""
    found = PodGenerator.deserialize_model_dict(pod)
    meta, spec = found.metadata, found.spec
    meta.name = identity.name(meta.name)
    labels = {name: label_value(value) for name, value in (meta.labels or {}).items()}
    meta.labels = {**labels, **identity.labels()}
    meta.annotations = {**(meta.annotations or {}), **identity.annotations()}
    base = spec.containers[0]
    theirs = base.env or []
    # First, so that the author's own variables may refer to them.
    ours = manifest.environment(identity.request, {one.name for one in theirs}, base.local_vars_configuration)
    base.env = [*ours, *theirs]
    if isinstance(metrics, File):
        reader = manifest.file_reader(metrics, base.image or "", base.security_context)
        spec.init_containers = [*(spec.init_containers or []), reader]
        spec.volumes = [*(spec.volumes or []), manifest.file_volume()]
        base.volume_mounts = [*(base.volume_mounts or []), manifest.file_mount(metrics)]
    return found


class PodBuilder(KubernetesPodOperator):
    """Adds what Airflow adds to every pod, once: labels of the task, the connection's namespace, the cluster's policies."""

    lines: Log | None = None
    """Log of the trial's own task."""

    @property
    def log(self) -> Any:
        """Where to log what is built."""
        return self.lines or super().log


def built(
    pod: V1Pod, context: Context | None, cluster: Connection, log: Log, hook: Any = None, *, dry_run: bool = False
) -> V1Pod:
    """Return a completed pod as Kubernetes gets it."""
    base = pod.spec.containers[0]
    builder = PodBuilder(
        task_id="trial",
        full_pod_spec=pod,
        base_container_name=base.name,
        termination_message_policy=base.termination_message_policy,
        kubernetes_conn_id=cluster.conn_id,
        in_cluster=cluster.in_cluster,
        config_file=cluster.config_file,
        cluster_context=cluster.cluster_context,
        random_name_suffix=False,
    )
    builder.lines = log
    if hook is not None:
        builder.hook = hook
    return builder.build_pod_request_obj(context, dry_run=dry_run)


def _texts(parts: Any) -> list[str] | None:
    return None if parts is None else [as_text(part) for part in parts]


def _variables(given: Any) -> list[Any]:
    found = list(convert_env_vars_or_raise_error(given)) if given else []
    for one in found:
        if not isinstance(one, Mapping) and one.value is not None:
            one.value = as_variable("env_vars", one.name, one.value)
    return found
