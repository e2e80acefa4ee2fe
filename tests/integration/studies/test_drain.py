"""A drained study: nothing new starts, what runs ends normally, and then it goes on as if nothing had been."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from airflow_hpo.core.budget import End
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.drain import cancel_drain, drain, held_back, waits_with_batch
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.rows import edition_row
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for, reserve
from airflow_hpo.studies.why import explain
from airflow_hpo.triggers.study import reached
from tests.integration.trial_tasks import Tuned, declared


def look(tuned: Tuned) -> Status:
    return status(tuned.store, tuned.name)


def held(tuned: Tuned, number: int) -> bool:
    return held_back(tuned.store, tuned.store.edition(tuned.name), number)


def test_no_trial_is_suggested_or_asked_for_until_it_is_cancelled(tuned: Tuned) -> None:
    drain(tuned.store, tuned.name, "anna")
    assert tuned.suggest() == []
    [lazy] = [request.key for request in reserve(tuned.store, tuned.name, 2, 1)]
    assert ask_for(tuned.store, tuned.name, [lazy])[0] == []
    assert waits_with_batch(tuned.store, tuned.name)
    assert [reached(look(tuned), until) for until in ("ready", "room", "begin", "over")] == [False] * 4

    cancel_drain(tuned.store, tuned.name)
    assert [request.key for request in ask_for(tuned.store, tuned.name, [lazy])[0]] == [lazy]
    assert len(tuned.suggest()) == 3
    assert not waits_with_batch(tuned.store, tuned.name)


def test_a_batch_that_was_suggested_is_returned_again(tuned: Tuned) -> None:
    before = tuned.suggest()
    drain(tuned.store, tuned.name, "anna")
    assert tuned.suggest() == before


def test_a_trial_that_runs_ends_and_counts_and_the_others_wait(tuned: Tuned) -> None:
    first, second, *_ = tuned.suggest()
    claimed, attempt = tuned.started(first)
    found = drain(tuned.store, tuned.name, "anna")
    assert (found.running, found.waiting) == ([0], [1, 2, 3])
    assert [held(tuned, number) for number in (0, 1)] == [False, True]

    tuned.conclude(claimed, attempt, 0.25)
    assert tuned.progress().complete == 1
    assert drain(tuned.store, tuned.name, "anna").running == []

    cancel_drain(tuned.store, tuned.name)
    assert not held(tuned, second.number or 0)
    assert reached(look(tuned), "begin")


def test_what_a_stopped_study_does_not_want_any_more_does_not_wait_for_the_end_of_a_drain(tuned: Tuned) -> None:
    tuned.suggest()
    drain(tuned.store, tuned.name, "anna")
    with tuned.store.session() as session:
        editions.request_stop(session, tuned.name, "Enough.")
    assert not held(tuned, 0)
    assert reached(look(tuned), "begin")


def test_what_runs_on_after_the_end_of_its_study_waits_all_the_same(store: Store) -> None:
    tuned = Tuned(store, declared(objective={"metric": "loss", "goal": 0.5}))
    first, *_ = tuned.suggest()
    tuned.complete(first, value=0.1)
    drain(store, tuned.name, "anna")
    assert look(tuned).verdict.over
    assert held(tuned, 1)
    assert not reached(look(tuned), "begin")


def test_the_timeout_does_not_run_while_it_is_drained_and_nothing_runs(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    tuned.suggest()
    drain(store, tuned.name, "anna")
    with store.session() as session:
        long_ago = utc_now() - timedelta(hours=71)
        session.execute(update(EditionRow).values(looked_at=long_ago, started_at=long_ago))
    assert not look(tuned).verdict.over


def test_who_drained_it_first_and_when_is_kept_and_told(tuned: Tuned) -> None:
    since = drain(tuned.store, tuned.name, "anna").edition.drained_at
    again = drain(tuned.store, tuned.name, "ben").edition
    assert (again.drained_at, again.drained_by) == (since, "anna")
    said = again.drained or ""
    assert since is not None
    assert said == (
        f"It is drained since {since.isoformat(timespec='seconds')} by anna: nothing new starts until "
        "`airflow hpo studies drain demo@r --cancel`."
    )
    assert explain(tuned.store, tuned.name, RunTasks("running", [], "tune")).study[:2] == [
        said,
        "0 of 4 slots are taken, and 10 more are wanted after that.",
    ]
    assert edition_row(tuned.store, again)["state"] == "drained"


def test_what_has_finished_is_not_drained(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=1))
    tuned.complete(tuned.suggest()[0])
    finish(store, look(tuned))
    assert drain(store, tuned.name, "anna").edition.drained_at is None


@pytest.mark.parametrize("finished", [True, False])
def test_an_edition_that_is_opened_again_after_its_end_starts_trials_and_one_that_goes_on_stays_drained(
    store: Store, finished: bool
) -> None:
    tuned = Tuned(store, declared(max_trials=1))
    tuned.complete(tuned.suggest()[0])
    drain(store, tuned.name, "anna")
    if finished:
        assert finish(store, look(tuned)).data["end"] == End.MAX_TRIALS
        assert store.edition(tuned.name).drained is None
    Tuned(store, declared(max_trials=3))
    assert (store.edition(tuned.name).drained is None) is finished
