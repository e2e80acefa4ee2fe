"""A pod that a test moves through its life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

from kubernetes.client import (
    V1Container,
    V1ContainerState,
    V1ContainerStateRunning,
    V1ContainerStateTerminated,
    V1ContainerStateWaiting,
    V1ContainerStatus,
    V1ObjectMeta,
    V1Pod,
    V1PodCondition,
    V1PodSpec,
    V1PodStatus,
    V1ResourceRequirements,
)

from airflow_hpo.exceptions import ClusterRefusedError
from airflow_hpo.pods.watch.limits import WatchLimits

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
PATIENT = WatchLimits(
    container="base",
    schedule_timeout=3600,
    startup_timeout=900,
    startup_check_interval=5,
    poll_interval=10,
    api_timeout=600,
    report_interval=1,
    ending_interval=2,
)
"""How pods are watched unless a test says otherwise."""


def status_of(state: V1ContainerState, name: str = "base") -> V1ContainerStatus:
    return V1ContainerStatus(name=name, image="trial:1", image_id="sha256:1", ready=False, restart_count=0, state=state)


def waiting(reason: str, message: str | None = None) -> V1ContainerState:
    return V1ContainerState(waiting=V1ContainerStateWaiting(reason=reason, message=message))


def running() -> V1ContainerState:
    return V1ContainerState(running=V1ContainerStateRunning(started_at=NOW))


def terminated(code: int, reason: str = "Error", message: str | None = None) -> V1ContainerState:
    end = V1ContainerStateTerminated(exit_code=code, reason=reason, message=message, finished_at=NOW)
    return V1ContainerState(terminated=end)


def condition(reason: str, message: str | None = None, type: str = "DisruptionTarget", status: str = "True") -> Any:
    return V1PodCondition(type=type, status=status, reason=reason, message=message)


def pod(
    phase: str = "Running",
    state: V1ContainerState | None = None,
    reason: str | None = None,
    message: str | None = None,
    conditions: list[Any] | None = None,
    **meta: Any,
) -> V1Pod:
    limits = V1ResourceRequirements(limits={"memory": "1Gi"})
    spec = V1PodSpec(
        containers=[V1Container(name="base", image="trial:1", resources=limits)],
        node_name="node-1",
        active_deadline_seconds=60,
    )
    statuses = [status_of(state)] if state else None
    status = V1PodStatus(
        phase=phase, reason=reason, message=message, conditions=conditions, container_statuses=statuses
    )
    return V1Pod(metadata=V1ObjectMeta(name="p", namespace="n", **meta), spec=spec, status=status)


class UpdatesDouble:
    """Sends the states of a pod that a test gives it, and no other."""

    def __init__(self) -> None:
        self.live = False
        self.wake: Callable[[], None] = lambda: None
        self.states: list[Any] = []
        self.gone: Any = None

    def newest(self) -> Any | None:
        return self.states.pop(0) if self.states else None

    def last(self) -> Any | None:
        return self.gone

    def send(self, state: Any) -> None:
        self.states.append(state)
        self.wake()


class PodDouble:
    """Stands for the API server: each look takes the next state, each log request the next answer."""

    def __init__(self, states: list[Any], logs: list[Any]) -> None:
        self.updates = UpdatesDouble()
        self.states = states
        self.logs = logs
        self.refusals: list[Exception | bool] = []
        """What creating the pod comes to, one after the other; then it is created."""
        self.created = 0
        self.asked: list[tuple[bool, str | None]] = []
        self.deleted = False
        self.before: list[list[Any]] = [[]]
        """Pods of earlier tries that are there when they are asked for, one time after the other."""
        self.lingers = 0
        """How many looks still find the pod once it is deleted."""

    @contextmanager
    def subscribe(self, wake: Callable[[], None]) -> Iterator[UpdatesDouble]:
        self.updates.wake = wake
        yield self.updates

    async def create(self, manifest: Any) -> bool:
        self.created += 1
        answer = self.refusals.pop(0) if self.refusals else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def read(self) -> Any:
        if self.deleted:
            self.lingers -= 1
            if self.lingers < 0:
                return None
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state

    async def there(self) -> list[Any]:
        return [one for one in [await self.read()] if one]

    async def earlier(self, manifest: Any) -> list[Any]:
        return self.before.pop(0) if len(self.before) > 1 else self.before[0]

    async def delete(self, grace_period: int | None = None) -> None:
        self.deleted = True

    async def events(self, *, warnings: bool = True) -> list[str]:
        about_the_end = [] if warnings else ["Preempted: by another", "Killing: Stopping container base"]
        return ["FailedMount: no such volume", *about_the_end]

    @asynccontextmanager
    async def log(
        self, container: str, *, follow: bool, since: str | None, last: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append((follow, since))
        answer = self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]
        if isinstance(answer, int):
            raise ClusterRefusedError(f"Kubernetes refuses to read the log ({answer}).", status=answer)
        yield _chunks(answer)


async def _chunks(pieces: list[bytes | Exception]) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece
