"""The API server, through one client for all pods that a process watches."""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from airflow.providers.cncf.kubernetes.hooks.kubernetes import AsyncKubernetesHook

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.api.access import LogResponse
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.informer import PodInformer, Subscription, slim
from airflow_hpo.pods.api.streams import PODS, REQUEST_LIMIT, chunks, message, objects, opened, status_message, text_of
from airflow_hpo.pods.build.labels import ENDED, STUDY
from airflow_hpo.pods.jobs import job_of
from airflow_hpo.pods.threads import cancelled

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient, CoreV1Api

Which = tuple[tuple[str, str], ...]

TRANSIENT = {401, 408, 409, 429, 500, 502, 503, 504}
"""Statuses after which the same call may succeed; 401 because tokens expire and are then read anew."""
SILENCE_LIMIT = 60.0
"""Seconds of silence after which a log is asked for anew: following one stops without a word when its file is rotated."""
RENEWAL = 60.0
"""Seconds for which new credentials are given a chance."""
WATCH_LIMIT = 300
"""Seconds after which the API server ends a watch, which is then opened anew."""
TRIALS = (("labelSelector", f"{STUDY},!{ENDED}"),)
"""Pods of trials, without those that are kept."""


class Cluster:
    """One client, opened when it is first used.

    Building a client costs 25 ms of the event loop, which is why there is not one for every call.

    :param connection: how the cluster is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open = AsyncExitStack()
        self._client: ApiClient | None = None
        self._reader: ApiClient | None = None
        self._opened = 0.0
        self._opening = asyncio.Lock()
        self._news: dict[tuple[str, Which], PodInformer] = {}
        self.users = 0

    async def client(self) -> ApiClient:
        """Return the client."""
        async with self._opening:
            if self._client is None:
                hook = await self._hook()
                self._client = self._reader = await self._open.enter_async_context(hook.get_conn())
                self._opened = time.monotonic()
            return self._client

    def renew_after(self, status: int | None) -> None:
        """Make the next call read the credentials anew, once in a while; calls that go on keep the client they have."""
        if status == 401 and time.monotonic() - self._opened >= RENEWAL:
            self._client = None

    def news_of(self, namespace: str, which: Which = TRIALS) -> PodInformer:
        """Return what the API server says of pods, from the first call until the client is closed."""
        if (namespace, which) not in self._news:
            news = self._news[namespace, which] = PodInformer(partial(self._changes, namespace, which), self._pod)
            # In nobody's context: it serves all who watch a pod, and outlives the first of them.
            listening = asyncio.create_task(news.follow(), context=contextvars.Context())
            self._open.push_async_callback(cancelled, [listening])
        return self._news[namespace, which]

    async def _changes(self, namespace: str, which: Which) -> AsyncIterator[Any]:
        query = [("watch", "true"), ("timeoutSeconds", str(WATCH_LIMIT)), *which]
        response = await opened(await self.client(), PODS, {"namespace": namespace}, query, WATCH_LIMIT + SILENCE_LIMIT)
        try:
            self.renew_after(response.status)
            if response.status != 200:
                said = f"{response.status} {await message(response)}"
                raise ConnectionError(said) if response.status in TRANSIENT else PermissionError(said)
            async for change in objects(response):
                yield change
        finally:
            response.close()

    def _pod(self, said: Any) -> Any:
        assert self._reader is not None
        answer: Any = SimpleNamespace(data=json.dumps(slim(said)))
        return self._reader.deserialize(answer, "V1Pod")

    async def close(self) -> None:
        """Close every connection."""
        await self._open.aclose()

    async def _hook(self) -> AsyncKubernetesHook:
        from kubernetes_asyncio.client import Configuration

        configuration = Configuration()
        # Every followed log holds a connection, and the default of 100 would make the others wait.
        configuration.connection_pool_maxsize = 0
        c = self._connection
        config = await asyncio.to_thread(_read, c.config_file) if c.config_file else None
        return AsyncKubernetesHook(
            config_dict=config,
            client_configuration=configuration,
            conn_id=c.conn_id,
            in_cluster=c.in_cluster,
            cluster_context=c.cluster_context,
        )


_clusters: dict[tuple[asyncio.AbstractEventLoop, Connection], Cluster] = {}


@asynccontextmanager
async def connected(connection: Connection) -> AsyncIterator[Cluster]:
    """Lend the process's client; the last to give it back closes it."""
    key = (asyncio.get_running_loop(), connection)
    cluster = _clusters.setdefault(key, Cluster(connection))
    cluster.users += 1
    try:
        yield cluster
    finally:
        cluster.users -= 1
        if not cluster.users:
            _clusters.pop(key, None)
            await cluster.close()


