"""Seconds to parse a DAG with a study of 1,000 trials, beyond the import of Airflow itself: ``python -m benchmarks.parse_cost``.

Each number is the best of several fresh interpreters, because that is what a DAG processor starts.
"""

from __future__ import annotations

import subprocess
import sys

from rich.console import Console
from rich.table import Table

REPEATS = 5
PROGRAM = """
import time
t0 = time.perf_counter()
from airflow.sdk import DAG, BaseSensorOperator, TaskGroup, task
import airflow.providers.standard.operators.python
t1 = time.perf_counter()
from airflow_hpo import Float, ProcessTrial, Study, TuneTaskGroup
t2 = time.perf_counter()
study = Study(name="x", space={"a": Float(0, 1)}, objective="loss", max_trials=1000, parallelism=10)
with DAG("d") as dag:
    TuneTaskGroup(study=study, trial=ProcessTrial(["true"]))
t3 = time.perf_counter()
print(t1 - t0, t2 - t1, t3 - t2, len(dag.task_dict))
"""


def main() -> None:
    """Measure and print."""
    runs = [_once() for _ in range(REPEATS)]
    airflow, ours, build, _ = (min(column) for column in zip(*runs, strict=True))
    table = Table(title=f"A DAG of 1,000 trials ({runs[0][3]:.0f} tasks), best of {REPEATS}", title_justify="left")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("beside Airflow's import", justify="right")
    for what, seconds in (("import airflow.sdk", airflow), ("import airflow_hpo", ours), ("build the DAG", build)):
        table.add_row(what, f"{seconds:.2f}", f"{seconds / airflow:.2f}")
    Console().print(table)


def _once() -> list[float]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()[-4:]]


if __name__ == "__main__":
    main()
