"""Time that counts towards a study's timeout: only while attempts run and somebody looks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from airflow_hpo.core.budget import End
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.storage import attempts
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import AttemptRow, EditionRow
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.stop import reason_to_end
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.lost import reap
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch) -> AirflowAnswers:
    """Airflow has states of no task, so that nothing is given up."""
    return AirflowAnswers(monkeypatch)


def looked(tuned: Tuned, ago: timedelta, started: timedelta | None = None) -> None:
    """Move the edition into the past: opened, and looked at last, so long ago."""
    now = utc_now()
    with tuned.store.session() as session:
        session.execute(
            update(EditionRow).values(looked_at=now - ago, started_at=now - (started or ago), created_at=now - ago)
        )
        session.execute(update(AttemptRow).values(started_at=now - ago))


def look(tuned: Tuned) -> Status:
    return StudyWatch(tuned.store, tuned.name, "tune", "r").look()


def used(tuned: Tuned) -> float:
    return tuned.store.edition(tuned.name).worked_seconds or 0.0


def test_an_outage_does_not_use_up_a_timeout(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    tuned.started(tuned.suggest()[0])
    looked(tuned, timedelta(hours=71))

    assert not look(tuned).verdict.over
    assert used(tuned) == 120


def test_time_in_which_an_attempt_runs_counts(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    tuned.started(tuned.suggest()[0])
    looked(tuned, timedelta(seconds=60))

    look(tuned)

    assert 60 <= used(tuned) < 120


def test_time_in_which_nothing_runs_does_not_count(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    tuned.suggest()
    looked(tuned, timedelta(seconds=60))

    look(tuned)

    assert used(tuned) == 0


@pytest.mark.parametrize("kept", [True, False], ids=["a task looks", "nobody looked"])
def test_trials_that_nobody_looked_at_while_they_ran_count(store: Store, kept: bool) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=1)))
    first, second = tuned.suggest()[:2]
    started = tuned.started(first), tuned.started(second)
    looked(tuned, timedelta(minutes=70))
    for each in started:
        tuned.conclude(*each)

    assert (look(tuned) if kept else status(store, tuned.name)).verdict.end is End.TIMEOUT
    assert used(tuned) == (pytest.approx(4200, abs=60) if kept else 0)


def test_a_trial_that_may_be_ended_counts_its_own_time(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=1), when_over="stop"))
    tuned.started(tuned.suggest()[0])
    ends = []
    for _ in range(31):
        looked(tuned, timedelta(minutes=2))
        ends.append(reason_to_end(store, tuned.name))

    assert ends[:29] == [None] * 29
    assert "timeout" in (ends[-1] or "")


def test_a_lost_attempt_counts_until_it_was_heard_last(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=1)))
    _, attempt = tuned.started(tuned.suggest()[0])
    looked(tuned, timedelta(hours=71))
    with store.session() as session:
        attempts.hear(session, tuned.name, attempt.number, attempt.attempt, utc_now() - timedelta(hours=70.5))
    reap(store, tuned.name, [attempt.number])

    assert not look(tuned).verdict.over
    assert used(tuned) == pytest.approx(1800, abs=60)


def test_a_timeout_says_for_how_long_nothing_ran(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    looked(tuned, timedelta(seconds=5), started=timedelta(hours=73))
    with store.session() as session:
        session.execute(update(EditionRow).values(worked_seconds=7200.0))

    verdict = look(tuned).verdict

    assert (verdict.end, verdict.reason) == (
        End.TIMEOUT,
        "The timeout of 2:00:00 has passed. For 2 days, 23:00:00 nothing ran, which does not count.",
    )


def test_an_edition_from_before_counts_from_its_start(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    looked(tuned, timedelta(hours=3))
    with store.session() as session:
        session.execute(update(EditionRow).values(worked_seconds=None, looked_at=None))

    assert look(tuned).verdict.reason == "The timeout of 2:00:00 has passed."
    assert isinstance(tuned.store.edition(tuned.name).started, datetime)


def test_a_study_that_goes_on_counts_anew(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=timedelta(hours=2)))
    with store.session() as session:
        session.execute(update(EditionRow).values(worked_seconds=9000.0, finished_at=utc_now(), end="timeout"))

    Tuned(store, declared(timeout=timedelta(hours=2)))

    assert used(tuned) == 0
