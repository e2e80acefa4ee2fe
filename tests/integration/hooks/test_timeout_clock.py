"""Time that counts towards a study's timeout: only while attempts run and somebody looks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from airflow_hpo.core.budget import End
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.status import Status
from airflow_hpo.studies.store import Store
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
