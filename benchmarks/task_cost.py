"""Seconds for a trial that does nothing, beside a plain mapped Airflow task that does nothing.

``python -m benchmarks.task_cost [--quick]``: one live Airflow (LocalExecutor, SQLite) with ``[hpo] preload`` off and one
with it on; in each the same number of plain mapped tasks, of trials in batches and of trials dispatched continuously.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

DAGS = Path(__file__).parent / "dags"
SLOTS = 4
SHAPES = ("plain", "batches", "continuous")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="12 tasks instead of 60")
    count = 12 if parser.parse_args().quick else 60
    table = Table(title=f"{count} tasks that do nothing, {SLOTS} at a time", title_justify="left")
    for column in ("preload", "shape", "seconds a task", "beside plain", "CPU seconds a task", "beside plain"):
        table.add_column(column, justify="right")
    for preload in (False, True):
        measured = measure(preload, count)
        for shape in SHAPES:
            wall, cpu = measured[shape]
            plain_wall, plain_cpu = measured["plain"]
            row = (f"{wall:.2f}", f"{wall / plain_wall:.2f}", f"{cpu:.2f}", f"{cpu / plain_cpu:.2f}")
            table.add_row("on" if preload else "off", shape, *row)
    Console().print(table)


def measure(preload: bool, count: int) -> dict[str, tuple[float, float]]:
    """Return seconds and CPU seconds a task for each shape.

    :param preload: whether the scheduler imports what trials need.
    :param count: how many tasks of each shape.
    """
    env = {"AIRFLOW__HPO__PRELOAD": str(preload), "HPO_BENCH_TASKS": str(count), "HPO_BENCH_SLOTS": str(SLOTS)}
    with (
        tempfile.TemporaryDirectory(prefix="hpo-bench-") as home,
        LiveAirflow(Path(home), DAGS, parallelism=SLOTS + 1, env=env) as airflow,
    ):
        DagRun.trigger(airflow, "plain").wait()
        return {shape: _run(airflow, shape, count) for shape in SHAPES}


def _run(airflow: LiveAirflow, shape: str, count: int) -> tuple[float, float]:
    before = psutil.cpu_times()
    run = DagRun.trigger(airflow, shape)
    if run.wait(timeout=1800) != "success":
        raise SystemExit(f"The run of {shape!r} failed.")
    cpu = _busy(psutil.cpu_times()) - _busy(before)
    found = airflow.get(run.path)
    seconds = (datetime.fromisoformat(found["end_date"]) - datetime.fromisoformat(found["start_date"])).total_seconds()
    return seconds / count, cpu / count


def _busy(times: object) -> float:
    return sum(getattr(times, name) for name in ("user", "nice", "system"))


if __name__ == "__main__":
    main()
