"""Whole studies whose tasks crash after any write, fail for every reason and are repeated."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from tests.integration.airflow_model import Scheduler
from tests.integration.trial_tasks import declared

STUDY = declared(max_trials=12, max_failures=12)


@pytest.mark.parametrize("seed", range(5))
def test_a_study_ends_with_all_its_trials_whatever_crashes(ready_database: Database, seed: int) -> None:
    scheduler = Scheduler(ready_database, STUDY, seed)
    data = scheduler.run().data
    assert scheduler.crashes > 5
    assert (data["end"], data["complete"]) == ("max_trials", 12)
    assert scheduler.most_running <= STUDY.slots
    records = scheduler.quiet.optuna.records(scheduler.name)
    assert max(Counter(record.key for record in records).values()) == 1
    assert all(record.state.finished for record in records)
    with scheduler.quiet.session() as session:
        assert attempts.running(session, scheduler.name) == []


@pytest.mark.parametrize(("seed", "max_pending"), [(0, 1), (1, 2), (2, 1)])
def test_a_study_of_which_few_trials_may_wait_for_a_place_ends_with_all_its_trials(
    ready_database: Database, seed: int, max_pending: int
) -> None:
    study = declared(max_trials=12, max_failures=12, batch_size=None, max_pending=max_pending)
    scheduler = Scheduler(ready_database, study, seed)
    data = scheduler.run().data
    assert (data["end"], data["complete"]) == ("max_trials", 12)
    assert 1 < scheduler.most_running <= study.slots


def test_every_trial_that_counts_has_one_complete_attempt(ready_database: Database) -> None:
    scheduler = Scheduler(ready_database, STUDY, seed=11)
    scheduler.run()
    counted = [r for r in own_trials(scheduler.quiet.optuna.records(scheduler.name)) if r.state.successful]
    with scheduler.quiet.session() as session:
        held = attempts.of(session, scheduler.name)
    complete = Counter(a.number for a in held if a.outcome is AttemptOutcome.COMPLETE)
    assert len(counted) == 12
    assert {complete[record.number] for record in counted} == {1}


def test_a_study_whose_programs_all_fail_ends_with_its_failures(ready_database: Database) -> None:
    scheduler = Scheduler(ready_database, declared(max_trials=6, max_failures=3), seed=1, failing=1.0)
    summary = scheduler.run()
    assert summary.data["end"] == "max_failures"
    assert summary.failure
    assert TrialState.RUNNING not in {r.state for r in scheduler.quiet.optuna.records(scheduler.name)}
