"""Watch and deletion of a pod of a real cluster; the same in a triggerer and in a worker."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from airflow_hpo.core.log import Log
from airflow_hpo.core.metrics.point import Report
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.retry import until_done
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.log_readings import Earlier, OnLine, PodReadings, ReadTo, passed_over
from airflow_hpo.pods.watch.node import OnNode
from airflow_hpo.pods.watch.waits import PRESENT, Waits, is_job
from airflow_hpo.pods.watch.watch import PodWatch


async def watch_pod(
    connection: Connection,
    name: str,
    namespace: str,
    options: WatchLimits,
    source: MetricSource,
    objective: Objective,
    report: Report,
    logger: Log,
    *,
    alone: bool = False,
    on_node: OnNode | None = None,
    on_line: OnLine = passed_over,
    grace_period: int | None = None,
    read_to: ReadTo = passed_over,
    earlier: Earlier | None = None,
    were_read: Callable[[], bool] | None = None,
    waits: Waits = PRESENT,
) -> Outcome:
    """Watch a pod until it has ended, and return how; one that is given up meanwhile is deleted and gone then.

    ``earlier`` is what watchers of before have read of its log, and ``read_to`` takes what this one has. ``were_read`` says whether
    a log of its study could ever be read. With a manifest in ``waits`` the pod is created first.
    """
    async with _opened(connection, name, namespace, alone=alone, job=is_job(waits.manifest)) as pod:
        readings = PodReadings(
            source, objective, lambda line: logger.info("%s", line), on_line, read_to, earlier, were_read
        )
        return await PodWatch(pod, options, readings, report, logger, on_node, grace_period, waits).run()


@until_done
async def delete_pod(
    connection: Connection, name: str, namespace: str, grace_period: int | None = None, *, job: bool = False
) -> None:
    """Delete a pod after the end of its trial, or when a person clears its task; an API server that restarts is waited for."""
    async with _opened(connection, name, namespace, job=job) as pod:
        await pod.delete(grace_period)


@until_done
async def read_pod(connection: Connection, name: str, namespace: str) -> Any:
    """Return a pod; None when it is gone. An API server that restarts is waited for."""
    async with _opened(connection, name, namespace) as pod:
        return await pod.read()


@asynccontextmanager
async def _opened(
    connection: Connection, name: str, namespace: str, *, alone: bool = False, job: bool = False
) -> AsyncIterator[PodAccess]:
    # Loaded in a thread, because Kubernetes' client takes seconds.
    loaded = await asyncio.to_thread(importlib.import_module, "airflow_hpo.pods.api.cluster_pod")
    async with loaded.opened_pod(connection, name, namespace, alone=alone, job=job) as pod:
        yield pod
