from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from airflow_hpo.storage import attempts, slots
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import claim
from airflow_hpo.trials.lost import reap
from tests.integration.trial_tasks import WORK, Tuned, task_try_of

OTHER = "1e" * 8


def test_trials_that_are_claimed_at_once_have_a_slot_each(tuned: Tuned, ready_database: Database) -> None:
    requests = tuned.suggest()
    with ThreadPoolExecutor(4) as pool:
        taken = pool.map(
            lambda one: claim(Store(ready_database), one, WORK, task_try_of(one.key)).request.slot, requests
        )
    assert sorted(map(str, taken)) == ["0", "1", "2", "3"]


def test_a_later_try_and_a_second_claim_have_the_slot_of_before(tuned: Tuned) -> None:
    first, second = tuned.suggest()[:2]
    tuned.started(first)
    tuned.fail(second, program_retries=1)
    tuned.conclude(*tuned.started(first))
    assert [tuned.claim(second, try_number=n).request.slot for n in (2, 2)] == [1, 1]


def test_the_slot_of_a_trial_that_waits_for_its_next_try_is_the_last_to_be_given(tuned: Tuned) -> None:
    first, second, third, fourth = tuned.suggest()
    tuned.fail(first, program_retries=1)
    assert [tuned.claim(one).request.slot for one in (second, third, fourth)] == [1, 2, 3]
    assert tuned.claim(first, try_number=2).request.slot == 0


def test_a_slot_is_free_when_its_trial_has_ended(tuned: Tuned) -> None:
    first, second, third, _ = tuned.suggest()
    tuned.complete(first)
    tuned.fail(second, retries=0)
    assert tuned.claim(third).request.slot == 0


def test_a_slot_is_free_when_its_trial_was_given_up(tuned: Tuned) -> None:
    first, second, *_ = tuned.suggest()
    claimed, _ = tuned.started(first)
    reap(tuned.store, tuned.name, [claimed.record.number])
    assert tuned.claim(second).request.slot == 0


def test_an_attempt_that_is_lost_to_the_next_one_of_its_trial_gives_nothing_back(tuned: Tuned) -> None:
    first, second, *_ = tuned.suggest()
    tuned.started(first)
    tuned.started(first, try_number=2)
    assert tuned.claim(second).request.slot == 1


def test_a_trial_that_answers_takes_no_slot_and_its_rerun_takes_one(tuned: Tuned) -> None:
    first = tuned.suggest()[0]
    tuned.complete(first)
    assert tuned.claim(first, try_number=2).request.slot is None
    assert tuned.claim(first, try_number=2, work=OTHER).request.slot == 0


def test_a_trial_that_runs_since_before_slots_were_kept_has_none(tuned: Tuned) -> None:
    first, second, *_ = tuned.suggest()
    with tuned.store.session() as session:
        attempts.begin(session, tuned.name, first.number or 0, task_try_of(first.key).task, backend="process")
    assert tuned.claim(second).request.slot == 0
    assert tuned.store.read(slots.of, tuned.name, first.number or 0) is None
