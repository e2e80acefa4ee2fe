"""Whether a pod that prints its metric and exits at once is ever lost: ``python -m benchmarks.print_and_exit [--pods 500]``.

Runs that many trials in each mode, watched by a worker and by a triggerer, on the cluster that runs (``make cluster-up``).
The operator is called as Airflow's workers and triggerer call it, without Airflow around it, so that thousands of pods take
minutes; a try that fails for the cluster's reasons is followed by another one, as there. Ends with 1 when a value is missing
or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = "import os; print('loss=' + os.environ['HPO_PARAM_X'])"


@dataclass(frozen=True, slots=True)
class Mode:
    """What one way of watching came to."""

    name: str
    pods: int
    wrong: int
    """Trials without their value, or with another one."""
    again: int
    """Trials that needed another attempt: the container runtime had lost what the pod printed."""
    seconds: float
    left: int
    """Pods that are still there."""


def main() -> int:
    """Run both modes, print a table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=500, help="how many in each mode (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=5, help="how many at once (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hpo-") as home:
        os.environ.update(AIRFLOW_HOME=home, AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR")
        modes = _measured(Path(home), options.pods, options.slots)
    _print(modes, options.slots)
    return 1 if any(mode.wrong or mode.left for mode in modes) else 0


def _measured(home: Path, pods: int, slots: int) -> list[Mode]:
    from kubernetes import client, config  # type: ignore[import-untyped]

    from tests.cluster.pods_on_cluster import cluster_tool

    kubeconfig = cluster_tool("kubeconfig").stdout.strip()
    extra = {"kube_config_path": kubeconfig}
    os.environ["AIRFLOW_CONN_KUBERNETES_DEFAULT"] = json.dumps({"conn_type": "kubernetes", "extra": extra})
    image = cluster_tool("image", "airflow-hpo/python:test").stdout.strip()
    with config.new_client_from_config(kubeconfig) as api:
        core, namespace = client.CoreV1Api(api), f"hpo-exit-{uuid.uuid4().hex[:8]}"
        core.create_namespace({"metadata": {"name": namespace}})
        try:
            return [_mode(core, home, namespace, image, deferrable, pods, slots) for deferrable in (False, True)]
        finally:
            core.delete_namespace(namespace)


def _mode(core: Any, home: Path, namespace: str, image: str, deferrable: bool, pods: int, slots: int) -> Mode:
    from airflow_hpo import Float, Study
    from airflow_hpo.storage.database import Database
    from airflow_hpo.studies import migrate
    from airflow_hpo.studies.store import Store
    from tests.cluster.trials_on_cluster import Task
    from tests.integration.trial_tasks import Tuned

    database = Database.sqlite(home / "hpo.db")
    migrate.upgrade(database)
    study = Study(
        name="triggerer" if deferrable else "worker",
        space={"x": Float(0, 1)},
        objective="loss",
        sampler="random",
        max_trials=pods,
        parallelism=pods,
    )
    given = {
        "namespace": namespace,
        "image": image,
        "image_pull_policy": "IfNotPresent",
        "cmds": ["python3", "-c", PROGRAM],
        "automount_service_account_token": False,
        "deferrable": deferrable,
    }
    tuned = Tuned(Store(database), study)
    tasks = [Task(tuned, request, given) for request in tuned.suggest()]
    begun = time.monotonic()
    with ThreadPoolExecutor(slots) as pool:
        right = list(pool.map(_right, tasks))
    seconds = time.monotonic() - begun
    again = sum(len(task.attempts()) > 1 for task in tasks)
    left = [pod for pod in core.list_namespaced_pod(namespace).items if pod.metadata.deletion_timestamp is None]
    return Mode(study.name, pods, pods - sum(right), again, seconds, len(left))


def _right(task: Any) -> bool:
    try:
        value = task.run()["value"]
    except Exception as err:  # noqa: BLE001 - a trial may fail in any way, and is counted
        print(f"Trial {task.request.number}, try {task.try_number}: {err}", file=sys.stderr)
        blamed = task.attempts()[-1].kind
        return blamed in ("infrastructure", "unheard") and task.try_number <= task.retries and _right(task.again())
    return bool(value == task.request.params["x"])


def _print(modes: list[Mode], slots: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Pods that print and exit, {slots} at once", title_justify="left")
    for column in ("watched by", "trials", "lost", "run again", "left behind", "seconds", "seconds a trial"):
        table.add_column(column, justify="left" if column == "watched by" else "right")
    for mode in modes:
        each = f"{mode.seconds / mode.pods:.2f}"
        table.add_row(
            mode.name, str(mode.pods), str(mode.wrong), str(mode.again), str(mode.left), f"{mode.seconds:.0f}", each
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
