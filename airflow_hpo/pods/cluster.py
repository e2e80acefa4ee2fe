"""Watching a pod of a real cluster; the same in a triggerer and in a worker."""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType

from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.objective import Objective
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.retry import retried
from airflow_hpo.pods.outcome import PodOutcome
from airflow_hpo.pods.watch.node import Located
from airflow_hpo.pods.watch.readings import PodReadings
from airflow_hpo.pods.watch.watch import Log, PodWatch, Report, WatchOptions


async def watch_pod(
    connection: Connection,
    name: str,
    namespace: str,
    options: WatchOptions,
    source: MetricSource,
    objective: Objective,
    report: Report,
    logger: Log,
    *,
    alone: bool = False,
    located: Located | None = None,
) -> PodOutcome:
    """Watch a pod until it has ended, and return how."""
    client = await _client()
    async with client.connected(connection) as cluster:
        readings = PodReadings(source, objective, lambda line: logger.info("%s", line))
        pod = client.ClusterPod(cluster, name, namespace, alone=alone)
        return await PodWatch(pod, options, readings, report, logger, located).run()


@retried
async def delete_pod(connection: Connection, name: str, namespace: str, grace_period: int | None = None) -> None:
    """Delete a pod whose trial has ended, or whose task a person clears; an API server that restarts is waited for."""
    client = await _client()
    async with client.connected(connection) as cluster:
        await client.ClusterPod(cluster, name, namespace).delete(grace_period)


async def _client() -> ModuleType:
    """Load the Kubernetes client beside the event loop: it takes seconds."""
    return await asyncio.to_thread(importlib.import_module, "airflow_hpo.pods.api.client")