class ClusterPod:
    """One pod of a cluster; what :class:`airflow_hpo.pods.api.access.PodAccess` asks for.

    :param cluster: where it is.
    :param name: its name.
    :param namespace: its namespace.
    :param alone: whether this process watches no other pod.
    """

    def __init__(self, cluster: Cluster, name: str, namespace: str, *, alone: bool = False) -> None:
        self._cluster = cluster
        self._name = name
        self._namespace = namespace
        self._which = (("fieldSelector", f"metadata.name={name}"),) if alone else TRIALS

    def subscribe(self, wake: Callable[[], None]) -> AbstractContextManager[Subscription]:
        """Listen to what becomes of the pod until the context is left."""
        return self._cluster.news_of(self._namespace, self._which).about(self._name, wake)

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name."""
        return await self._call(
            "read", lambda core, **limits: core.read_namespaced_pod(self._name, self._namespace, **limits)
        )

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod, or the whole Job that it reports for; nothing happens when it is gone."""
        if (job := job_of(self._name)) != self._name:
            await self._call("delete the Job of", lambda _, **limits: self._delete_job(job, **limits))
            return
        grace = {} if grace_period is None else {"grace_period_seconds": grace_period}
        await self._call(
            "delete",
            lambda core, **limits: _unread(
                core.delete_namespaced_pod(self._name, self._namespace, _preload_content=False, **grace, **limits)
            ),
        )

    async def _delete_job(self, job: str, **limits: Any) -> Any:
        from kubernetes_asyncio.client import BatchV1Api

        batch = BatchV1Api(await self._cluster.client())
        return await batch.delete_namespaced_job(job, self._namespace, propagation_policy="Background", **limits)

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return what is said about the pod, oldest first; nothing where events may not be read."""
        about = f"involvedObject.name={self._name}{',type=Warning' if warnings else ''}"
        try:
            found = await self._call(
                "read events of",
                lambda core, **limits: core.list_namespaced_event(self._namespace, field_selector=about, **limits),
            )
        except (ConnectionError, TrialFailedError):
            return []
        return [f"{event.reason}: {event.message}" for event in found.items] if found else []

    @asynccontextmanager
    async def log(self, container: str, *, follow: bool, since: str | None) -> AsyncIterator[LogResponse]:
        """Open a container's log, each line with its timestamp."""
        query = [("container", container), ("follow", str(follow).lower()), ("timestamps", "true")]
        response = await self._open_log([*query, *([("sinceTime", since)] if since else [])])
        try:
            if response.status in TRANSIENT:
                self._cluster.renew_after(response.status)
                raise ConnectionError(f"{response.status} {await message(response)}")
            said = "" if response.status == 200 else await message(response)
            yield LogResponse(response.status, chunks(response), said)
        finally:
            response.close()

    async def _open_log(self, query: list[tuple[str, str]]) -> aiohttp.ClientResponse:
        # The generated method lacks sinceTime, and sinceSeconds would count from the server's clock.
        where = {"name": self._name, "namespace": self._namespace}
        return await opened(await self._cluster.client(), f"{PODS}/{{name}}/log", where, query, SILENCE_LIMIT)

    async def _call(self, what: str, call: Callable[..., Awaitable[Any]]) -> Any | None:
        from kubernetes_asyncio.client import ApiException

        try:
            return await call(await self._core(), _request_timeout=REQUEST_LIMIT)
        except ApiException as err:
            if err.status == 404:
                return None
            self._cluster.renew_after(err.status)
            said = status_message(err.body) or err.reason
            if err.status in TRANSIENT:
                raise ConnectionError(f"{err.status} {said}") from err
            raise TrialFailedError(
                f"The Kubernetes API refuses to {what} the pod {self._name!r} ({err.status}): {said}. "
                "Check the role of Airflow's service account.",
                kind=FailureKind.INFRASTRUCTURE,
            ) from err
        except (aiohttp.ClientError, OSError) as err:
            raise ConnectionError(text_of(err)) from err

    async def _core(self) -> CoreV1Api:
        from kubernetes_asyncio.client import CoreV1Api

        return CoreV1Api(await self._cluster.client())


async def _unread(answer: Awaitable[aiohttp.ClientResponse]) -> None:
    """Take an answer for its status only: the client would make a whole pod of it, which takes longer than the call."""
    from kubernetes_asyncio.client import ApiException

    response = await answer
    body = await response.read()
    if not response.ok:
        refused = ApiException(status=response.status, reason=response.reason)
        refused.body = body
        raise refused


def _read(path: str) -> Any:
    return yaml.safe_load(Path(path).read_text())
