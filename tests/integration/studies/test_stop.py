from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.storage import editions
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import must_not_start, reason_to_end
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.monitor import must_end
from tests.integration.trial_tasks import Tuned, declared

GOAL: dict[str, Any] = {"objective": {"metric": "loss", "goal": 0.5}}
PATIENCE: dict[str, Any] = {"patience": 1}
FAILURES: dict[str, Any] = {"max_failures": 0}


@pytest.fixture
def stopping(store: Store) -> Tuned:
    """A study that ends its running trials when a goal is reached."""
    return Tuned(store, declared(when_over="stop", **GOAL))


def reach_the_goal(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0], value=0.1)


def test_trials_go_on_while_the_study_does(stopping: Tuned) -> None:
    stopping.complete(stopping.suggest()[0], value=0.9)
    assert reason_to_end(stopping.store, stopping.name) is None


def test_trials_must_end_when_the_goal_is_reached(stopping: Tuned) -> None:
    reach_the_goal(stopping)
    reason = reason_to_end(stopping.store, stopping.name)
    assert reason == "The trial was ended before it had finished. The goal 0.5 was reached with 0.1."


@pytest.mark.parametrize(("budget", "why"), [(PATIENCE, "nothing better"), (FAILURES, "failed for good")])
def test_patience_and_failures_end_trials(store: Store, budget: dict[str, Any], why: str) -> None:
    tuned = Tuned(store, declared(when_over="stop", **budget))
    first, second, third, _ = tuned.suggest()
    tuned.complete(first, value=0.1)
    tuned.complete(second, value=0.2)
    tuned.fail(third)
    assert why in (reason_to_end(store, tuned.name) or "")


def test_a_timeout_ends_trials(store: Store) -> None:
    tuned = Tuned(store, declared(when_over="stop", timeout=timedelta(microseconds=1)))
    tuned.started(tuned.suggest()[0])
    assert "timeout" in (reason_to_end(store, tuned.name) or "")


def test_trials_that_were_suggested_before_a_timeout_go_on_unless_declared_otherwise(store: Store) -> None:
    fates = {}
    for when_over in ("finish", "stop"):
        tuned = Tuned(store, declared(name=when_over, when_over=when_over))
        tuned.started(tuned.suggest()[0])
        Tuned(store, declared(name=when_over, when_over=when_over, timeout=timedelta(microseconds=1)))
        ends = reason_to_end(store, tuned.name), must_not_start(store, store.edition(tuned.name), 0)
        fates[when_over] = [reason is None for reason in ends]
    assert fates == {"finish": [True, True], "stop": [False, False]}


def test_trials_are_left_to_finish_unless_declared_otherwise(store: Store) -> None:
    tuned = Tuned(store, declared(**GOAL))
    reach_the_goal(tuned)
    assert reason_to_end(store, tuned.name) is None


def test_a_person_who_stops_the_study_ends_its_trials(stopping: Tuned) -> None:
    stopping.suggest()
    with stopping.store.session() as session:
        editions.request_stop(session, stopping.name, "Enough for today.")
    assert "Enough for today." in (reason_to_end(stopping.store, stopping.name) or "")


def test_a_trial_that_a_person_clears_after_the_end_runs_through(stopping: Tuned) -> None:
    reach_the_goal(stopping)
    finish(stopping.store, status(stopping.store, stopping.name))
    assert reason_to_end(stopping.store, stopping.name) is None


def test_asking_for_many_trials_reads_the_study_once_a_second(stopping: Tuned) -> None:
    stopping.suggest()
    statements: list[str] = []
    event.listen(stopping.store.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    must_end(stopping.store, stopping.name)
    read = len(statements)
    assert read
    for _ in range(5):
        must_end(stopping.store, stopping.name)
    assert len(statements) == read


def test_a_database_that_is_away_ends_no_trial() -> None:
    class Away(Store):
        def edition(self, name: str) -> Any:
            raise StoreUnavailableError("The database does not answer.")

    from airflow_hpo.storage.database import Database

    assert must_end(Away(Database.sqlite("/nowhere/hpo.db")), "demo@r") is None


def test_an_ended_trial_is_pruned_with_its_reason_and_no_failure(stopping: Tuned) -> None:
    request, *_ = stopping.suggest()
    _claimed, attempt = stopping.started(request)
    result = conclude(stopping.store, attempt, Outcome.pruned(reason="The study is over."))
    assert (result.state, result.value) == (TrialState.PRUNED, None)
    assert stopping.progress().failed == 0
    kept = stopping.attempts(request.number)[0]
    assert (kept.outcome, kept.reason, kept.kind) == (AttemptOutcome.PRUNED, "The study is over.", None)


def test_an_ended_trial_that_had_reported_keeps_its_value_and_is_never_the_best(stopping: Tuned) -> None:
    one, other, *_ = stopping.suggest()
    stopping.complete(one, value=0.9)
    _claimed, attempt = stopping.started(other)
    stopping.report(attempt, {1: 0.2})
    result = conclude(stopping.store, attempt, Outcome.pruned(reason="The study is over."))
    assert result.value == 0.2
    best = stopping.progress().best
    assert best is not None
    assert best.number == one.number


def test_what_becomes_of_running_trials_does_not_make_results_incomparable() -> None:
    assert declared(when_over="stop").search_fingerprint == declared().search_fingerprint
