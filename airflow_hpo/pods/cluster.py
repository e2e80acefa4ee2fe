"""Watching a pod of a real cluster; the same in a triggerer and in a worker."""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType

from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.objective import Objective
from airflow_hpo.pods.connection import Connection
from airflow_hpo.pods.insisting import insistently
from airflow_hpo.pods.locating import Located
from airflow_hpo.pods.outcome import PodOutcome
from airflow_hpo.pods.readings import PodReadings
from airflow_hpo.pods.watch import Log, PodWatch, Report, WatchOptions


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
    """Watch a pod until it has ended, and return how.

    :param connection: how the cluster is reached.
    :param name: the pod's name.
    :param namespace: its namespace.
    :param options: how it is watched.
    :param source: where its metrics stand.
    :param objective: what is looked for.
    :param report: takes new points, in a thread, and says whether the trial is to be given up.
    :param logger: gets the pod's log.
    :param alone: whether this process watches no other pod.
    :param located: takes where the pod runs as soon as it has a node; None where its end is early enough.
    """
    client = await _client()
    async with client.connected(connection) as cluster:
        readings = PodReadings(source, objective, lambda line: logger.info("%s", line))
        pod = client.ClusterPod(cluster, name, namespace, alone=alone)
        return await PodWatch(pod, options, readings, report, logger, located).run()


@insistently
async def delete_pod(connection: Connection, name: str, namespace: str, grace_period: int | None = None) -> None:
    """Delete a pod whose trial has ended, or whose task a person clears; an API server that restarts is waited for.

    :param connection: how the cluster is reached.
    :param name: the pod's name.
    :param namespace: its namespace.
    :param grace_period: seconds that its programs have to end; None for what the pod declares.
    :raises ConnectionError: when the API server does not answer in time.
    :raises TrialFailedError: when it refuses.
    """
    client = await _client()
    async with client.connected(connection) as cluster:
        await client.ClusterPod(cluster, name, namespace).delete(grace_period)


async def _client() -> ModuleType:
    """Load the Kubernetes client beside the event loop: it takes seconds."""
    return await asyncio.to_thread(importlib.import_module, "airflow_hpo.pods.client")
