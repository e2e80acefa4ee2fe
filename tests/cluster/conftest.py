"""A cluster to test on, an image in it, and a namespace of its own for every module."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.pods_on_cluster import Pods, cluster_tool, wait_for


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    """The admin's kubeconfig of KUBECONFIG's cluster, or of one that is up for the session."""
    if os.environ.get("KUBECONFIG"):
        yield Path(os.environ["KUBECONFIG"].split(os.pathsep)[0])
        return
    was_running = cluster_tool("status", check=False).returncode == 0
    line = cluster_tool("up").stdout
    try:
        yield Path(shlex.split(line)[1].partition("=")[2])
    finally:
        if not was_running:
            cluster_tool("down")


@pytest.fixture(scope="session")
def built_here(kubeconfig: Path) -> None:
    """Skips where the cluster was not built by the tool on this machine."""
    if cluster_tool("kubeconfig", "--user", "airflow", check=False).returncode != 0:
        pytest.skip(f"{kubeconfig} is not of a cluster built on this machine")


@pytest.fixture(scope="session")
def python_image(kubeconfig: Path) -> str:
    """An image with Python 3; `HPO_TEST_IMAGE` names one where the cluster is not on this machine."""
    return os.environ.get("HPO_TEST_IMAGE") or cluster_tool("image", "airflow-hpo/python:test").stdout.strip()


@pytest.fixture(scope="session")
def core(kubeconfig: Path) -> Iterator[Any]:
    """A client of the core API, as admin."""
    from kubernetes import client, config

    with config.new_client_from_config(str(kubeconfig)) as api:
        yield client.CoreV1Api(api)


@pytest.fixture(scope="module")
def namespace(core: Any) -> Iterator[str]:
    """A fresh namespace in which pods can start; removed with all that is in it."""
    from kubernetes.client.exceptions import ApiException

    def there(read: Callable[..., Any], *arguments: str) -> bool:
        try:
            return read(*arguments) is not None
        except ApiException as err:
            if err.status != 404:
                raise
            return False

    name = f"hpo-test-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": name}})
    wait_for(lambda: there(core.read_namespaced_service_account, "default", name), "the service account")
    wait_for(lambda: there(core.read_namespaced_config_map, "kube-root-ca.crt", name), "the root certificate")
    yield name
    core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
    core.delete_namespace(name)
    wait_for(lambda: not there(core.read_namespace, name), f"the end of {name}")


@pytest.fixture
def pods(core: Any, namespace: str, python_image: str) -> Pods:
    """Pods of the module's namespace."""
    return Pods(core, namespace, python_image)
