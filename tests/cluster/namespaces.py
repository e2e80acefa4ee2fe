"""Namespaces of the tests' own, and who may do what in them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.pods_on_cluster import ROOT, cluster_tool, wait_for


@contextmanager
def fresh_namespace(core: Any) -> Iterator[str]:
    """Make a namespace in which pods can start; it goes with all that is in it, which nobody waits for."""
    name = f"hpo-test-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": name}})
    wait_for(lambda: _there(core.read_namespaced_service_account, "default", name), "the service account")
    wait_for(lambda: _there(core.read_namespaced_config_map, "kube-root-ca.crt", name), "the root certificate")
    yield name
    core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
    core.delete_namespace(name)


def granted(core: Any, namespace: str) -> Path | None:
    """Let a user do in a namespace what `docker/kubernetes/rbac.yaml` says, and return the user's kubeconfig.

    None where the cluster was not built here: it has no such user.
    """
    import yaml
    from kubernetes import client

    own = cluster_tool("kubeconfig", "--user", "airflow", check=False)
    if own.returncode != 0:
        return None
    role, binding = yaml.safe_load_all((ROOT / "docker" / "kubernetes" / "rbac.yaml").read_text())
    binding["subjects"] = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "airflow"}]
    rbac = client.RbacAuthorizationV1Api(core.api_client)
    rbac.create_namespaced_role(namespace, role)
    rbac.create_namespaced_role_binding(namespace, binding)
    return Path(own.stdout.strip())


def _there(read: Callable[..., Any], *arguments: str) -> bool:
    from kubernetes.client.exceptions import ApiException

    try:
        return read(*arguments) is not None
    except ApiException as err:
        if err.status != 404:
            raise
        return False
