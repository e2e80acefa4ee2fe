"""A cluster to test on, an image in it, and a namespace of its own for every module."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.namespaces import fresh_namespace, granted
from tests.cluster.pods_on_cluster import ROOT, Pods, cluster_tool


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
def trial_image(kubeconfig: Path) -> str:
    """The image that `docker/trial/Dockerfile` makes; `HPO_TRIAL_IMAGE` names it where the cluster is not on this machine."""
    image = os.environ.get("HPO_TRIAL_IMAGE")
    return image or cluster_tool("image", "airflow-hpo/trial:1", str(ROOT / "docker" / "trial")).stdout.strip()


@pytest.fixture(scope="session")
def core(kubeconfig: Path) -> Iterator[Any]:
    """A client of the core API, as admin."""
    from kubernetes import client, config

    with config.new_client_from_config(str(kubeconfig)) as api:
        yield client.CoreV1Api(api)


@pytest.fixture(scope="module")
def namespace(core: Any) -> Iterator[str]:
    """A fresh namespace in which pods can start; removed with all that is in it."""
    with fresh_namespace(core) as name:
        yield name


@pytest.fixture
def pods(core: Any, namespace: str, python_image: str) -> Pods:
    """Pods of the module's namespace."""
    return Pods(core, namespace, python_image)


@pytest.fixture(scope="module")
def airflow_kubeconfig(kubeconfig: Path, core: Any, namespace: str) -> Path:
    """A kubeconfig of somebody who may do in the module's namespace what `docker/kubernetes/rbac.yaml` says."""
    return granted(core, namespace) or kubeconfig


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies import migrate

    path = tmp_path_factory.mktemp("tables") / "hpo.db"
    migrate.upgrade(Database.sqlite(path))
    return path


@pytest.fixture
def tuned(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An open edition in the database that Airflow uses without a connection."""
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies.store import Store
    from tests.integration.trial_tasks import Tuned, declared

    database = Database.sqlite(shutil.copy(tables, tmp_path / "hpo.db"))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return Tuned(Store(database), declared(pruner={"name": "threshold", "options": {"upper": 100.0}}), uuid.uuid4().hex)


@pytest.fixture
def task(
    tuned: Any,
    core: Any,
    airflow_kubeconfig: Path,
    namespace: str,
    python_image: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Builds trial tasks that run a Python program in a pod, with the rights that the Role gives."""
    from airflow_hpo.pods.build.labels import label_value
    from tests.cluster.trials_on_cluster import Task

    extra = {"kube_config_path": str(airflow_kubeconfig)}
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", json.dumps({"conn_type": "kubernetes", "extra": extra}))
    requests = iter(tuned.suggest())

    def make(program: str, **arguments: Any) -> Task:
        given = {
            "namespace": namespace,
            "image": python_image,
            "image_pull_policy": "IfNotPresent",
            "cmds": ["python3", "-c", program],
            "termination_grace_period": 1,
            **arguments,
        }
        return Task(tuned, next(requests), given)

    yield make
    selector = f"airflow-hpo/edition={label_value(tuned.name)}"
    core.delete_collection_namespaced_pod(namespace, label_selector=selector, grace_period_seconds=0)
