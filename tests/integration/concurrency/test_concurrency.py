"""Sixteen processes on the same studies at once: nothing twice, nothing lost, nobody waits for ever."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from tests.integration.concurrency import workers
from tests.integration.trial_tasks import START, declared

WORKERS = 16

pytestmark = pytest.mark.timeout(600)


def opened(store: Store, **options: object) -> str:
    return open_edition(store, declared(parallelism=WORKERS, **options), "r", START).name


def check(store: Store, name: str, wanted: int) -> None:
    """Exactly the trials that were wanted, each asked for, run and told once."""
    records = store.optuna.records(name)
    assert [record.number for record in records] == list(range(wanted))
    assert Counter(record.state for record in records) == {TrialState.COMPLETE: wanted}
    assert len({record.key for record in records}) == wanted
    with store.session() as session:
        held = attempts.of(session, name)
    assert Counter(a.number for a in held) == dict.fromkeys(range(wanted), 1)
    assert {a.outcome for a in held} == {AttemptOutcome.COMPLETE}


def test_sixteen_processes_run_exactly_the_trials_of_one_study(store: Store, ready_database: Database) -> None:
    name = opened(store, max_trials=48)
    shares = workers.at_once(workers.work_until_over, [(ready_database, name, worker) for worker in range(WORKERS)])
    check(store, name, 48)
    assert sorted(number for share in shares for number in share) == list(range(48))


def test_a_model_based_sampler_is_asked_by_all_at_once(store: Store, ready_database: Database) -> None:
    name = opened(store, max_trials=24, sampler={"name": "tpe", "options": {"n_startup_trials": 4}})
    workers.at_once(workers.work_until_over, [(ready_database, name, worker) for worker in range(WORKERS)])
    check(store, name, 24)


def test_several_editions_at_once_keep_out_of_each_others_way(store: Store, ready_database: Database) -> None:
    names = [opened(store, name=f"family{i}", max_trials=12) for i in range(4)]
    shares = [(ready_database, names[worker % 4], worker) for worker in range(WORKERS)]
    workers.at_once(workers.work_until_over, shares)
    for name in names:
        check(store, name, 12)


def test_one_batch_that_all_suggest_is_one_batch(store: Store, ready_database: Database) -> None:
    name = opened(store, max_trials=40)
    found = workers.at_once(workers.suggest_batch, [(ready_database, name, 1)] * WORKERS)
    assert all(batch == found[0] for batch in found)
    assert len(found[0]) == len(store.optuna.records(name)) == WORKERS


def test_different_batches_at_once_start_no_more_than_there_are_slots(store: Store, ready_database: Database) -> None:
    name = opened(store, max_trials=40)
    workers.at_once(workers.suggest_batch, [(ready_database, name, batch) for batch in range(1, WORKERS + 1)])
    records = store.optuna.records(name)
    assert len(records) == len({record.key for record in records}) == WORKERS


def test_one_trial_that_all_run_again_is_one_new_trial(store: Store, ready_database: Database) -> None:
    name = opened(store)
    request = suggest(store, name, 1)[0]
    workers.run_trial(store, request, 0.5)
    before = len(store.optuna.records(name))
    assert set(workers.at_once(workers.rerun_trial, [(ready_database, request)] * WORKERS)) == {before}
    assert len(store.optuna.records(name)) == before + 1


def test_one_result_that_all_take_back_is_taken_back_once(store: Store, ready_database: Database) -> None:
    name = opened(store)
    workers.run_trial(store, suggest(store, name, 1)[0], 0.5)
    assert workers.at_once(workers.take_back, [(ready_database, name, 0)] * WORKERS) == ["Wrong."] * WORKERS
    assert status(store, name).progress.complete == 0


def test_one_edition_that_all_open_is_one_edition(store: Store, ready_database: Database) -> None:
    assert set(workers.at_once(workers.open_one, [(ready_database, "demo", "r")] * WORKERS)) == {"demo@r"}
    assert len(store.optuna.records("demo@r")) == 1


def test_many_editions_that_are_opened_at_once_are_all_there(store: Store, ready_database: Database) -> None:
    found = workers.at_once(workers.open_one, [(ready_database, f"s{i % 4}", f"r{i}") for i in range(WORKERS)])
    assert sorted(found) == sorted(f"s{i % 4}@r{i}" for i in range(WORKERS))


def test_whoever_watches_sees_the_end_that_all_others_bring(store: Store, ready_database: Database) -> None:
    name = opened(store, max_trials=16)
    store_of = [(ready_database, name, worker) for worker in range(4)]
    runners = workers.at_once(
        workers.run_or_watch, [(True, *arguments) for arguments in store_of] + [(False, *a) for a in store_of]
    )
    assert True in runners
    check(store, name, 16)
    assert store.edition(name).finished is not None
