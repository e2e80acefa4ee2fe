"""The informer of pods on a real cluster, with the rights that the Role gives, and without them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.pods.api import client, informer
from airflow_hpo.pods.api.client import connected
from airflow_hpo.pods.api.cluster_pod import ClusterPod
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.build.labels import STUDY
from tests.cluster.pods_on_cluster import LIMIT, Pods

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", "kubernetes://")


async def until(condition: Callable[[], Any], wake: asyncio.Event) -> None:
    """Wait until a condition holds, looking whenever the pod has changed."""

    async def holds() -> None:
        while not condition():
            wake.clear()
            await wake.wait()

    await asyncio.wait_for(holds(), LIMIT)


async def changed(pods: Pods, name: str) -> None:
    """Change a pod all the time in a way that no watcher waits for, so that its version moves."""
    for number in itertools.count():
        note = {"metadata": {"annotations": {"number": str(number)}}}
        await asyncio.to_thread(pods.core.patch_namespaced_pod, name, pods.namespace, note)
        await asyncio.sleep(0.5)


def phases(config_file: Path, pods: Pods, *, alone: bool, seconds: int = 1) -> list[str]:
    """Start a pod and return the phases that are sent of it until it has ended."""

    async def received() -> list[str]:
        wake, found = asyncio.Event(), list[str]()

        def ended() -> bool:
            if pod := subscription.newest():
                found.append(pod.status.phase)
            return found[-1:] == ["Succeeded"]

        async with connected(Connection("kubernetes_default", config_file=str(config_file))) as cluster:
            name = await asyncio.to_thread(pods.start, "sh", "-c", f"sleep {seconds}")
            label = {"metadata": {"labels": {STUDY: "informed"}}}
            await asyncio.to_thread(pods.core.patch_namespaced_pod, name, pods.namespace, label)
            with ClusterPod(cluster, name, pods.namespace, alone=alone).subscribe(wake.set) as subscription:
                changing = asyncio.create_task(changed(pods, name))
                await until(ended, wake)
                assert subscription.live
                changing.cancel()
        return found

    return asyncio.run(received())


@pytest.mark.parametrize("alone", [True, False], ids=["one pod", "all pods of trials"])
def test_the_states_of_a_pod_are_sent_until_it_has_ended(airflow_kubeconfig: Path, pods: Pods, alone: bool) -> None:
    assert phases(airflow_kubeconfig, pods, alone=alone)[-1] == "Succeeded"


def test_a_watch_that_the_server_ends_goes_on_where_it_was(
    airflow_kubeconfig: Path, pods: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions: list[str | None] = []
    watch = client.Cluster.watch

    def spied(cluster: client.Cluster, namespace: str, which: client.Query, version: str | None) -> Any:
        versions.append(version)
        return watch(cluster, namespace, which, version)

    monkeypatch.setattr(client.Cluster, "watch", spied)
    monkeypatch.setattr(client, "WATCH_LIMIT", 2)
    monkeypatch.setattr(informer, "PAUSE", 0.0)
    assert phases(airflow_kubeconfig, pods, alone=True, seconds=8)[-1] == "Succeeded"
    assert versions[0] is None
    assert any(versions)


def test_a_watch_that_is_not_allowed_is_given_up_with_the_missing_right(
    airflow_kubeconfig: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused() -> bool:
        async with connected(Connection("kubernetes_default", config_file=str(airflow_kubeconfig))) as cluster:
            with ClusterPod(cluster, "p", "kube-system").subscribe(lambda: None) as subscription:
                await logged(lambda: "may not be watched" in caplog.text)
                return subscription.live

    caplog.set_level("INFO", "airflow_hpo.pods.api.informer")
    assert asyncio.run(refused()) is False
    assert "(403)" in caplog.text
    assert "the verb 'watch' on 'pods'" in caplog.text


async def logged(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""

    async def asked() -> None:
        while not condition():
            await asyncio.sleep(0.05)

    await asyncio.wait_for(asked(), LIMIT)
