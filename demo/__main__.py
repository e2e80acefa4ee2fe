"""``make demo``: tune a real model through a real Airflow, then compare default and best parameters on unseen data."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Any

from rich.console import Console

from demo.comparison import compare
from demo.places import DAG_ID, DAGS, GROUP, HOME
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

PARALLELISM = 5


def main() -> None:
    """Run the demo."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    shutil.rmtree(HOME, ignore_errors=True)
    airflow = LiveAirflow(HOME, DAGS, parallelism=PARALLELISM, env={"AIRFLOW__HPO__PRELOAD": "True"})
    with console.status("Starting Airflow: scheduler, API server, DAG processor, triggerer (about 20 s)"):
        airflow.start()
    try:
        best = _tune(airflow, console)
    finally:
        airflow.stop()
    with console.status("Training with default and with best parameters, judging both on unseen patients"):
        comparison = compare(best["params"])
    console.print()
    console.print(comparison)
    console.print(_where_next(best))


def _tune(airflow: LiveAirflow, console: Console) -> dict[str, Any]:
    run = DagRun.trigger(airflow, DAG_ID)
    console.print(
        f"Airflow runs DAG [bold]{DAG_ID}[/]: 40 trials of gradient boosting, 4 at once, each a task of its own."
    )
    airflow.wait(lambda: _state(run, f"{GROUP}.start") == "success", "the study to start")
    edition = run.xcom(f"{GROUP}.start")
    subprocess.run([sys.executable, "-m", "airflow", "hpo", "studies", "watch", edition], env=airflow.env, check=True)
    if run.wait() != "success":
        raise SystemExit(f"The DAG run has failed. Its logs are in {HOME / 'logs'}.")
    subprocess.run([sys.executable, "-m", "airflow", "hpo", "studies", "show", edition], env=airflow.env, check=True)
    best: dict[str, Any] = run.xcom(f"{GROUP}.finish")
    return best


def _state(run: DagRun, task_id: str) -> str | None:
    found = run.tasks(task_id)
    return found[0]["state"] if found else None


def _where_next(best: dict[str, Any]) -> str:
    return f"""
Where to look next
  make ui                                        the same in Airflow's UI: every trial a task with its own log
  dags/{DAG_ID}.py                          the whole DAG
  optuna.load_study(study_name="{best["edition"]}",
                    storage="sqlite:///{HOME.name}/hpo.db")     the same study in Optuna"""


if __name__ == "__main__":
    main()
