"""Trials in pods through a live Airflow, while everything around them is killed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_airflow.live import LiveAirflow
from local_airflow.runs import ENDED
from tests.chaos.kill_striking import Strike, Striker, Victim, entered
from tests.chaos.ledger import Ledger
from tests.chaos.pod_steps import CREATED, RUNNING, STARTING, WATCHING
from tests.chaos.pod_strikes import SerialStriker
from tests.chaos.pod_studies import PodStudies, PodStudy, pod_airflow
from tests.chaos.pod_victims import QUICK, Victims, plan

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800), pytest.mark.usefixtures("built_here")]

WAYS = ("deferred", "waited", "triggered")
EXPECTED = "every trial complete once, with its own result; no pod left"


BOTH = pytest.mark.parametrize("airflow", ["sqlite", "postgresql"], indirect=True, scope="module")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@pytest.fixture(scope="module")
def airflow(
    request: pytest.FixtureRequest, airflow_kubeconfig: Path, namespace: str, python_image: str
) -> Iterator[LiveAirflow]:
    """An Airflow to be killed."""
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with pod_airflow(airflow_kubeconfig, namespace, python_image, server) as live:
        yield live


@pytest.fixture
def on(request: pytest.FixtureRequest) -> str:
    """Backend and database, as the ledger names them."""
    return f"pods, {NAMES[request.node.callspec.params['airflow']]}"


@pytest.fixture
def studies(airflow: LiveAirflow, core: Any, namespace: str) -> PodStudies:
    """Starts its studies and looks at them."""
    return PodStudies(airflow, core, namespace)


@BOTH
def test_few_trials_outlive_random_kills(studies: PodStudies, ledger: Ledger, on: str) -> None:
    killed_at_random(studies, ledger, on, "few", seed=1, kills=7, faults=QUICK)


@BOTH
def test_many_trials_outlive_random_kills(studies: PodStudies, ledger: Ledger, on: str) -> None:
    killed_at_random(studies, ledger, on, "many", seed=2, kills=60)


def killed_at_random(
    studies: PodStudies, ledger: Ledger, on: str, size: str, *, seed: int, kills: int, faults: Sequence[str] = ()
) -> None:
    """Run three studies at once, kill somebody again and again while their trials end, and count what there is."""
    victims = Victims(studies.airflow, studies.core, studies.namespace, random.Random(seed))
    faults = faults or list(victims.blows)
    running = [studies.start(f"{size}_{way}") for way in WAYS]
    wanted = sum(study.wanted() for study in running)
    with ExitStack() as stack:
        rows = {
            fault: stack.enter_context(
                ledger.injection(fault, f"at random in three studies, {wanted} trials", on, EXPECTED, 0)
            )
            for fault in faults
        }
        for due, fault in plan(victims, faults, kills, wanted):
            studies.until(partial(ended, running, due), f"{due} trials to end")
            strike = victims.blows[fault].strike
            # The last trials may end before somebody is found.
            if (
                studies.until(lambda strike=strike: strike() or (over(running) and "over"), f"a victim: {fault}")
                is True
            ):
                rows[fault].times += 1
        found = [study.check_whole() for study in running]
        for row in rows.values():
            row.seen = f"{sum(len(one.own) for one in found)} trials in {sum(len(one.held) for one in found)} attempts"


def strikes(victim: Victim, steps: Sequence[str], *signs: signal.Signals) -> list[Strike]:
    """Every signal at every step."""
    return [Strike(step, victim, sign) for sign in signs for step in steps]


KILL, TERM = signal.SIGKILL, signal.SIGTERM
IN_TASKS = {
    "waited": [
        *strikes("task process", (*STARTING, *WATCHING), KILL, TERM),
        *strikes("worker", (*STARTING, *WATCHING), KILL),
    ],
    "deferred": [*strikes("task process", STARTING, KILL, TERM), *strikes("worker", STARTING, KILL)],
}
IN_TRIGGERER = {
    "watched": [*strikes("triggerer", WATCHING, KILL, TERM), Strike(RUNNING, "trigger runner")],
    "triggered": [*strikes("triggerer", (*STARTING, *WATCHING), KILL, TERM), Strike(CREATED, "trigger runner")],
}
WAY = {
    "waited": "a worker starts the pod and waits",
    "deferred": "a worker starts the pod",
    "watched": "the triggerer waits",
    "triggered": "the triggerer starts the pod and waits",
}


@BOTH
@pytest.mark.parametrize("way", IN_TASKS)
def test_tasks_and_workers_are_killed_at_every_step(studies: PodStudies, ledger: Ledger, on: str, way: str) -> None:
    struck(studies, ledger, on, way, Striker(studies.airflow, studies.strikes, f"struck_{way}", IN_TASKS[way]))


@BOTH
@pytest.mark.parametrize("way", IN_TRIGGERER)
def test_the_triggerer_is_killed_at_every_step(studies: PodStudies, ledger: Ledger, on: str, way: str) -> None:
    struck(
        studies, ledger, on, way, SerialStriker(studies.airflow, studies.strikes, f"struck_{way}", IN_TRIGGERER[way])
    )


def struck(studies: PodStudies, ledger: Ledger, on: str, way: str, striker: Striker) -> None:
    """Run a study under strikes; it must be whole afterwards."""
    striker.plan()
    with ExitStack() as stack:
        rows = entered(stack, ledger, striker.strikes, on, WAY[way], "the same trial ends complete, once")
        study = studies.start(striker.family)
        striker.until_the_end_of(study.run, timeout=900)
        found = study.check_whole()
        for i, row in enumerate(rows):
            row.seen = found.of_key(found.records[int(striker.done[i].subject)].key or "")


def ended(running: Sequence[PodStudy], trials: int) -> bool:
    """Whether so many trials have ended for good."""
    return sum(study.finished() for study in running) >= trials


def over(running: Sequence[PodStudy]) -> bool:
    """Whether all studies have ended."""
    return all(study.run.state in ENDED for study in running)
