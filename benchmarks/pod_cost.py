"""Seconds and CPU seconds for a pod trial that does nothing, beside bare pods and plain ``KubernetesPodOperator`` tasks.

``python -m benchmarks.pod_cost [--quick]``: needs a running cluster (``make cluster-up``). Four parts: plain tasks without
``[hpo] preload``, which take longest; pods that do nothing, ten at a time; pods of 1 to 10 s, five at a time, beside bare pods
and list scheduling; 200 pods at once in one triggerer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bare_pods import BarePods, FirstPod, ideal
from benchmarks.process_cost import Usage
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

DAGS = Path(__file__).parent / "pod_dags"
SLOTS = 10
UNEVEN_SLOTS = 5
NOTHING = ["sh", "-c", "echo loss=0"]
PARTS = ("unloaded", "nothing", "uneven", "live")
NOTHING_DAGS = {"plain tasks": "plain", "trials": "trials", "trials in the triggerer": "trials_in_triggerer"}
WARM_UP = ("warm_up", "warm_up_trials", "warm_up_triggerer")
CLEANED = 75.0
"""Seconds before each measurement. Once a minute a kubelet removes the sandboxes of pods that are gone, which costs as much as
starting them; what the pods of one measurement leave is not to slow down the next one. No API says when it is done."""


@dataclass(frozen=True)
class Bench:
    """A cluster, a namespace of one's own, and how much is measured."""

    core: Any
    namespace: str
    kubeconfig: str
    image: str
    quick: bool

    @property
    def count(self) -> int:
        """Pods that do nothing."""
        return 10 if self.quick else 100

    @property
    def uneven(self) -> int:
        """Pods that sleep."""
        return 10 if self.quick else 30

    @property
    def live(self) -> int:
        """Pods in one triggerer."""
        return 20 if self.quick else 200

    def settle(self) -> None:
        """Wait until the nodes have removed what earlier pods left."""
        time.sleep(0 if self.quick else CLEANED)

    def bare(self, commands: Sequence[Sequence[str]], slots: int) -> float:
        """Run pods without Airflow, on a node that has tidied up, and return the seconds that they took."""
        self.settle()
        return BarePods(self.core, self.namespace, self.image).run(commands, slots)

    def environment(self, preload: bool) -> dict[str, str]:
        """Return what the Airflow of one measurement needs to know."""
        return {
            "KUBECONFIG": self.kubeconfig,
            "AIRFLOW_CONN_KUBERNETES_DEFAULT": "kubernetes://",
            "AIRFLOW__HPO__PRELOAD": str(preload),
            "HPO_BENCH_TASKS": str(self.count),
            "HPO_BENCH_UNEVEN": str(self.uneven),
            "HPO_BENCH_LIVE": str(self.live),
            "HPO_BENCH_SLOTS": str(SLOTS),
            "HPO_BENCH_IMAGE": self.image,
            "HPO_BENCH_NAMESPACE": self.namespace,
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about ten pods of each kind")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure only this part")
    arguments = parser.parse_args()
    parts = arguments.only or list(PARTS)
    with cluster(arguments.quick) as bench:
        if "unloaded" in parts:
            with airflow(bench, preload=False) as live:
                nothing(live, bench, {"plain tasks, no preload": "plain"})
        if parts == ["unloaded"]:
            return
        with airflow(bench, preload=True) as live:
            if "nothing" in parts:
                nothing(live, bench, NOTHING_DAGS)
            if "uneven" in parts:
                uneven(live, bench)
            if "live" in parts:
                many(live, bench)


@contextmanager
def cluster(quick: bool) -> Iterator[Bench]:
    """Lend a namespace of the running cluster."""
    from kubernetes import client, config  # type: ignore[import-untyped]

    kubeconfig = os.environ.get("KUBECONFIG") or _tool("kubeconfig")
    image = os.environ.get("HPO_TEST_IMAGE") or _tool("image", "airflow-hpo/python:test")
    namespace = f"hpo-bench-{uuid.uuid4().hex[:6]}"
    with config.new_client_from_config(kubeconfig) as api:
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": namespace}})
        try:
            yield Bench(core, namespace, kubeconfig, image, quick)
        finally:
            core.delete_collection_namespaced_pod(namespace, grace_period_seconds=0)
            core.delete_namespace(namespace)


@contextmanager
def airflow(bench: Bench, *, preload: bool) -> Iterator[LiveAirflow]:
    """Run an Airflow and warm it up: what the first tasks import and compile is not what is measured."""
    with tempfile.TemporaryDirectory(prefix="hpo-bench-") as home:
        environment = bench.environment(preload)
        with LiveAirflow(Path(home), DAGS, parallelism=SLOTS + 2, env=environment, hurried=False) as live:
            for dag_id in WARM_UP:
                DagRun.trigger(live, dag_id).wait(timeout=600)
            yield live


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    seconds: float
    start_up: float
    """From the DAG run's start to the first pod."""
    cpu: Usage
    run: DagRun


