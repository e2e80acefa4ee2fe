"""Informer of pods: one watch of the API server for all pods of a namespace that a process waits for.

``kubernetes_asyncio.watch.Watch`` is not used, for two reasons. It makes a ``V1Pod`` of every event (0.84 ms each for a pod of
4 kB, measured; 0.16 ms as plain data), of which a watcher needs one in five; :meth:`PodInformer.run` takes
0.04 ms and makes an object only for who asks for it. And it continues from the last version for ever: it repeats a version
that the server calls expired (410), and it has no way to begin again from the present state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError

logger = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds that at least lie between two openings of the watch, however soon the first has broken off."""
EXPIRED = 410
TOO_LARGE = "Too large resource version"
"""Kubernetes' message when another of its servers, or a restored database, has not come as far as the version."""

STARTING = ("ContainerCreating", "PodInitializing")
"""Reasons of waiting containers that need no action."""
_CONTAINER_FIELDS = ("name", "image", "resources", "restartPolicy", "livenessProbe", "startupProbe", "lifecycle")
_SPEC_FIELDS = ("nodeName", "activeDeadlineSeconds", "resourceClaims")
_TIMES = ("lastTransitionTime", "lastProbeTime")

Pod = Mapping[str, Any]
Events = AsyncIterator[Mapping[str, Any]]
OpenWatch = Callable[[str | None], AbstractAsyncContextManager[Events]]
"""Opens the watch after a version; without one it begins with every pod that there is."""


class Subscription:
    """One watcher's view of one pod."""

    def __init__(self, informer: PodInformer, name: str, wake: Callable[[], None]) -> None:
        self._informer = informer
        self._name = name
        self._wake = wake
        # The pod may have been sent before the subscription; its state then counts as new.
        self._fresh = True
        self.gone: Pod | None = None
        """The pod as it was when it was deleted, if that was sent."""

    @property
    def live(self) -> bool:
        """Whether states of this pod are sent, so that it need not be asked for often."""
        return self._informer.connected and self._name in self._informer.pods

    def newest(self) -> Any | None:
        """Return the state that was sent last; None when none was sent since the last call."""
        fresh, self._fresh = self._fresh, False
        known = self._informer.pods.get(self._name)
        return self._informer.as_pod(known) if fresh and known and self._informer.connected else None

    def last(self) -> Any | None:
        """Return the pod as it was when it was deleted; None unless that was sent."""
        gone, self.gone = self.gone, None
        return self._informer.as_pod(gone) if gone else None

    def notify(self) -> None:
        """Wake the watcher: its pod has changed."""
        self._fresh = True
        self._wake()


class PodInformer:
    """Keeps the pods of a namespace as the API server sends them, and notifies subscriptions.

    A hint and no more: a watcher asks for its pod now and then all the same, so that a watch that breaks off, or that a role
    does not allow, costs time and nothing else.
    """

    def __init__(self, watch: OpenWatch, as_pod: Callable[[Pod], Any]) -> None:
        self._watch = watch
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._version: str | None = None
        self.as_pod = as_pod
        """Makes the client's object of a pod that was sent."""
        self.pods: dict[str, Pod] = {}
        """The pods that there are, by name, as they were sent last."""
        self.connected = False

    @contextmanager
    def subscribe(self, name: str, wake: Callable[[], None]) -> Iterator[Subscription]:
        """Subscribe to one pod until the context is left."""
        subscription = Subscription(self, name, wake)
        subscriptions = self._subscriptions.setdefault(name, [])
        subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            subscriptions.remove(subscription)
            if not subscriptions:
                self._subscriptions.pop(name, None)

    async def run(self) -> None:
        """Watch until cancelled, or refused."""
        while True:
            begun = time.monotonic()
            try:
                await self._receive()
            except ClusterRefusedError as err:
                logger.info("Pods are asked for now and then, because they may not be watched: %s", err)
                return
            except ClusterUnavailableError as err:
                logger.info("The watch of pods is opened again: %s", err)
                if err.status == EXPIRED or TOO_LARGE in err.reason:
                    self._version = None
            # A server that ends every watch at once is not to be asked all the time.
            await asyncio.sleep(max(0.0, begun + PAUSE - time.monotonic()))

    async def _receive(self) -> None:
        """Take the events of one watch until it ends; the server ends each after some minutes."""
        if self._version is None:
            self.pods.clear()
        silent = True
        try:
            async with self._watch(self._version) as events:
                self.connected = True
                async for event in events:
                    silent = False
                    self._handle(event["type"], event["object"])
        finally:
            self.connected = False
        if silent:
            # Not even a bookmark: a server whose database was restored waits without an error for a version that is ahead of it.
            self._version = None

    def _handle(self, kind: str, pod: Pod) -> None:
        # A watch that begins with the present state sends it as ADDED events in no order of versions: to continue from one of
        # these would miss the rest. Any other event comes after all of them; a watch that continues has a BOOKMARK each minute.
        if self._version is not None or kind != "ADDED":
            self._version = pod["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            return
        name = pod["metadata"]["name"]
        before = self.pods.pop(name, {})
        if kind != "DELETED":
            self.pods[name] = pod
        if kind == "DELETED" or _state(before) != _state(pod):
            for subscription in self._subscriptions.get(name, ()):
                subscription.gone = pod if kind == "DELETED" else None
                subscription.notify()


def slim(pod: Pod) -> dict[str, Any]:
    """Return a pod without what no watcher looks at: the client spends a millisecond on every time that it reads."""
    meta = {name: value for name, value in pod["metadata"].items() if name != "managedFields"}
    spec = {name: value for name, value in pod["spec"].items() if name in _SPEC_FIELDS}
    for kind in ("containers", "initContainers"):
        known = pod["spec"].get(kind, ())
        spec[kind] = [{name: one[name] for name in _CONTAINER_FIELDS if name in one} for one in known]
    status = dict(pod.get("status", {}))
    status["conditions"] = [
        {name: value for name, value in one.items() if name not in _TIMES} for one in status.get("conditions") or ()
    ]
    return {**pod, "metadata": meta, "spec": spec, "status": status}


def _state(pod: Pod) -> Any:
    """Return what a watcher acts upon; a pod that nothing is known of has just been made."""
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    states = {one["name"]: _container_state(one.get("state", {})) for one in containers}
    deleted = "deletionTimestamp" in pod.get("metadata", {})
    return status.get("phase", "Pending"), deleted, {name: state for name, state in states.items() if state}


def _container_state(state: Mapping[str, Any]) -> str:
    reason = state.get("waiting", {}).get("reason", "")
    return "" if reason in STARTING else next(iter(state), "") + reason
