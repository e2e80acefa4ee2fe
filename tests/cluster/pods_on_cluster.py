"""Running the cluster tool and pods, for the tests of the cluster and on it."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_hpo.pods.build.labels import label_value

ROOT = Path(__file__).parents[2]
LIMIT = 60.0
"""Seconds that a pod of these tests may take to come to the state that is waited for."""


def cluster_tool(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `python3 -m cluster`, its progress shown among the captured output."""
    done = subprocess.run([sys.executable, "-m", "cluster", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if check:
        done.check_returncode()
    return done


def wait_for(condition: Callable[[], Any], what: str, limit: float = LIMIT) -> Any:
    """Ask until something true comes, and return it."""
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come within {limit:g} s"
        time.sleep(0.1)
    return found


def pods_of(core: Any, namespace: str, edition: str) -> list[Any]:
    """The pods of a study that are there."""
    selector = f"airflow-hpo/edition={label_value(edition)}"
    return list(core.list_namespaced_pod(namespace, label_selector=selector).items)


def run_in(core: Any, namespace: str, name: str, *command: str, **where: str) -> tuple[int, str]:
    """Run a command in a running pod, and return its exit code and what it printed."""
    from kubernetes.stream import stream

    exec_ = core.connect_get_namespaced_pod_exec
    answer = stream(exec_, name, namespace, command=list(command), stdout=True, _preload_content=False, **where)
    answer.run_forever(timeout=30)
    answer.sock.shutdown()  # its close() leaves the socket open once the server has said goodbye
    return answer.returncode, answer.read_all()


@dataclass(frozen=True)
class Pods:
    """Starts pods in one namespace and asks about them."""

    core: Any
    namespace: str
    image: str

    def start(self, *command: str, container: dict[str, Any] | None = None, **spec: Any) -> str:
        """Create a pod that runs a command once, and return its name."""
        name = f"pod-{uuid.uuid4().hex[:8]}"
        main = {
            "name": "main",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": list(command),
            **(container or {}),
        }
        body = {
            "metadata": {"name": name},
            "spec": {
                "containers": [main],
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": False,
                **spec,
            },
        }
        self.core.create_namespaced_pod(self.namespace, body)
        return name

    def read(self, name: str) -> Any:
        """Return a pod as it is now."""
        return self.core.read_namespaced_pod(name, self.namespace)

    def wait(self, name: str, phase: str, limit: float = LIMIT) -> Any:
        """Wait until a pod is in a phase, and return it."""
        return wait_for(lambda: (pod := self.read(name)).status.phase == phase and pod, f"{phase} of {name}", limit)

    def log(self, name: str, container: str = "main") -> str:
        """Return what a container has printed."""
        data = self.core.read_namespaced_pod_log(name, self.namespace, container=container, _preload_content=False).data
        return str(data.decode())
