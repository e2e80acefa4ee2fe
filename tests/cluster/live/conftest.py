"""One live Airflow whose trials are pods, for every test of this folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from tests.cluster.namespaces import fresh_namespace, granted
from tests.postgres import metadata_of

DAGS = Path(__file__).parent / "dags"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="package")
def namespace(core: Any) -> Iterator[str]:
    """The namespace of its trials."""
    with fresh_namespace(core) as name:
        yield name


def nearly_half_a_node(core: Any) -> str:
    """So much CPU that two pods at most fit on a node at once, and one beside whatever the cluster itself runs."""
    from kubernetes.utils.quantity import parse_quantity

    return f"{int(parse_quantity(core.list_node().items[0].status.allocatable['cpu']) * 450)}m"


@pytest.fixture(scope="package")
def airflow(kubeconfig: Path, core: Any, namespace: str, python_image: str, postgres_url: str) -> Iterator[LiveAirflow]:
    """A running Airflow that has the rights of the Role."""
    extra = {"kube_config_path": str(granted(core, namespace) or kubeconfig)}
    env = {
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps({"conn_type": "kubernetes", "extra": extra}),
        "AIRFLOW__HPO__PRELOAD": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_of(postgres_url, "airflow_with_pods"),
        "HPO_TEST_IMAGE": python_image,
        "HPO_TEST_NAMESPACE": namespace,
        "HPO_TEST_CPU": nearly_half_a_node(core),
    }
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    with LiveAirflow(home, DAGS, env=env) as live:
        yield live
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="package")
def store(airflow: LiveAirflow) -> Store:
    """The study database of the running Airflow."""
    database = Database.sqlite(airflow.home / "hpo.db")
    migrate.upgrade(database)
    return Store(database)
