"""The API server, through one client for all pods that a process watches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from airflow.providers.cncf.kubernetes.hooks.kubernetes import AsyncKubernetesHook

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.access import LogResponse
from airflow_hpo.pods.connection import Connection
from airflow_hpo.pods.jobs import job_of

if TYPE_CHECKING:
    from kubernetes_asyncio.client import ApiClient, CoreV1Api

TRANSIENT = {401, 408, 409, 429, 500, 502, 503, 504}
"""Statuses after which the same call may succeed; 401 because tokens expire and are then read anew."""
REQUEST_LIMIT = 30.0
SILENCE_LIMIT = 60.0
"""Seconds of silence after which a log is asked for anew: following one stops without a word when its file is rotated."""
RENEWAL = 60.0
"""Seconds for which new credentials are given a chance."""
LOG_PATH = "/api/v1/namespaces/{namespace}/pods/{name}/log"


class Cluster:
    """One client, opened when it is first used.

    Building a client costs 25 ms of the event loop, which is why there is not one for every call.

    :param connection: how the cluster is reached.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open = AsyncExitStack()
        self._client: ApiClient | None = None
        self._opened = 0.0
        self._opening = asyncio.Lock()
        self.users = 0

    async def client(self) -> ApiClient:
        """Return the client.

        :raises ConnectionError: when the configuration cannot be read.
        """
        async with self._opening:
            if self._client is None:
                hook = await self._hook()
                self._client = await self._open.enter_async_context(hook.get_conn())
                self._opened = time.monotonic()
            return self._client

    def renew(self) -> None:
        """Make the next call read the credentials anew, once in a while; calls that go on keep the client they have."""
        if time.monotonic() - self._opened >= RENEWAL:
            self._client = None

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
    """Lend the process's client; the last to give it back closes it.

    :param connection: how the cluster is reached.
    """
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
    """One pod of a cluster; what :class:`airflow_hpo.pods.access.PodAccess` asks for.

    :param cluster: where it is.
    :param name: its name.
    :param namespace: its namespace.
    """

    def __init__(self, cluster: Cluster, name: str, namespace: str) -> None:
        self._cluster = cluster
        self._name = name
        self._namespace = namespace

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name."""
        return await self._call(
            "read", lambda core, **limits: core.read_namespaced_pod(self._name, self._namespace, **limits)
        )

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod, or the whole Job that it reports for; nothing happens when it is gone.

        :param grace_period: seconds that its programs have to end; None for what the pod declares, as the pods of a Job
            always do.
        """
        if (job := job_of(self._name)) != self._name:
            await self._call("delete the Job of", lambda _, **limits: self._delete_job(job, **limits))
            return
        grace = {} if grace_period is None else {"grace_period_seconds": grace_period}
        await self._call(
            "delete", lambda core, **limits: core.delete_namespaced_pod(self._name, self._namespace, **grace, **limits)
        )

    async def _delete_job(self, job: str, **limits: Any) -> Any:
        from kubernetes_asyncio.client import BatchV1Api

        batch = BatchV1Api(await self._cluster.client())
        return await batch.delete_namespaced_job(job, self._namespace, propagation_policy="Background", **limits)

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return what is said about the pod, oldest first; nothing where events may not be read.

        :param warnings: only its troubles.
        """
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
        """Open a container's log, each line with its timestamp.

        :param container: its name.
        :param follow: keep the answer open while the container runs.
        :param since: RFC 3339 time of the first line; None for all of them.
        """
        query = [("container", container), ("follow", str(follow).lower()), ("timestamps", "true")]
        response = await self._open_log([*query, *([("sinceTime", since)] if since else [])])
        try:
            if response.status in TRANSIENT:
                self._renew_after(response.status)
                raise ConnectionError(f"{response.status} {await _message(response)}")
            message = "" if response.status == 200 else await _message(response)
            yield LogResponse(response.status, _chunks(response), message)
        finally:
            response.close()

    async def _open_log(self, query: list[tuple[str, str]]) -> aiohttp.ClientResponse:
        try:
            # The generated method lacks sinceTime, and sinceSeconds would count from the server's clock.
            response: aiohttp.ClientResponse = await (await self._cluster.client()).call_api(
                LOG_PATH,
                "GET",
                path_params={"name": self._name, "namespace": self._namespace},
                query_params=query,
                header_params={"Accept": "*/*"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(connect=REQUEST_LIMIT, sock_read=SILENCE_LIMIT),
            )
        except (aiohttp.ClientError, OSError) as err:
            raise ConnectionError(_text(err)) from err
        return response

    async def _call(self, what: str, call: Callable[..., Awaitable[Any]]) -> Any | None:
        from kubernetes_asyncio.client import ApiException

        try:
            return await call(await self._core(), _request_timeout=REQUEST_LIMIT)
        except ApiException as err:
            if err.status == 404:
                return None
            self._renew_after(err.status)
            message = _status_message(err.body) or err.reason
            if err.status in TRANSIENT:
                raise ConnectionError(f"{err.status} {message}") from err
            raise TrialFailedError(
                f"The Kubernetes API refuses to {what} the pod {self._name!r} ({err.status}): {message}. "
                "Check the role of Airflow's service account.",
                kind=FailureKind.INFRASTRUCTURE,
            ) from err
        except (aiohttp.ClientError, OSError) as err:
            raise ConnectionError(_text(err)) from err

    async def _core(self) -> CoreV1Api:
        from kubernetes_asyncio.client import CoreV1Api

        return CoreV1Api(await self._cluster.client())

    def _renew_after(self, status: int | None) -> None:
        if status == 401:
            self._cluster.renew()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, OSError) as err:
        raise ConnectionError(_text(err)) from err


async def _message(response: aiohttp.ClientResponse) -> str:
    try:
        text = (await response.content.read(4096)).decode(errors="replace")
    except (aiohttp.ClientError, OSError) as err:
        return _text(err)
    return _status_message(text) or text[:200]


def _status_message(body: Any) -> str:
    """Return the sentence in Kubernetes' answer; empty when it is none."""
    try:
        return str(json.loads(body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""


def _text(err: BaseException) -> str:
    return str(err) or type(err).__name__


def _read(path: str) -> Any:
    return yaml.safe_load(Path(path).read_text())
