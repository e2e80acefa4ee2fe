"""Additions of a trial to the author's pod: its parameters, its name, and what its metrics need."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.environment import unbuffered
from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import DeclarationError

if TYPE_CHECKING:
    from kubernetes.client import (  # type: ignore[import-untyped]
        ApiClient,
        Configuration,
        V1Container,
        V1EnvVar,
        V1Pod,
        V1Volume,
        V1VolumeMount,
    )

TERMINATION_LOG = "/dev/termination-log"
FILE_CONTAINER = "airflow-hpo-metrics"
"""The native sidecar that prints the metrics file, so that it can be read like any log."""

_PRINT_FILE = """
file=$1; read=0; ending=
trap 'ending=1' TERM INT
while :; do
  last=$ending
  if [ -f "$file" ]; then
    size=$(wc -c < "$file")
    if [ "$size" -lt "$read" ]; then read=0; fi
    if [ "$size" -gt "$read" ]; then
      tail -c +$((read + 1)) "$file" | head -c $((size - read))
      read=$size
    fi
  fi
  if [ -n "$last" ]; then exit 0; fi
  sleep 0.5 & wait $!
done
"""


def plain(value: Any) -> Any:
    """Return Kubernetes objects as plain data in Kubernetes' own words."""
    return _serializer().sanitize_for_serialization(value)


@cache
def _serializer() -> ApiClient:
    """Return a client that never connects: a client for each call would copy the whole default configuration."""
    from kubernetes.client import ApiClient, Configuration

    return ApiClient(Configuration())


def environment(
    request: TrialRequest, taken: Collection[str] = (), configuration: Configuration | None = None
) -> list[V1EnvVar]:
    """Return the variables that tell the program its parameters.

    Without the configuration of the pod that they join each has one of its own, which is copied whenever the pod is.
    """
    from kubernetes.client import V1EnvVar

    values = unbuffered({**request.environment(), "HPO_TERMINATION_LOG": TERMINATION_LOG})
    return [
        V1EnvVar(name=name, value=_literal(value), local_vars_configuration=configuration)
        for name, value in values.items()
        if name not in taken
    ]


def file_reader(source: MetricSource, image: str, security_context: Any = None) -> V1Container | None:
    """Return the native sidecar that prints the metrics file; None when metrics are not read from one."""
    if not isinstance(source, File):
        return None
    from kubernetes.client import V1Container, V1ResourceRequirements

    return V1Container(
        name=FILE_CONTAINER,
        image=image,
        command=["sh", "-c", _PRINT_FILE, "sh", source.path],
        restart_policy="Always",
        volume_mounts=[file_mount(source)],
        security_context=security_context,
        resources=V1ResourceRequirements(requests={"cpu": "10m", "memory": "16Mi"}, limits={"memory": "64Mi"}),
    )


def file_volume() -> V1Volume:
    """Return the volume that holds the metrics file."""
    from kubernetes.client import V1EmptyDirVolumeSource, V1Volume

    return V1Volume(name=FILE_CONTAINER, empty_dir=V1EmptyDirVolumeSource())


def file_mount(source: File) -> V1VolumeMount:
    """Return where that volume is mounted: the file's folder."""
    from kubernetes.client import V1VolumeMount

    folder = posixpath.dirname(source.path)
    if not posixpath.isabs(source.path) or folder == "/":
        raise DeclarationError(
            f"A metrics file in a pod needs a folder of its own, named from the root, but got {source.path!r}. "
            "Write to such as '/metrics/metrics.log'."
        )
    return V1VolumeMount(name=FILE_CONTAINER, mount_path=folder)


def merged(weak: Any, strong: Any) -> Any:
    """Return two plain values as one: mappings key by key, lists one after the other, else the stronger one."""
    if strong is None or strong == {} or strong == []:
        return weak
    if isinstance(weak, Mapping) and isinstance(strong, Mapping):
        return {**weak, **{name: merged(weak.get(name), value) for name, value in strong.items()}}
    if isinstance(weak, Sequence) and isinstance(strong, list):
        return [*weak, *(item for item in strong if item not in weak)]
    return strong


def refuse_sidecars(pod: V1Pod | None, base: str) -> None:
    """Refuse further ordinary containers: they never learn that the trial has ended."""
    containers = pod.spec.containers if pod and pod.spec else None
    others = [one.name for one in (containers or [])[1:]]
    if others:
        raise DeclarationError(
            f"A trial's pod has one ordinary container, {base!r}, but got {', '.join(map(repr, others))} beside it. "
            "Declare each as an init container with restartPolicy: Always, which starts first and is ended with the trial."
        )


def _literal(value: str) -> str:
    """Keep Kubernetes from expanding ``$(NAME)`` in a value."""
    return value.replace("$(", "$$(")
