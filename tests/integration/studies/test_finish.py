from __future__ import annotations

import pytest

from airflow_hpo.core.budget import End
from airflow_hpo.studies.finish import Summary, finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.trial_tasks import Tuned, declared


def finished(tuned: Tuned) -> Summary:
    return finish(tuned.store, status(tuned.store, tuned.name))


@pytest.fixture
def over(store: Store) -> Tuned:
    """A study of four trials that all are complete, the last one best."""
    tuned = Tuned(store, declared(max_trials=4))
    for value, request in enumerate(tuned.suggest()):
        tuned.complete(request, value=-float(value))
    return tuned


def test_the_summary_has_the_best_trial_and_the_counts(over: Tuned) -> None:
    best = over.records()[3]
    assert finished(over).data == {
        "study": "demo",
        "edition": "demo@r",
        "number": 3,
        "value": -3.0,
        "params": best.params,
        "metrics": {"time_s": 2.0},
        "taken_over": None,
        "complete": 4,
        "pruned": 0,
        "failed": 0,
        "end": "max_trials",
        "reason": "All 4 trials are successful.",
        "answered": None,
    }


def test_the_summary_reads_well(over: Tuned) -> None:
    text = finished(over).text
    assert "Best: trial 3, loss = -3.0" in text
    assert f"  x = {over.records()[3].params['x']}" in text


def test_the_end_is_kept_with_the_best_trial(over: Tuned) -> None:
    finished(over)
    edition = over.store.edition(over.name)
    assert (edition.end, edition.best_number, edition.best_value) == (End.MAX_TRIALS, 3, -3.0)
    assert edition.finished is not None


def test_a_result_has_no_failure(over: Tuned) -> None:
    assert finished(over).failure is None


def test_finishing_again_sums_up_anew(over: Tuned) -> None:
    first, again = finished(over), finished(over)
    assert again.data == first.data
    request = over.suggest()[3]
    over.complete(request, value=5.0, try_number=2, work="1e" * 8)
    assert finished(over).data["number"] == 2


def test_a_study_whose_budget_lasts_has_failed_and_is_not_recorded_as_over(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    failure = finish(tuned.store, status(tuned.store, tuned.name), "Task suggest failed.").failure
    assert failure == (
        "The tasks of the study ended before its budget did: 1 of 10 trials are successful. Task suggest failed. "
        "accept_incomplete=True would take the best trial so far."
    )
    assert tuned.store.edition(tuned.name).finished is None


def test_a_study_whose_budget_lasts_may_be_accepted_and_says_so(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    summary = finish(tuned.store, status(tuned.store, tuned.name), "Task suggest failed.", accept_incomplete=True)
    assert (summary.data["end"], summary.data["number"], summary.failure) == ("incomplete", 0, None)
    assert summary.data["reason"].endswith("1 of 10 trials are successful. Task suggest failed.")
    edition = tuned.store.edition(tuned.name)
    assert (edition.end, edition.reason, edition.ended) == (End.INCOMPLETE, summary.data["reason"], False)


def test_an_accepted_study_that_goes_on_ends_as_any_other(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=2))
    first, second = tuned.suggest()
    tuned.complete(first)
    finish(store, status(store, tuned.name), accept_incomplete=True)
    tuned.complete(second)
    assert finished(tuned).data["end"] == "max_trials"
    assert store.edition(tuned.name).end is End.MAX_TRIALS


def test_a_study_without_any_result_is_not_accepted(tuned: Tuned) -> None:
    summary = finish(tuned.store, status(tuned.store, tuned.name), accept_incomplete=True)
    assert (
        summary.failure
        == "No trial is complete, so there is no best one. Look at the failed trials' logs, then clear them."
    )


def test_a_study_that_had_ended_keeps_its_end_when_a_result_is_taken_back(over: Tuned) -> None:
    finished(over)
    invalidate(over.store, over.name, 3, "The clock was wrong.")
    summary = finished(over)
    assert (summary.data["end"], summary.data["number"], summary.failure) == ("max_trials", 2, None)


def test_too_many_failures_say_what_to_do(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4, max_failures=0))
    requests = tuned.suggest()
    tuned.complete(requests[1])
    tuned.fail(requests[0])
    failure = finished(tuned).failure
    assert failure == (
        "1 trial failed for good, and 0 may. Look at the failed trials' logs, then clear them or raise max_failures."
    )


def test_a_study_without_a_complete_trial_has_failed(tuned: Tuned) -> None:
    summary = finished(tuned)
    assert (summary.data["number"], summary.data["params"]) == (None, {})
    assert summary.failure
    assert "0 of 10 trials are successful" in summary.failure


def test_a_study_of_which_all_trials_were_pruned_names_the_pruner(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=2, pruner="median"))
    for request in tuned.suggest():
        tuned.conclude(*tuned.started(request), pruned=True)

    failure = finished(tuned).failure
    assert failure is not None
    assert "All 2 trials that ended were pruned by 'median', so there is no best one." in failure
