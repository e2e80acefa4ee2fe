"""Every process of Airflow is killed at every step of a study of programs, and nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.chaos.kill_airflow import folder_of, store_of, striking_airflow
from tests.chaos.kill_striking import Strike, Striker, Victim, entered, note
from tests.chaos.ledger import Ledger
from tests.chaos.strikes import CONTINUOUS_STEPS, STUDY_STEPS, TRIAL_STEPS
from tests.chaos.whole import check_whole

pytestmark = pytest.mark.timeout(900)
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
SAME_TRIAL = "the same trial ends complete, once"
WAITING = CONTINUOUS_STEPS[2:]
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
BOTH = pytest.mark.parametrize("airflow", ["sqlite", "postgresql"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def airflow(request: pytest.FixtureRequest) -> Iterator[LiveAirflow]:
    """An Airflow whose processes can be held and killed."""
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with striking_airflow(server) as live:
        yield live


@pytest.fixture
def on(request: pytest.FixtureRequest) -> str:
    """Backend and database, as the ledger names them."""
    return f"programs, {NAMES[request.node.callspec.params['airflow']]}"


@pytest.fixture
def store(airflow: LiveAirflow) -> Store:
    """The study database."""
    return store_of(airflow)


class Case:
    """Strikes in a run of one study, entered into the ledger."""

    def __init__(self, airflow: LiveAirflow, store: Store, ledger: Ledger, on: str) -> None:
        self.airflow, self.store, self.ledger, self.on = airflow, store, ledger, on

    def strike(self, family: str, strikes: Sequence[Strike], what: str, expected: str = SAME_TRIAL) -> None:
        """Run the study under the strikes; it must be whole afterwards."""
        striker = Striker(self.airflow, folder_of(self.airflow), family, strikes)
        striker.plan()
        with ExitStack() as stack:
            rows = entered(stack, self.ledger, strikes, self.on, what, expected)
            run = DagRun.trigger(self.airflow, family)
            striker.until_the_end_of(run)
            seen = check_whole(self.store, f"{family}@{run.run_id}", run)
            note(rows, striker, seen)
            idle = [s for i, s in enumerate(strikes) if len(seen.attempts_at(striker.done[i].subject)) < least(s)]
            assert not idle, f"These strikes ended no attempt: {idle}."


def least(strike: Strike) -> int:
    """Return how many attempts there must be of a trial whose own process was struck while one was open."""
    if strike.victim != "task process":
        return 0
    began_and_was_not_told = [step.name for step in TRIAL_STEPS[2:5]]
    mortal = began_and_was_not_told if strike.sign == signal.SIGKILL else [TRIAL_STEPS[3].name]
    return 2 if strike.step in mortal else 0


@pytest.fixture
def case(airflow: LiveAirflow, store: Store, ledger: Ledger, on: str) -> Case:
    return Case(airflow, store, ledger, on)


def trials(victim: Victim, signs: Sequence[signal.Signals] = SIGNALS) -> list[Strike]:
    """Return strikes at every step of a trial."""
    return [Strike(step.name, victim, sign) for step in TRIAL_STEPS for sign in signs]


@pytest.mark.short
@pytest.mark.parametrize("airflow", ["sqlite"], indirect=True, scope="module")
def test_task_processes_and_the_api_server_are_killed_in_one_short_study(case: Case) -> None:
    strikes = [
        *(Strike(step.name) for step in (TRIAL_STEPS[0], *TRIAL_STEPS[2:6])),
        Strike("while the program runs", sign=signal.SIGTERM),
        Strike("program finished, study not told", "API server"),
    ]
    case.strike("killed_shortly", strikes, "a trial")


@BOTH
def test_a_task_process_is_killed_at_every_step_of_a_trial_and_every_component_once(case: Case) -> None:
    components = [
        Strike("while the program runs", "scheduler"),
        Strike("program finished, study not told", "API server"),
        Strike("waiting for slots", "triggerer"),
        Strike("after the claim, before the attempt", "DAG processor"),
    ]
    case.strike("killed_trials", [*trials("task process"), *components], "a trial")


@BOTH
def test_a_worker_is_killed_at_every_step_of_a_trial(case: Case) -> None:
    case.strike("killed_workers", trials("worker"), "a trial")


@pytest.mark.parametrize("airflow", ["sqlite"], indirect=True, scope="module")
def test_a_program_that_outlives_its_worker_and_the_one_that_takes_its_place_count_once(case: Case) -> None:
    strikes = [Strike("while the program runs", "worker"), Strike("while the program runs", "worker", signal.SIGTERM)]
    case.strike("killed_silently", strikes, "a trial that prints nothing for 40 s")


@BOTH
def test_the_scheduler_is_killed_at_every_step_of_a_trial(case: Case) -> None:
    gently = [Strike(step.name, "scheduler", signal.SIGTERM) for step in TRIAL_STEPS[3:5]]
    case.strike("killed_scheduler", [*trials("scheduler", [signal.SIGKILL]), *gently], "a trial")


@BOTH
def test_the_api_server_is_killed_at_every_step_of_a_trial_and_the_triggerer_at_every_step_of_a_wait(
    case: Case,
) -> None:
    case.strike(
        "killed_components",
        [
            *trials("API server", [signal.SIGKILL]),
            Strike(TRIAL_STEPS[3].name, "API server", signal.SIGTERM),
            Strike(TRIAL_STEPS[6].name, "API server", signal.SIGTERM),
            *(Strike(TRIAL_STEPS[3].name, "DAG processor", sign) for sign in SIGNALS),
            *(Strike(step.name, "triggerer", sign) for step in WAITING for sign in SIGNALS),
            *(Strike(step.name, "trigger runner") for step in WAITING),
        ],
        "a trial",
    )


@BOTH
def test_tasks_and_workers_are_killed_at_every_step_of_a_study(case: Case) -> None:
    # A task that has survived SIGTERM does not come to its step again.
    by_worker = ("after the study is opened", "between two asks", "summary written, task not finished")
    strikes = [
        *(Strike(step.name) for step in STUDY_STEPS),
        *(Strike(step, "worker") for step in by_worker),
        *(Strike(step.name, sign=signal.SIGTERM) for step in STUDY_STEPS),
    ]
    case.strike("killed_bookkeeping", strikes, "a study", "nothing is asked or ended twice")


@BOTH
def test_components_are_killed_while_a_study_is_opened_asked_and_ended(case: Case) -> None:
    strikes = [
        Strike("Optuna's study made, edition not", "scheduler"),
        Strike("after the study is opened", "API server"),
        Strike("between two asks", "scheduler"),
        Strike("all asked, batch not sealed", "DAG processor"),
        Strike("after the last ask, before its XCom", "API server"),
        Strike("before the summary is written", "scheduler"),
        Strike("summary written, task not finished", "API server"),
    ]
    case.strike("killed_bookkeeping", strikes, "a study", "nothing is asked or ended twice")


@BOTH
def test_every_process_is_killed_while_trials_wait_for_slots_and_ask_for_themselves(case: Case) -> None:
    asking = CONTINUOUS_STEPS[:2]
    case.strike(
        "killed_continuous",
        [
            *(Strike(step.name, "task process", sign) for step in asking for sign in SIGNALS),
            *(Strike(step.name, "worker") for step in asking),
            *(Strike(step.name, "triggerer", sign) for step in WAITING for sign in SIGNALS),
        ],
        "a trial that asks for itself",
    )
