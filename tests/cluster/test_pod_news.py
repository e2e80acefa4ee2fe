"""What the API server says of pods by itself, with the rights that the Role gives, and without them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.pods.api import client
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.build.labels import STUDY
from tests.cluster.pods_on_cluster import LIMIT, Pods

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", "kubernetes://")


async def until(condition: Callable[[], Any], wake: asyncio.Event) -> None:
    """Wait until a condition holds, looking whenever something is heard."""

    async def heard() -> None:
        while not condition():
            wake.clear()
            await wake.wait()

    await asyncio.wait_for(heard(), LIMIT)


def phases(config_file: Path, pods: Pods, *, alone: bool) -> list[str]:
    """Start a pod and return the phases that are heard of it until it has ended."""

    async def listened() -> list[str]:
        wake, found = asyncio.Event(), list[str]()

        def ended() -> bool:
            if pod := ear.newest():
                found.append(pod.status.phase)
            return found[-1:] == ["Succeeded"]

        async with client.connected(Connection("kubernetes_default", config_file=str(config_file))) as cluster:
            name = await asyncio.to_thread(pods.start, "sh", "-c", "sleep 1")
            label = {"metadata": {"labels": {STUDY: "heard"}}}
            await asyncio.to_thread(pods.core.patch_namespaced_pod, name, pods.namespace, label)
            with client.ClusterPod(cluster, name, pods.namespace, alone=alone).subscribe(wake.set) as ear:
                await until(ended, wake)
                assert ear.live
        return found

    return asyncio.run(listened())


@pytest.mark.parametrize("alone", [True, False], ids=["one pod", "all pods of trials"])
def test_a_pod_is_heard_of_until_it_has_ended(airflow_kubeconfig: Path, pods: Pods, alone: bool) -> None:
    assert phases(airflow_kubeconfig, pods, alone=alone)[-1] == "Succeeded"


def test_who_may_not_watch_hears_nothing_and_is_told_so_once(
    airflow_kubeconfig: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused() -> bool:
        async with client.connected(Connection("kubernetes_default", config_file=str(airflow_kubeconfig))) as cluster:
            with client.ClusterPod(cluster, "p", "kube-system").subscribe(lambda: None) as ear:
                await spoken(lambda: "may not be watched" in caplog.text)
                return ear.live

    caplog.set_level("INFO", "airflow_hpo.pods.api.informer")
    assert asyncio.run(refused()) is False
    assert "403" in caplog.text


async def spoken(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""

    async def asked() -> None:
        while not condition():
            await asyncio.sleep(0.05)

    await asyncio.wait_for(asked(), LIMIT)