def measured(live: LiveAirflow, bench: Bench, dag_id: str, count: int) -> Measured:
    """Run a DAG once, on a node that has tidied up.

    :param live: the Airflow.
    :param bench: the cluster.
    :param dag_id: which DAG.
    :param count: how many pods it runs.
    """
    bench.settle()
    before = Usage.of(live)
    first = FirstPod(bench.core, bench.namespace, f"bench={dag_id}")
    run = DagRun.trigger(live, dag_id)
    # Asked seldom, since every question costs CPU; when the run ended is what Airflow says.
    state = run.wait(timeout=3600, interval=5)
    cpu = Usage.of(live) - before
    if state != "success":
        raise SystemExit(f"The run of {dag_id!r} with {count} pods ended as {state!r}; see {live.home}.")
    found = live.get(run.path)
    began, ended = (datetime.fromisoformat(found[name]).timestamp() for name in ("start_date", "end_date"))
    return Measured(ended - began, (first.seen or began) - began, cpu, run)


def nothing(live: LiveAirflow, bench: Bench, dags: Mapping[str, str]) -> None:
    """Compare pods that do nothing.

    :param live: the Airflow.
    :param bench: the cluster.
    :param dags: which DAGs run them, by what they are called in the table.
    """
    count = bench.count
    table = Table(title=f"{count} pods that do nothing, {SLOTS} at a time", title_justify="left")
    cpu = ("CPU s: scheduler", "triggerer", "API server", "DAG processor")
    whole = ("first pod after", "then seconds a pod", "beside bare", "all of it", "beside bare", "bare then")
    for column in ("", *whole, *cpu):
        table.add_column(column, justify="right")
    # Bare pods before and after every row: the speed of a machine swings.
    bare = [bench.bare([NOTHING] * count, SLOTS)]
    for label, dag_id in dags.items():
        one = measured(live, bench, dag_id, count)
        bare.append(bench.bare([NOTHING] * count, SLOTS))
        beside = (bare[-2] + bare[-1]) / 2
        table.add_row(label, *_beside(one, beside, count), f"{beside / count:.2f}", *one.cpu.columns(count))
    Console(width=160).print(table)


def _beside(one: Measured, bare: float, count: int = 1) -> list[str]:
    """Return the start, what follows it and both together, each beside bare pods, which have no start to speak of."""
    then = one.seconds - one.start_up
    first = [f"{one.start_up:.1f} s", f"{then / count:.2f}", f"{then / bare:.2f}"]
    return [*first, f"{one.seconds:.1f} s", f"{one.seconds / bare:.2f}"]


def uneven(live: LiveAirflow, bench: Bench) -> None:
    """Compare pods of 1 to 10 seconds with list scheduling; every run with bare pods as long as its own, which differ."""
    table = Table(title=f"{bench.uneven} pods of 1 to 10 s, {UNEVEN_SLOTS} at a time", title_justify="left")
    took = ("first pod after", "then seconds", "beside bare", "all of it", "beside bare", "retries")
    for column in ("", "list scheduling", "bare pods", *took):
        table.add_column(column, justify="right")
    for label, name in (("trials", "uneven"), ("trials in the triggerer", "uneven_in_triggerer")):
        one = measured(live, bench, name, bench.uneven)
        seconds = durations(one.run)
        bare = bench.bare([["sh", "-c", f"sleep {each}; echo loss=0"] for each in seconds], UNEVEN_SLOTS)
        without = [f"{ideal(seconds, UNEVEN_SLOTS):.1f} s", f"{bare:.1f} s"]
        table.add_row(label, *without, *_beside(one, bare), str(retried(one.run)))
    Console(width=140).print(table)


def many(live: LiveAirflow, bench: Bench) -> None:
    """Look at a triggerer that watches many pods at once."""
    with Usage.watching(live) as lag:
        one = measured(live, bench, "live", bench.live)
    table = Table(title=f"{bench.live} pods of 60 s at once in one triggerer", title_justify="left")
    for column in ("seconds", "CPU s of the triggerer", "its memory", "loop blocked"):
        table.add_column(column, justify="right")
    blocked = f"{lag.blocked} times, {lag.longest:.2f} s at most"
    table.add_row(f"{one.seconds:.0f}", f"{one.cpu.triggerer:.0f}", f"{lag.memory / 2**20:.0f} MiB", blocked)
    Console().print(table)


def durations(run: DagRun) -> list[float]:
    """Return what each trial slept, in the order in which the trials were started."""
    results = [run.xcom(ti["task_id"], ti["map_index"]) for ti in trials(run) if ti["state"] == "success"]
    return [one["params"]["seconds"] for one in sorted(results, key=lambda result: int(result["number"]))]


def retried(run: DagRun) -> int:
    """Return how many tries were spent beyond the first."""
    return sum(max(0, int(ti["try_number"]) - 1) for ti in trials(run))


def trials(run: DagRun) -> list[dict[str, Any]]:
    """Return the trial tasks of a run."""
    return [ti for ti in run.tasks() if ti["task_id"].endswith(".trial")]


def _tool(*arguments: str) -> str:
    command = [sys.executable, "-m", "cluster", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
