"""``make demo``: one month of a retuning on real data, from tuning to production, through a real Airflow."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import Any

from rich.console import Console

from demo.places import DAG_ID, DAGS, HOME, IN_USE, MONTH, PARAMETER_SET, PRODUCTION_DAG
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

PARALLELISM = 5
PLAN = """
One month of a retuning on real data, through a real Airflow on this machine: about four minutes on two free cores.

  1  start Airflow                                         30 s
  2  tune: 24 trials on eight weeks of 2011                45 s
  3  validate: the best three and the parameters in use    45 s
  4  test: the best of those against those in use          60 s
  5  decide, approve, promote; production takes them over  15 s

Nothing is changed outside of demo-home/. Ctrl-C ends it."""


def main() -> None:
    """Run the demo."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    shutil.rmtree(HOME, ignore_errors=True)
    console.print(PLAN)
    airflow = LiveAirflow(HOME, DAGS, parallelism=PARALLELISM, env={"AIRFLOW__HPO__PRELOAD": "True"})
    demo = Demo(airflow, console)
    demo.step(1, "Airflow starts: scheduler, API server, DAG processor, triggerer.")
    with console.status("about 30 s"):
        airflow.start()
    try:
        edition = demo.run()
    finally:
        airflow.stop()
    console.print(_where_next(edition))


class Demo:
    """The demo's steps.

    :param airflow: a running Airflow.
    :param console: where it tells what happens.
    """

    def __init__(self, airflow: LiveAirflow, console: Console) -> None:
        self.airflow = airflow
        self.console = console
        self._began = time.monotonic()

    def step(self, number: int, text: str) -> None:
        """Say which step begins, and how much time has passed."""
        passed = round(time.monotonic() - self._began)
        self.console.print(f"\n[bold]{number} of 5[/]  {passed // 60}:{passed % 60:02}  {text}")

    def run(self) -> str:
        """Set what is in use, retune, agree, and see production take it over; returns the tuned edition."""
        self.step(2, f"DAG [bold]{DAG_ID}[/] runs as of 1 December 2011: 24 trials, 4 at once, each a task.")
        self._hpo("champion", "set", PARAMETER_SET, "--file", str(IN_USE), "--reason", "found as of 1 July 2011")
        retuning = DagRun.trigger(self.airflow, DAG_ID, logical_date=f"{MONTH}T00:00:00Z", run_id=MONTH)
        edition = self._watch(retuning, "tune.start")
        self.step(3, "The best three and the champion, measured again on the four weeks after.")
        self._watch(retuning, "validate.plan")
        self.step(4, "The best challenger meets the champion on the eight newest weeks.")
        self._watch(retuning, "test.look_1.plan")
        self._decide(retuning)
        self._ended(retuning)
        return edition

    def _decide(self, retuning: DagRun) -> None:
        retuning.finish_of("decide")
        decision = retuning.xcom("test.compare_1")
        self.step(5, "The decision, and what follows from it.")
        self._hpo("comparisons", "show", str(decision["comparison"]))
        if decision["verdict"] != "promote":
            return
        self.console.print("\nThe task [bold]approve[/] waits in Airflow's UI for a person. The demo says yes.")
        retuning.approve("approve")
        retuning.finish_of("promote")
        self._hpo("champion", "diff", PARAMETER_SET)
        production = self._production(retuning.tasks("promote")[0]["start_date"])
        if production["version"] != (promoted := retuning.xcom("promote")["version"]):
            raise SystemExit(f"Version {promoted} was promoted, but production uses version {production['version']}.")
        self.console.print(
            f"\nProduction's DAG [bold]{PRODUCTION_DAG}[/] was started by the promotion and uses version "
            f"{production['version']}."
        )

    def _production(self, since: str) -> dict[str, Any]:
        """Wait for the run that the promotion starts, not for those that were started before."""
        path, what = f"/dags/{PRODUCTION_DAG}/dagRuns", f"{PRODUCTION_DAG} to start"
        runs = self.airflow.wait(lambda: self.airflow.get(path, start_date_gte=since)["dag_runs"], what)
        run = DagRun(self.airflow, PRODUCTION_DAG, runs[0]["dag_run_id"])
        self._ended(run)
        found: dict[str, Any] = run.xcom("plan")
        return found

    def _watch(self, run: DagRun, task_id: str) -> str:
        """Show the progress of a study as soon as a task has opened it, and return its edition."""
        if run.finish_of(task_id) != "success":
            raise SystemExit(f"{task_id} has failed. The logs are in {HOME / 'logs'}.")
        opened = run.xcom(task_id)
        edition: str = opened if isinstance(opened, str) else opened[0]["study"]
        self._hpo("studies", "watch", edition)
        return edition

    def _ended(self, run: DagRun) -> None:
        if run.wait() != "success":
            raise SystemExit(f"A run of {run.dag_id} has failed. Its logs are in {HOME / 'logs'}.")

    def _hpo(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "airflow", "hpo", *arguments], env=self.airflow.env, check=True)


def _where_next(edition: str) -> str:
    return f"""
Where to look next
  make ui                                        the same in Airflow's UI: every trial a task with its own log
  dags/{DAG_ID}.py                           the whole DAG
  optuna.load_study(study_name="{edition}",
                    storage="sqlite:///{HOME.name}/hpo.db")     the same study in Optuna"""


if __name__ == "__main__":
    main()
