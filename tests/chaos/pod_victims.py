"""What can be killed around trials in pods, each for real: pods, task processes, workers, Airflow's and the cluster's parts."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import psutil
from kubernetes.client import ApiException  # type: ignore[import-untyped]

from local_airflow.live import LiveAirflow
from tests.cluster.pods_on_cluster import cluster_tool, wait_for

WORKER = "airflow worker -- "
EXECUTOR = f"{WORKER}LocalExecutor: "
IDLE = f"{EXECUTOR}<idle>"
BEGUN = 1.0
"""Seconds after which Airflow knows that a task runs."""
QUICK = (
    "pod deleted",
    "pod deleted without grace",
    "SIGKILL of a task process",
    "SIGTERM of a task process",
    "SIGKILL of the triggerer",
    "SIGKILL of the kubelet",
    "SIGKILL of kube-apiserver",
)
"""After which it goes on within seconds."""


@dataclass(frozen=True)
class Blow:
    """One way to strike."""

    weight: int
    """How often beside others."""
    strike: Callable[[], bool]
    """Strikes; False when there is no victim now."""


@dataclass
class Victims:
    """Strikes one part after another; who is struck among many of a kind is drawn.

    :param airflow: a running Airflow.
    :param core: a client of the core API.
    :param namespace: where its pods are.
    :param rng: draws.
    """

    airflow: LiveAirflow
    core: Any
    namespace: str
    rng: random.Random

    @property
    def blows(self) -> dict[str, Blow]:
        """What can be done, by what it is called in the docs.

        Not containerd: one that is killed loses the last lines of containers that end meanwhile, which nobody can read.
        """
        kill, end = signal.SIGKILL, signal.SIGTERM
        return {
            "pod deleted": Blow(6, lambda: self.pod(None)),
            "pod deleted without grace": Blow(6, lambda: self.pod(0)),
            "SIGKILL of a task process": Blow(6, lambda: self.process(self.tasks, kill)),
            "SIGTERM of a task process": Blow(6, lambda: self.process(self.tasks, end)),
            "SIGKILL of a worker": Blow(3, lambda: self.process(self.workers, kill)),
            "SIGKILL of the triggerer": Blow(2, lambda: self.component("triggerer", kill)),
            "SIGTERM of the triggerer": Blow(2, lambda: self.component("triggerer", end)),
            "SIGKILL of the scheduler": Blow(2, lambda: self.component("scheduler", kill)),
            "SIGKILL of Airflow's API server": Blow(2, lambda: self.component("api-server", kill)),
            "SIGKILL of the kubelet": Blow(2, lambda: self.kubernetes("kubelet")),
            "SIGKILL of kube-apiserver": Blow(2, lambda: self.kubernetes("apiserver")),
            "SIGKILL of etcd": Blow(1, lambda: self.kubernetes("etcd")),
            "SIGKILL of kube-controller-manager": Blow(1, lambda: self.kubernetes("controller-manager")),
        }

    def pod(self, grace: int | None) -> bool:
        """Delete one of the trials' pods."""
        found = self.core.list_namespaced_pod(self.namespace, label_selector="airflow-hpo/trial").items
        alive = sorted(pod.metadata.name for pod in found if _alive(pod))
        if not alive:
            return False
        options = {} if grace is None else {"grace_period_seconds": grace}
        try:
            self.core.delete_namespaced_pod(self.rng.choice(alive), self.namespace, **options)
        except ApiException as err:
            if err.status != 404:
                raise
            return False
        return True

    def tasks(self) -> list[psutil.Process]:
        """Processes that run a task's code."""
        return [
            one for one in self._below() if (title := _title(one)).startswith(WORKER) and "LocalExecutor" not in title
        ]

    def workers(self) -> list[psutil.Process]:
        """Workers whose task runs: of those that wait, one holds the lock of the queue, and the end of one that has only just
        taken a task leaves that queued until the scheduler is started anew."""
        busy = [one for one in self._below() if (title := _title(one)).startswith(EXECUTOR) and title != IDLE]
        return [one for one in busy if _runs(one)]

    def process(self, among: Callable[[], list[psutil.Process]], sign: signal.Signals) -> bool:
        """Send a signal to one of some processes."""
        found = sorted(among(), key=lambda one: one.pid)
        if not found:
            return False
        try:
            self.rng.choice(found).send_signal(sign)
        except psutil.NoSuchProcess:
            return False
        return True

    def component(self, name: str, sign: signal.Signals) -> bool:
        """End a part of Airflow with all that it started, and start it again."""
        self.airflow.processes.kill(name, sign)
        self.airflow.processes.start(name)
        return True

    def kubernetes(self, name: str) -> bool:
        """End a part of the cluster, and start it again."""
        cluster_tool("stop", name, "--signal", "KILL")
        cluster_tool("start", name)
        wait_for(lambda: cluster_tool("status", check=False).returncode == 0, f"{name} to be ready")
        return True

    def _below(self) -> list[psutil.Process]:
        return psutil.Process(self.airflow.processes.pid("scheduler")).children(recursive=True)


def plan(victims: Victims, faults: Collection[str], kills: int, trials: int) -> list[tuple[int, str]]:
    """Draw when to strike what: after how many trials have ended, in order; every kind once and the rest by weight.

    :param victims: draws.
    :param faults: the kinds.
    :param kills: how many strikes.
    :param trials: how many trials end in all.
    """
    rng, weights = victims.rng, [victims.blows[fault].weight for fault in faults]
    drawn = [*faults, *rng.choices(list(faults), weights, k=kills - len(faults))]
    rng.shuffle(drawn)
    return list(zip(sorted(rng.randrange(trials * 4 // 5) for _ in drawn), drawn, strict=True))


def _alive(pod: Any) -> bool:
    return pod.metadata.deletion_timestamp is None and pod.status.phase in ("Pending", "Running")


def _runs(worker: psutil.Process) -> bool:
    try:
        return any(time.time() - task.create_time() > BEGUN for task in worker.children())
    except psutil.Error:
        return False


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.Error:
        return ""
