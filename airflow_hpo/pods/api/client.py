"""Client of a cluster's API server: one for all pods that a process watches."""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from airflow.providers.cncf.kubernetes.hooks.kubernetes import AsyncKubernetesHook

from airflow_hpo.exceptions import ClusterUnavailableError
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.errors import UNAUTHORIZED, Call, Refusal, no_cluster, refused, translated
from airflow_hpo.pods.api.informer import PodInformer, slim
from airflow_hpo.pods.api.streams import PODS, SILENCE_LIMIT, objects, opened
from airflow_hpo.pods.build.labels import ENDED, STUDY
from airflow_hpo.pods.threads import cancelled

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient

Query = tuple[tuple[str, str], ...]

RENEWAL = 60.0
"""Seconds for which new credentials are given a chance."""
WATCH_LIMIT = 300
"""Seconds after which the API server ends a watch, which then continues: a connection that has died unnoticed goes with it."""
TRIALS: Query = (("labelSelector", f"{STUDY},!{ENDED}"),)
"""Pods of trials, without those that are kept."""
FROM_CACHE = (("resourceVersion", "0"),)
"""Begins a watch with every pod, as the API server has it in memory. Together with bookmarks Kubernetes 1.36 takes this for a
request that etcd older than 3.4.25 cannot serve, and refuses it."""
CONNECT = Call("connect", "get")
WATCH = Call("watch the pods of trials", "watch")


class Cluster:
    """One client, opened when it is first used.

    Building a client costs 25 ms of the event loop, which is why there is not one for every call.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open = AsyncExitStack()
        self._client: ApiClient | None = None
        self._reader: ApiClient | None = None
        self._opened = 0.0
        self._opening = asyncio.Lock()
        self._informers: dict[tuple[str, Query], PodInformer] = {}
        self.users = 0

    async def client(self) -> ApiClient:
        """Return the client."""
        async with self._opening:
            if self._client is None:
                with translated(CONNECT):
                    hook = await self._hook()
                    self._client = self._reader = await self._open.enter_async_context(hook.get_conn())
                self._opened = time.monotonic()
            return self._client

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Make the call after a refused token read the credentials again; calls that go on keep the client they have."""
        try:
            yield
        except ClusterUnavailableError as err:
            if err.status == UNAUTHORIZED and time.monotonic() - self._opened >= RENEWAL:
                self._client = None
            raise

    @asynccontextmanager
    async def stream(
        self, call: Call, path: str, where: dict[str, str], query: list[tuple[str, str]], silence: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Lend an answer that goes on."""
        with self.renewed():
            async with opened(await self.client(), call, path, where, query, silence) as response:
                yield response

    def informer(self, namespace: str, which: Query = TRIALS) -> PodInformer:
        """Return the informer of a namespace, which runs from the first call until the client is closed."""
        if (namespace, which) not in self._informers:
            informer = PodInformer(partial(self.watch, namespace, which), self._pod)
            self._informers[namespace, which] = informer
            # Without a context of its own, it would log into the task's log of the first watcher, which it outlives.
            running = asyncio.create_task(informer.run(), context=contextvars.Context())
            self._open.push_async_callback(cancelled, [running])
        return self._informers[namespace, which]

    @asynccontextmanager
    async def watch(self, namespace: str, which: Query, version: str | None) -> AsyncIterator[AsyncIterator[Any]]:
        """Open a watch of pods after a version; without one it begins with every pod that there is."""
        begin = (("resourceVersion", version), ("allowWatchBookmarks", "true")) if version else FROM_CACHE
        query = [("watch", "true"), ("timeoutSeconds", str(WATCH_LIMIT)), *which, *begin]
        async with self.stream(WATCH, PODS, {"namespace": namespace}, query, WATCH_LIMIT + SILENCE_LIMIT) as response:
            yield _events(response)

    def _pod(self, sent: Any) -> Any:
        assert self._reader is not None
        answer: Any = SimpleNamespace(data=json.dumps(slim(sent)))
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


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the events of a watch; an event that is an error is raised."""
    async for event in objects(WATCH, response):
        if event["type"] == "ERROR":
            raise refused(WATCH, Refusal.of(event["object"].get("code", 500), json.dumps(event["object"])))
        yield event


def _read(path: str) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text())
    except OSError as err:
        raise no_cluster(err) from err
