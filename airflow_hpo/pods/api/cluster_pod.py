"""One pod, as the API server of its cluster gives it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any

import aiohttp

from airflow_hpo.exceptions import ClusterError, ClusterRefusedError, ClusterUnavailableError
from airflow_hpo.pods.api.client import TRIALS, Cluster, Query, connected
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.pods.api.errors import ABSENT, EXISTS, FAILED_CREATE, Call, refused_event, translated
from airflow_hpo.pods.api.events import sentences
from airflow_hpo.pods.api.informer import Subscription
from airflow_hpo.pods.api.streams import PODS, REQUEST_LIMIT, SILENCE_LIMIT, checked, chunks
from airflow_hpo.pods.build.labels import ENDED, OWNER
from airflow_hpo.pods.job_names import FIRST, JOB, job_of


class ClusterPod:
    """One pod of a cluster; implements :class:`airflow_hpo.pods.api.access.PodAccess`.

    With ``alone``, this process watches no other pod. With ``job`` the name is that of a Job, of which the first pod is not known.
    """

    def __init__(self, cluster: Cluster, name: str, namespace: str, *, alone: bool = False, job: bool = False) -> None:
        self._cluster = cluster
        self._name = name
        self._namespace = namespace
        self._alone = alone
        self._job = name if job else None

    def subscribe(self, wake: Callable[[], None]) -> AbstractContextManager[Subscription]:
        """Receive the pod's states until the context is left."""
        which: Query = (("fieldSelector", f"metadata.name={self._name}"),) if self._alone else TRIALS
        return self._cluster.informer(self._namespace, which).subscribe(self._name, wake)

    async def create(self, manifest: Any) -> bool:
        """Create the pod, or the Job that it reports for; False while the Job has no pod."""
        if self._job:
            return await self._create_job(self._job, manifest)
        try:
            await self._ask(
                Call(f"create the pod {self._name!r}", "create"),
                lambda core, **limits: core.create_namespaced_pod(self._namespace, manifest, **limits),
            )
        except ClusterRefusedError as err:
            if err.cause != EXISTS:
                raise
            # An answer that was lost on the way, or a process that died, leaves a pod of this very name.
            there = await self.read()
            if there is None or there.metadata.deletion_timestamp:
                raise ClusterUnavailableError(f"The pod {self._name!r} of before is being deleted.") from None
        return True

    async def _create_job(self, job: str, manifest: Any) -> bool:
        from kubernetes_asyncio.client import BatchV1Api

        call = Call(f"create the Job {job!r}", "create", "jobs")
        try:
            await self._ask(
                call,
                lambda core, **limits: BatchV1Api(core.api_client).create_namespaced_job(
                    self._namespace, manifest, **limits
                ),
            )
        except ClusterRefusedError as err:
            if err.cause != EXISTS:
                raise
        if found := await self._list(f"the Job {job!r}", f"{JOB}={job},{FIRST}"):
            self._name = found[0].metadata.name
            return True
        for event in reversed(await self.events()):
            if event.startswith(FAILED_CREATE):
                raise refused_event(job, event.removeprefix(FAILED_CREATE))
        return False

    async def read(self) -> Any | None:
        """Return the pod as it is now; None when there is none of that name."""
        call = Call(f"read the pod {self._name!r}", "get")
        return await self._found(
            call, lambda core, **limits: core.read_namespaced_pod(self._name, self._namespace, **limits)
        )

    async def there(self) -> list[Any]:
        """Return the pod, or all pods of the Job that it reports for, as far as they are not gone."""
        job = self._job or job_of(self._name)
        if self._job or job != self._name:
            return await self._list(f"the Job {job!r}", f"{JOB}={job}")
        return [pod for pod in [await self.read()] if pod]

    async def earlier(self, manifest: Any) -> list[Any]:
        """Return the pods that other tries of the task have left, without those that are kept."""
        owner = manifest["metadata"]["labels"][OWNER]
        found = await self._list("the trial", f"{OWNER}={owner},!{ENDED}")
        mine = manifest["metadata"]["name"]
        return [pod for pod in found if mine not in (pod.metadata.name, job_of(pod.metadata.name))]

    async def _list(self, whose: str, selector: str) -> list[Any]:
        found = await self._ask(
            Call(f"list the pods of {whose}", "list"),
            lambda core, **limits: core.list_namespaced_pod(self._namespace, label_selector=selector, **limits),
        )
        return list(found.items)

    async def delete(self, grace_period: int | None = None) -> None:
        """Delete the pod, or the whole Job that it reports for; nothing happens when it is gone."""
        job = self._job or job_of(self._name)
        if self._job or job != self._name:
            call = Call(f"delete the Job {job!r}", "delete", "jobs")
            await self._found(call, lambda _, **limits: self._delete_job(job, **limits))
            return
        call = Call(f"delete the pod {self._name!r}", "delete")
        grace = {} if grace_period is None else {"grace_period_seconds": grace_period}
        await self._found(
            call,
            lambda core, **limits: _unread(
                call, core.delete_namespaced_pod(self._name, self._namespace, _preload_content=False, **grace, **limits)
            ),
        )

    async def _delete_job(self, job: str, **limits: Any) -> Any:
        from kubernetes_asyncio.client import BatchV1Api

        batch = BatchV1Api(await self._cluster.client())
        return await batch.delete_namespaced_job(job, self._namespace, propagation_policy="Background", **limits)

    async def events(self, *, warnings: bool = True) -> list[str]:
        """Return the events about the pod, oldest first; nothing where events may not be read."""
        about = f"involvedObject.name={self._name}{',type=Warning' if warnings else ''}"
        call = Call(f"list the events of the pod {self._name!r}", "list", "events")
        try:
            found = await self._found(
                call, lambda core, **limits: core.list_namespaced_event(self._namespace, field_selector=about, **limits)
            )
        except ClusterError:
            return []
        return sentences(found.items) if found else []

    def log(
        self, container: str, *, follow: bool, since: str | None, last: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a container's log, or its ``last`` lines, each line with its timestamp."""
        # The generated method lacks sinceTime, and sinceSeconds would count from the server's clock.
        query = [("container", container), ("follow", str(follow).lower()), ("timestamps", "true")]
        limits = [("sinceTime", since), ("tailLines", str(last) if last else None)]
        return self._log([*query, *((name, value) for name, value in limits if value)])

    @asynccontextmanager
    async def _log(self, query: list[tuple[str, str]]) -> AsyncIterator[AsyncIterator[bytes]]:
        call = Call(f"read the log of the pod {self._name!r}", "get", "pods/log")
        where = {"name": self._name, "namespace": self._namespace}
        async with self._cluster.stream(call, f"{PODS}/{{name}}/log", where, query, SILENCE_LIMIT) as response:
            yield chunks(call, response)

    async def _found(self, call: Call, ask: Callable[..., Awaitable[Any]]) -> Any | None:
        """Return the answer to a call; None when what it is about is not there."""
        try:
            return await self._ask(call, ask)
        except ClusterRefusedError as err:
            if err.status == ABSENT:
                return None
            raise

    async def _ask(self, call: Call, ask: Callable[..., Awaitable[Any]]) -> Any:
        from kubernetes_asyncio.client import CoreV1Api

        with self._cluster.renewed(), translated(call):
            return await ask(CoreV1Api(await self._cluster.client()), _request_timeout=REQUEST_LIMIT)


@asynccontextmanager
async def opened_pod(
    connection: Connection, name: str, namespace: str, *, alone: bool = False, job: bool = False
) -> AsyncIterator[ClusterPod]:
    """Lend one pod of the cluster that a connection names; the process's client is shared."""
    async with connected(connection) as cluster:
        yield ClusterPod(cluster, name, namespace, alone=alone, job=job)


async def _unread(call: Call, answer: Awaitable[aiohttp.ClientResponse]) -> None:
    """Take an answer for its status only: the client would make a whole pod of it, which takes longer than the call."""
    response = await answer
    await checked(call, response)
    await response.read()
