"""Many at once: two runs of one DAG, a thousand trials in one batch, two triggerers."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude
from local_airflow.live import LiveAirflow
from local_airflow.processes import COMMANDS
from local_airflow.runs import DagRun
from tests.chaos.kill_airflow import folder_of, store_of, striking_airflow
from tests.chaos.kill_striking import Strike, Striker
from tests.chaos.ledger import Ledger
from tests.chaos.strikes import Reached
from tests.chaos.whole import check_whole

pytestmark = pytest.mark.timeout(900)
ON = "programs, PostgreSQL"
MANY = 1100
TRIGGERERS = ("triggerer", "second triggerer")


@pytest.fixture(scope="module")
def airflow(postgres_url: str) -> Iterator[LiveAirflow]:
    """An Airflow on PostgreSQL that maps more than a thousand tasks."""
    with striking_airflow(postgres_url, {"AIRFLOW__CORE__MAX_MAP_LENGTH": str(MANY)}) as live:
        yield live


@pytest.fixture
def store(airflow: LiveAirflow) -> Store:
    """The study database."""
    return store_of(airflow)


def test_two_runs_of_one_dag_at_once_are_two_whole_editions(airflow: LiveAirflow, store: Store, ledger: Ledger) -> None:
    with ledger.injection("two runs of the same DAG at once", "a study", ON, "two editions, each whole", 2) as row:
        runs = [DagRun.trigger(airflow, "twins") for _ in range(2)]
        assert [run.wait() for run in runs] == ["success", "success"]
        seen = [check_whole(store, f"twins@{run.run_id}", run) for run in runs]
        row.seen = "; ".join(str(edition) for edition in seen)
        foreign = [a for edition, run in zip(seen, runs) for a in edition.held if a.task.run_id != run.run_id]
        assert not foreign
        lives = [(min(a.started for a in e.held), max(a.finished or a.started for a in e.held)) for e in seen]
        assert max(start for start, _ in lives) < min(end for _, end in lives)


def test_more_than_a_thousand_trials_in_one_batch(airflow: LiveAirflow, store: Store, ledger: Ledger) -> None:
    with ledger.injection(
        f"{MANY} mapped trials", "one batch of a study", ON, "all are asked, told and counted"
    ) as row:
        airflow.cli("pools", "set", "nowhere", "0", "Nothing runs here.")
        run = DagRun.trigger(airflow, "eleven_hundred")
        task = "tune.batch_001.trial"
        assert run.finish_of("tune.batch_001.suggest") == "success"
        airflow.wait(lambda: total(run, task) == MANY, "Airflow to map every trial")
        for index, given in enumerate(run.xcom("tune.batch_001.suggest")):
            tell(store, TrialRequest.from_dict(given), TaskTry(TaskRun(run.dag_id, run.run_id, task, index)))
        airflow.patch(f"{run.path}/taskInstances/{task}", {"new_state": "success"})
        assert run.wait(timeout=420) == "success"
        seen = check_whole(store, f"eleven_hundred@{run.run_id}", run)
        row.seen = str(seen)
        assert len(seen.records) == MANY


def total(run: DagRun, task: str) -> int:
    """Return how many instances a task has."""
    path = f"{run.path}/taskInstances/{task}/listMapped"
    return int(run.airflow.get(path, limit=1)["total_entries"])


def tell(store: Store, request: TrialRequest, place: TaskTry) -> None:
    """Do what a trial's task does."""
    claimed = claim(store, request, "work", place)
    attempt = begin(store, claimed, place, "function", Placement())
    conclude(store, attempt, Outcome.complete(Measurement(float(claimed.record.params["x"]) ** 2)))


class TakingOver(Striker):
    """Kills the one of two triggerers that a trial waits in, and leaves its waits to the other."""

    killed: str = ""

    def _strike(self, strike: Strike, reached: Reached, gates: Path) -> None:
        processes = self.airflow.processes
        self.killed = next(name for name in TRIGGERERS if processes.pid(name) == reached.parent)
        struck = processes.let_go(self.killed)
        struck.send_signal(strike.sign)
        if strike.sign == signal.SIGKILL:
            struck.wait(30)
        (gates / f"{reached.id}.go").touch()
        struck.wait(60)


@pytest.fixture
def second_triggerer(airflow: LiveAirflow, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two triggerers; in the end the first one runs, alone."""
    monkeypatch.setitem(COMMANDS, "second triggerer", COMMANDS["triggerer"])
    airflow.processes.start("second triggerer")
    yield
    for name in TRIGGERERS:
        with contextlib.suppress(KeyError):
            airflow.processes.kill(name)
    airflow.processes.start("triggerer")


@pytest.mark.usefixtures("second_triggerer")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=lambda sign: sign.name)
def test_a_second_triggerer_takes_over_the_trials_that_waited_in_a_killed_one(
    airflow: LiveAirflow, store: Store, ledger: Ledger, sign: signal.Signals
) -> None:
    strike = Strike("waiting for slots", "triggerer", sign)
    where = "trials wait for slots in it, another triggerer runs"
    with ledger.injection(strike.fault, where, ON, "the other goes on with its waits; nothing twice") as row:
        striker = TakingOver(airflow, folder_of(airflow), "handed_over", [strike])
        striker.plan()
        run = DagRun.trigger(airflow, "handed_over")
        striker.until_the_end_of(run)
        seen = check_whole(store, f"handed_over@{run.run_id}", run)
        row.seen = f"the {striker.killed} was killed; {seen}"
