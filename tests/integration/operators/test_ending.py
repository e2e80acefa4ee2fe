"""Trial tasks whose study is over before they are."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from typing import Any

import pytest
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest, TrialState
from airflow_hpo.exceptions import DeclarationError, TrialPruned
from airflow_hpo.operators.function import TrialPythonOperator
from airflow_hpo.operators.group import TrialOpenOperator, TrialOutcomeOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.runners.function import FunctionTrial
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared, task_instance

SILENT = "import time; time.sleep(600)"


@pytest.fixture
def store(default_database: Database, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The database that Airflow uses without a connection, asked often."""
    monkeypatch.setenv("AIRFLOW__HPO__POLL_INTERVAL", "0.1")
    monkeypatch.setenv("AIRFLOW__HPO__REPORT_INTERVAL", "0.1")
    return Store(default_database)


@pytest.fixture
def tuned(store: Store) -> Tuned:
    return Tuned(store, declared(when_over="stop", objective={"metric": "loss", "goal": 0.5}))


def run(operator: TrialOperator, request: TrialRequest, try_number: int = 1) -> Any:
    """Run one try of a trial task, as a worker would."""
    ti = task_instance(request, try_number)
    context: Any = {"ti": ti, "run_id": "r", "params": {}}
    operator.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, operator)
    return here.run(operator.execute, context=context)


def process(request: TrialRequest, program: str) -> TrialProcessOperator:
    return TrialProcessOperator(task_id="trial", request=request.to_dict(), command=[sys.executable, "-c", program])


def function(request: TrialRequest, called: Any, **options: Any) -> TrialPythonOperator:
    return TrialPythonOperator(task_id="trial", request=request.to_dict(), function=called, **options)


def stop(tuned: Tuned, reason: str = "Enough.") -> None:
    with tuned.store.session() as session:
        editions.request_stop(session, tuned.name, reason)


def last(tuned: Tuned, request: TrialRequest) -> Attempt:
    return tuned.attempts(request.number)[-1]


def test_a_silent_program_is_ended_when_another_trial_reaches_the_goal(tuned: Tuned) -> None:
    one, other, *_ = tuned.suggest()

    def reach() -> None:
        while not tuned.attempts(one.number):
            time.sleep(0.05)
        tuned.complete(other, value=0.1)

    reaching = threading.Thread(target=reach)
    reaching.start()
    result = run(process(one, SILENT), one)
    reaching.join()
    assert (result["state"], result.get("value")) == ("pruned", None)
    kept = last(tuned, one)
    assert (kept.outcome, kept.kind) == (AttemptOutcome.PRUNED, None)
    assert kept.reason == "The trial was ended before it had finished. The goal 0.5 was reached with 0.1."


def test_a_function_is_told_to_end_where_it_asks(tuned: Tuned) -> None:
    one, other, *_ = tuned.suggest()

    def called(trial: FunctionTrial) -> float:
        trial.report(3.0)
        tuned.complete(other, value=0.1)
        while not trial.should_prune():
            time.sleep(0.01)
        raise TrialPruned

    assert run(function(one, called), one)["value"] == 3.0
    assert "goal" in (last(tuned, one).reason or "")


def test_a_function_that_ends_by_itself_after_the_end_is_complete(tuned: Tuned) -> None:
    one, other, *_ = tuned.suggest()

    def called(trial: FunctionTrial) -> float:
        tuned.complete(other, value=0.1)
        return 0.7

    assert run(function(one, called), one)["value"] == 0.7
    assert last(tuned, one).reason is None


def test_a_trial_whose_task_had_to_wait_does_not_start_after_the_stop(store: Store) -> None:
    tuned = Tuned(store, declared())
    one, *_ = tuned.suggest()
    stop(tuned)
    assert run(function(one, lambda trial: 1 / 0), one)["state"] == "pruned"
    assert last(tuned, one).reason == "The trial was not started. The study was stopped: Enough."


def test_a_trial_that_had_begun_before_the_stop_is_taken_up_again(store: Store) -> None:
    tuned = Tuned(store, declared())
    one, *_ = tuned.suggest()
    tuned.started(one)
    stop(tuned)
    assert run(function(one, lambda trial: 0.7), one, try_number=2)["value"] == 0.7


def test_a_group_of_tasks_is_skipped_after_the_stop(store: Store) -> None:
    tuned = Tuned(store, declared())
    one, *_ = tuned.suggest()
    stop(tuned)
    with pytest.raises(AirflowSkipException, match="Enough"):
        run(TrialOpenOperator(task_id="open", code="1", request=one.to_dict()), one)
    assert tuned.states()[0] is TrialState.PRUNED


def test_what_a_group_of_tasks_has_come_to_is_told_also_after_the_stop(store: Store) -> None:
    tuned = Tuned(store, declared())
    one, *_ = tuned.suggest()
    run(TrialOpenOperator(task_id="open", code="1", request=one.to_dict()), one)
    stop(tuned)
    told = run(TrialOutcomeOperator(task_id="tell", code="1", value=0.7, request=one.to_dict()), one)
    assert told["value"] == 0.7


class Breaking(TrialOperator):
    """A trial whose worker, not whose program, gets into trouble."""

    backend = "process"
    work_fields = ()
    error: Exception

    def run_trial(self, *given: Any) -> Outcome:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind", "state"),
    [
        (OSError("disk full"), FailureKind.INFRASTRUCTURE, TrialState.RUNNING),
        (KeyError("a mistake of ours"), FailureKind.INFRASTRUCTURE, TrialState.RUNNING),
        (DeclarationError("No such field."), FailureKind.PROGRAM, TrialState.FAIL),
        (AirflowFailException("Do not try again."), FailureKind.PROGRAM, TrialState.FAIL),
    ],
)
def test_trouble_of_the_worker_is_not_the_programs_and_what_airflow_does_not_retry_is_told(
    tuned: Tuned, error: Exception, kind: FailureKind, state: TrialState
) -> None:
    one, *_ = tuned.suggest()
    operator = Breaking(task_id="trial", request=one.to_dict(), program_retries=2)
    operator.error = error
    with pytest.raises(AirflowFailException if state is TrialState.FAIL else type(error)):
        run(operator, one)
    assert (last(tuned, one).kind, tuned.states()[0]) == (kind, state)


def test_a_function_that_raises_is_the_programs_failure(tuned: Tuned) -> None:
    one, *_ = tuned.suggest()
    with pytest.raises(AirflowFailException, match="ZeroDivisionError"):
        run(function(one, lambda trial: 1 / 0), one)
    assert last(tuned, one).kind is FailureKind.PROGRAM
