"""What the API server says of pods by itself, so that nobody has to ask it in vain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

logger = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds before a watch that broke off is opened again."""
NORMAL = ("ContainerCreating", "PodInitializing")
"""Reasons of waiting containers that say nothing."""

_LIMITS = ("name", "resources")
_FATE = ("nodeName", "activeDeadlineSeconds")
_TIMES = ("lastTransitionTime", "lastProbeTime")

Pod = Mapping[str, Any]
Events = Callable[[], AsyncIterator[Mapping[str, Any]]]


class Subscription:
    """What one watcher hears of one pod.

    :param news: of the pod's namespace.
    :param name: the pod.
    :param wake: called when something has become of it.
    """

    def __init__(self, news: PodInformer, name: str, wake: Callable[[], None]) -> None:
        self._news = news
        self._name = name
        self._wake = wake
        # Who begins to listen may have missed the first word, which is as good as a question.
        self._fresh = True

    @property
    def live(self) -> bool:
        """Whether the API server speaks of this pod: then nobody needs to ask often."""
        return self._name in self._news.pods

    def newest(self) -> Any | None:
        """Return the pod as it was last heard of; None when nothing has become of it since the last call."""
        fresh, self._fresh = self._fresh, False
        known = self._news.pods.get(self._name)
        return self._news.as_pod(known) if fresh and known else None

    def hear(self) -> None:
        """Take it that something has become of the pod."""
        self._fresh = True
        self._wake()


class PodInformer:
    """One watch of the pods of a namespace, for all who wait for one of them.

    A hint and no more: who hears nothing asks now and then all the same, so that a watch that breaks off, or that a role
    does not allow, costs time and nothing else.

    :param events: opens the watch from the present state on; raises ConnectionError when it breaks off, PermissionError when
        it is refused.
    :param as_pod: makes the client's object of what an event says.
    """

    def __init__(self, events: Events, as_pod: Callable[[Pod], Any]) -> None:
        self._events = events
        self._ears: dict[str, list[Subscription]] = {}
        self.as_pod = as_pod
        self.pods: dict[str, Pod] = {}
        """The pods that there are, as they were last heard of; empty while nothing is heard."""

    @contextmanager
    def about(self, name: str, wake: Callable[[], None]) -> Iterator[Subscription]:
        """Listen for one pod until the context is left."""
        ear = Subscription(self, name, wake)
        ears = self._ears.setdefault(name, [])
        ears.append(ear)
        try:
            yield ear
        finally:
            ears.remove(ear)
            if not ears:
                self._ears.pop(name, None)

    async def follow(self) -> None:
        """Listen until cancelled, or refused."""
        while True:
            try:
                async for event in self._events():
                    self._take(event)
            except PermissionError as err:
                logger.info("Pods are looked at now and then, because they may not be watched: %s", err)
                return
            except ConnectionError as err:
                logger.info("The watch of pods is opened again: %s", err)
                await asyncio.sleep(PAUSE)
            finally:
                self.pods.clear()

    def _take(self, event: Mapping[str, Any]) -> None:
        pod = event["object"]
        if event["type"] == "ERROR":
            raise ConnectionError(pod.get("message", "unknown"))
        name = pod["metadata"]["name"]
        before = self.pods.pop(name, {})
        if event["type"] != "DELETED":
            self.pods[name] = pod
        if event["type"] == "DELETED" or _state(before) != _state(pod):
            for ear in self._ears.get(name, ()):
                ear.hear()


def slim(pod: Pod) -> dict[str, Any]:
    """Return a pod without what no watcher looks at: the client spends a millisecond on every time that it reads."""
    meta = {name: value for name, value in pod["metadata"].items() if name != "managedFields"}
    containers = [{name: one[name] for name in _LIMITS if name in one} for one in pod["spec"]["containers"]]
    spec = {name: value for name, value in pod["spec"].items() if name in _FATE} | {"containers": containers}
    status = dict(pod.get("status", {}))
    status["conditions"] = [
        {name: value for name, value in one.items() if name not in _TIMES} for one in status.get("conditions") or ()
    ]
    return {**pod, "metadata": meta, "spec": spec, "status": status}


def _state(pod: Pod) -> Any:
    """Return what a watcher acts upon; a pod that nothing is known of has just been made."""
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    states = {one["name"]: _stage(one.get("state", {})) for one in containers}
    gone = "deletionTimestamp" in pod.get("metadata", {})
    return status.get("phase", "Pending"), gone, {name: stage for name, stage in states.items() if stage}


def _stage(state: Mapping[str, Any]) -> str:
    reason = state.get("waiting", {}).get("reason", "")
    return "" if reason in NORMAL else next(iter(state), "") + reason
