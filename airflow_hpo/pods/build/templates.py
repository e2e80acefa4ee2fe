"""Pod templates, and arguments that add to them instead of replacing what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

from airflow_hpo.pods.build.manifest import merged, plain

if TYPE_CHECKING:
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]

POD_FIELDS = {
    "node_selector": "node_selector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "image_pull_secrets": "image_pull_secrets",
    "security_context": "security_context",
    "host_aliases": "host_aliases",
    "dns_config": "dns_config",
}
CONTAINER_FIELDS = {"container_resources": "resources", "container_security_context": "security_context"}
"""By the name of the operator's argument, the field that it sets."""


def template_of(
    file: str | None, data: dict[str, Any] | None, full: V1Pod | None, *, before_jinja: bool = False
) -> V1Pod | None:
    """Return what the author's templates say together; None without any.

    A full pod specification adds to a file or a dictionary, of which the file wins.
    """
    template = None
    if file:
        template = PodGenerator.deserialize_model_file(file)
        if before_jinja:
            # Only what is written in the DAG is rendered: the content of a file is taken as it is.
            template = PodGenerator.deserialize_model_dict(_raw(plain(template)))
    elif data:
        template = PodGenerator.deserialize_model_dict(data)
    if template is None or full is None:
        return template or full
    return _joined(template, full)


def strengthened(arguments: Any, template: V1Pod | None) -> dict[str, Any]:
    """Return the operator's arguments with what the template says about the same things, by argument."""
    if template is None or template.spec is None:
        return {}
    fields = {name: getattr(template.spec, field) for name, field in POD_FIELDS.items()}
    if template.spec.containers:
        container = template.spec.containers[0]
        fields |= {name: getattr(container, field) for name, field in CONTAINER_FIELDS.items()}
    return {name: _merged(weak, getattr(arguments, name)) for name, weak in fields.items() if weak}


def _joined(weak: V1Pod, strong: V1Pod) -> V1Pod:
    joined = PodGenerator.reconcile_pods(weak, strong)
    if not (weak.spec and strong.spec):
        return joined
    for field in POD_FIELDS.values():
        setattr(joined.spec, field, _merged(getattr(weak.spec, field), getattr(strong.spec, field)))
    for theirs, ours, both in zip(weak.spec.containers or [], strong.spec.containers or [], joined.spec.containers):
        for field in CONTAINER_FIELDS.values():
            setattr(both, field, _merged(getattr(theirs, field), getattr(ours, field)))
    return joined


def _merged(weak: Any, strong: Any) -> Any:
    """Merge two values that are Kubernetes objects or plain; plain data in Kubernetes' own words comes out."""
    if not weak or not strong:
        return strong or weak
    return merged(plain(weak), plain(strong))


def _raw(value: Any) -> Any:
    """Return plain data that Jinja leaves as it is."""
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_raw(item) for item in value]
    jinja = isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))
    return f"{{% raw %}}{value}{{% endraw %}}" if jinja else value
