"""Strikes processes of a live Airflow that wait at a gate of :mod:`tests.chaos.strikes`, and starts again what died."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from local_airflow.live import LiveAirflow
from local_airflow.runs import ENDED, DagRun
from tests.chaos.ledger import Injection, Ledger
from tests.chaos.strikes import Hold, Reached
from tests.chaos.whole import Whole

Victim = Literal["task process", "worker", "scheduler", "triggerer", "trigger runner", "API server", "DAG processor"]
COMPONENTS = {
    "scheduler": "scheduler",
    "triggerer": "triggerer",
    "trigger runner": "triggerer",
    "API server": "api-server",
    "DAG processor": "dag-processor",
}
"""What has to be started again, by victim."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Who is killed how, and when.

    :param step: name of the step at which a process is held meanwhile.
    :param victim: who is killed.
    :param sign: SIGKILL or SIGTERM.
    :param subject: what the held subject must begin with; empty for any.
    """

    step: str
    victim: Victim = "task process"
    sign: signal.Signals = signal.SIGKILL
    subject: str = ""

    @property
    def fault(self) -> str:
        return f"{self.sign.name} of the {self.victim}"


@dataclass
class Striker:
    """Carries out a list of strikes in one DAG run.

    :param airflow: where.
    :param folder: of plans and gates, as ``HPO_STRIKES`` names it.
    :param family: the study.
    :param strikes: each carried out once.
    """

    airflow: LiveAirflow
    folder: Path
    family: str
    strikes: Sequence[Strike]
    done: dict[int, Reached] = field(default_factory=dict)
    ending: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """Components that were struck and have not ended yet: a gentle end waits for tasks, which may wait at gates."""

    def plan(self) -> None:
        """Let the processes know at which steps to wait; before the run is triggered."""
        holds = [asdict(Hold(str(i), strike.step, strike.subject)) for i, strike in enumerate(self.strikes)]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{self.family}.json").write_text(json.dumps(holds))

    def until_the_end_of(self, run: DagRun, timeout: float = 420.0) -> None:
        """Strike whoever comes to a gate until the run has ended.

        :param run: the DAG run.
        :param timeout: seconds.
        """
        gates = self.folder / f"{self.family}@{run.run_id}"
        looks = itertools.count()

        def over() -> bool:
            self._strike_all(gates)
            # A gate is looked at far more often than Airflow is asked.
            return next(looks) % 20 == 0 and run.state in ENDED

        try:
            self.airflow.wait(over, f"{run.run_id} of {run.dag_id} to end", timeout=timeout, interval=0.05)
        finally:
            for i in range(len(self.strikes)):
                _open(gates, str(i))
            for process in self.ending.values():
                process.wait(60)
            self._start_what_ended()
        assert run.state == "success", f"The run is {run.state}."
        missed = [strike for i, strike in enumerate(self.strikes) if i not in self.done]
        assert not missed, f"Nobody came to these steps: {missed}."

    def _strike_all(self, gates: Path) -> None:
        for path in sorted(gates.glob("*.reached")):
            reached = Reached(**json.loads(path.read_text()))
            if int(reached.id) not in self.done:
                self.done[int(reached.id)] = reached
                self._strike(self.strikes[int(reached.id)], reached, gates)
        self._start_what_ended()

    def _start_what_ended(self) -> None:
        for component in [name for name, process in self.ending.items() if process.poll() is not None]:
            del self.ending[component]
            self.airflow.processes.start(component)

    def _strike(self, strike: Strike, reached: Reached, gates: Path) -> None:
        self._start_what_ended()
        component = COMPONENTS.get(strike.victim)
        if component and component not in self.ending:
            self.ending[component] = self.airflow.processes.let_go(component)
        orphans = self._orphans(strike)
        os.kill(self._pid(strike.victim, reached), strike.sign)
        for orphan in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()
        if component and strike.sign == signal.SIGKILL:
            self.ending[component].wait(30)
        _open(gates, reached.id)
        if strike.victim == "task process" and strike.sign == signal.SIGKILL:
            reached.thaw()

    def _orphans(self, strike: Strike) -> list[psutil.Process]:
        """Return what dies with a killed scheduler where a service manager or a container ends all of it.

        On PostgreSQL its workers would otherwise keep its connection open, and with it the lock of the DAG run for ever.
        """
        if (strike.victim, strike.sign) != ("scheduler", signal.SIGKILL) or "HPO_TEST_URL" not in self.airflow.env:
            return []
        return psutil.Process(self.ending["scheduler"].pid).children(recursive=True)

    def _pid(self, victim: Victim, reached: Reached) -> int:
        if victim in ("task process", "trigger runner"):
            return reached.pid
        if victim == "worker":
            assert "LocalExecutor" in " ".join(psutil.Process(reached.parent).cmdline()), "The task has no worker."
            return reached.parent
        return self.ending[COMPONENTS[victim]].pid


def entered(
    stack: contextlib.ExitStack, ledger: Ledger, strikes: Sequence[Strike], on: str, what: str, expected: str
) -> list[Injection]:
    """Enter all strikes of a run into the ledger; what goes wrong before the stack ends is entered for all of them.

    :param stack: of contexts.
    :param ledger: where.
    :param strikes: the strikes.
    :param on: backend and database.
    :param what: whose steps they are.
    :param expected: what must come of it.
    """
    return [
        stack.enter_context(ledger.injection(s.fault, f"{what}: {s.step}", on=on, expected=expected)) for s in strikes
    ]


def note(rows: Sequence[Injection], striker: Striker, seen: Whole) -> None:
    """Write into the ledger what became of each strike's trial, or of the edition.

    :param rows: what :func:`entered` returned.
    :param striker: who struck.
    :param seen: the edition afterwards.
    """
    for i, row in enumerate(rows):
        subject = striker.done[i].subject
        row.seen = seen.of_key(subject) if subject[0].isdigit() else str(seen)


def _open(gates: Path, gate: str) -> None:
    if gates.exists():
        (gates / f"{gate}.go").touch()
