"""Pods without Airflow: what a script with the Kubernetes client needs at least."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any


class BarePods:
    """Creates pods, waits for their end and deletes them.

    :param core: a ``CoreV1Api``.
    :param namespace: where.
    :param image: of all pods.
    """

    def __init__(self, core: Any, namespace: str, image: str) -> None:
        self._core = core
        self._namespace = namespace
        self._image = image

    def run(self, commands: Sequence[Sequence[str]], slots: int) -> float:
        """Run one pod for each command, and return the seconds that all took.

        :param commands: program and arguments of each.
        :param slots: how many run at once.
        """
        begun = time.monotonic()
        with ThreadPoolExecutor(slots) as pool:
            list(pool.map(self._one, commands))
        return time.monotonic() - begun

    def _one(self, command: Sequence[str]) -> None:
        from kubernetes.watch import Watch  # type: ignore[import-untyped]

        name = f"bare-{uuid.uuid4().hex[:8]}"
        container = {
            "name": "base",
            "image": self._image,
            "imagePullPolicy": "IfNotPresent",
            "command": list(command),
        }
        spec = {
            "containers": [container],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
        }
        self._core.create_namespaced_pod(self._namespace, {"metadata": {"name": name}, "spec": spec})
        watch = Watch()
        chosen = f"metadata.name={name}"
        for event in watch.stream(self._core.list_namespaced_pod, self._namespace, field_selector=chosen):
            if event["object"].status.phase in ("Succeeded", "Failed"):
                watch.stop()
        self._core.delete_namespaced_pod(name, self._namespace, grace_period_seconds=0)


class FirstPod:
    """Notices when the first pod of a label is there.

    :param core: a ``CoreV1Api``.
    :param namespace: where.
    :param selector: label selector.
    """

    def __init__(self, core: Any, namespace: str, selector: str) -> None:
        self.seen: float | None = None
        """Seconds since 1970; None while there is none."""
        self._arguments = (core, namespace, selector)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        from kubernetes.client import ApiException  # type: ignore[import-untyped]
        from kubernetes.watch import Watch

        # A watch, since asking every moment would slow down what is measured.
        core, namespace, selector = self._arguments
        watch, until = Watch(), time.time() + 300
        while self.seen is None and time.time() < until:
            # The API server ends a watch that it cannot serve yet.
            with suppress(ApiException):
                for _ in watch.stream(core.list_namespaced_pod, namespace, label_selector=selector, timeout_seconds=60):
                    self.seen = time.time()
                    watch.stop()


def ideal(seconds: Sequence[float], slots: int) -> float:
    """Return how long list scheduling takes when starting and ending cost nothing.

    :param seconds: what each takes, in the order in which they start.
    :param slots: how many run at once.
    """
    free = [0.0] * slots
    for one in seconds:
        first = free.index(min(free))
        free[first] += one
    return max(free)
