from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, Origin, TrialRequest, TrialResult, TrialState
from airflow_hpo.core.work import Work
from airflow_hpo.exceptions import PermanentHpoError, StudyNotFoundError
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import Claim, claim, continued, result_of
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.lost import reap
from airflow_hpo.trials.run import TrialRun
from tests.integration.trial_tasks import WORK, Tuned, task_try_of

OTHER = "1e" * 8


def answer(claimed: Claim) -> TrialResult:
    return result_of(claimed.request.study, claimed.record)


@pytest.fixture
def request_(tuned: Tuned) -> TrialRequest:
    return tuned.suggest()[0]


def test_a_trial_that_runs_is_taken_up(tuned: Tuned, request_: TrialRequest) -> None:
    claimed = tuned.claim(request_)
    assert (claimed.answered, claimed.request) == (False, request_.model_copy(update={"slot": 0}))


def test_a_later_try_takes_the_same_trial_up(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.started(request_)
    assert tuned.claim(request_, try_number=2).record.number == request_.number


def test_a_complete_trial_answers(tuned: Tuned, request_: TrialRequest) -> None:
    told = tuned.complete(request_, value=0.25)
    claimed = tuned.claim(request_, try_number=2)
    assert claimed.answered
    assert answer(claimed) == told.model_copy(update={"attempt": 0})


def test_a_pruned_trial_answers(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.conclude(*tuned.started(request_), pruned=True)
    assert answer(tuned.claim(request_, try_number=2)).state is TrialState.PRUNED


def test_a_trial_told_before_work_was_known_answers(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.store.optuna.tell(tuned.name, 0, TrialState.COMPLETE, 1.0)
    assert tuned.claim(request_).answered


def test_changed_work_runs_the_parameters_again(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    fresh = tuned.claim(request_, try_number=2, work=OTHER).record
    assert (fresh.replaces, fresh.params, fresh.seed) == (0, request_.params, request_.seed)
    assert (fresh.state, fresh.origin, fresh.number) == (TrialState.RUNNING, Origin.RERUN, 4)


def test_changed_work_makes_one_trial_however_often_it_is_claimed(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    claims = [tuned.claim(request_, try_number=n, work=OTHER) for n in (2, 2, 3)]
    assert {claimed.record.number for claimed in claims} == {4}
    assert len(tuned.records()) == 5


def test_changed_work_makes_one_trial_when_many_claim_at_once(
    tuned: Tuned, request_: TrialRequest, ready_database: Database
) -> None:
    tuned.complete(request_)

    def number(_: int) -> int:
        return claim(Store(ready_database), request_, Work(OTHER), task_try_of(request_.key, 2)).record.number

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(number, range(4))) == {4}


def test_a_replacement_answers_for_the_trial_it_replaces(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_, value=0.5)
    tuned.complete(request_, value=0.1, try_number=2, work=OTHER)
    result = answer(tuned.claim(request_, try_number=3, work=OTHER))
    assert (result.number, result.value, result.replaces) == (4, 0.1, 0)


def test_work_changed_back_runs_again(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    tuned.complete(request_, try_number=2, work=OTHER)
    third = tuned.complete(request_, try_number=3)
    assert (third.number, third.replaces) == (5, 4)


def test_only_the_last_of_a_chain_counts(tuned: Tuned, request_: TrialRequest) -> None:
    for try_number, work in enumerate((WORK, OTHER, WORK), start=1):
        tuned.complete(request_, value=float(try_number), try_number=try_number, work=work)
    progress = tuned.progress()
    assert (progress.complete, progress.best and progress.best.value) == (1, 3.0)


def test_a_failed_trial_runs_again(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.fail(request_)
    fresh = tuned.claim(request_, try_number=2).record
    assert (fresh.state, fresh.replaces) == (TrialState.RUNNING, 0)


def test_a_failed_trial_that_ran_again_no_longer_counts(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.fail(request_)
    tuned.complete(request_, try_number=2)
    progress = tuned.progress()
    assert (progress.failed, progress.complete) == (0, 1)


def test_always_runs_a_complete_trial_again(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    assert tuned.claim(request_, try_number=2, rerun="always").record.replaces == 0


def test_always_never_runs_twice_for_the_same_try(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    second = tuned.complete(request_, try_number=2, rerun="always")
    again = tuned.claim(request_, try_number=2, rerun="always")
    assert again.answered
    assert again.record.number == second.number


def test_always_takes_up_the_trial_that_runs(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    claimed, _ = tuned.started(request_, try_number=2, rerun="always")
    assert tuned.claim(request_, try_number=3, rerun="always").record == claimed.record


def test_a_request_that_nobody_asked_for_is_refused(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError, match="no trial 7"):
        tuned.claim(TrialRequest(study=tuned.name, key="001/7", number=7))


def test_the_same_try_begins_one_attempt(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, first = tuned.started(request_)
    assert tuned.begin(claimed) == first
    assert (first.attempt, first.work, first.placement) == (1, str(WORK), Placement(host="here"))


def test_a_later_try_marks_the_attempt_before_it_lost(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.started(request_)
    tuned.started(request_, try_number=2)
    assert [(a.outcome, a.kind) for a in tuned.attempts(0)] == [
        (AttemptOutcome.LOST, FailureKind.KILLED),
        (AttemptOutcome.RUNNING, None),
    ]


def test_a_later_try_leaves_attempts_that_have_ended(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.fail(request_, kind="infrastructure")
    tuned.started(request_, try_number=2)
    assert [a.outcome for a in tuned.attempts(0)] == [AttemptOutcome.FAILED, AttemptOutcome.RUNNING]


def test_another_task_of_the_trial_continues_its_attempt(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, attempt = tuned.started(request_)
    assert continued(tuned.store, claimed) == attempt


def test_no_attempt_is_continued_that_has_ended(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, attempt = tuned.started(request_)
    tuned.conclude(claimed, attempt)
    assert continued(tuned.store, claimed) is None


def test_the_end_of_a_long_chain_answers(tuned: Tuned, request_: TrialRequest) -> None:
    for try_number, work in enumerate((WORK, OTHER, WORK), start=1):
        tuned.complete(request_, try_number=try_number, work=work)
    claimed = tuned.claim(request_, try_number=4)
    assert claimed.answered
    assert claimed.record.number == 5


def test_who_only_brings_results_runs_nothing_successful_again(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_)
    assert tuned.claim(request_, try_number=2, work=OTHER, rerun="failed").answered


def test_who_only_brings_results_brings_one_for_a_failed_trial(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.fail(request_)
    assert tuned.claim(request_, try_number=2, rerun="failed").record.replaces == 0


def test_who_only_brings_results_cannot_bring_back_one_that_was_taken_back(
    tuned: Tuned, request_: TrialRequest
) -> None:
    tuned.complete(request_)
    invalidate(tuned.store, tuned.name, 0, "It is wrong.")
    assert tuned.claim(request_, try_number=2, rerun="failed").record.invalid == "It is wrong."
    assert len(tuned.records()) == 4


def retried(key: str, try_number: int, max_tries: int = 2, retries: int | None = 2) -> TaskTry:
    return replace(task_try_of(key, try_number, max_tries), retries=retries)


@pytest.mark.parametrize(
    ("later", "runs_again"),
    [
        ({"try_number": 2}, False),
        ({"try_number": 3}, False),
        ({"try_number": 2, "max_tries": 3}, True),
        ({"try_number": 4, "max_tries": 5}, True),
        ({"try_number": 2, "max_tries": 3, "retries": 5}, False),
        ({"try_number": 2, "retries": None}, True),
    ],
    ids=["retry", "second retry", "cleared", "cleared after retries", "more retries by now", "not known"],
)
def test_a_failed_trial_runs_again_only_when_a_person_has_cleared_its_task(
    tuned: Tuned, request_: TrialRequest, later: dict[str, int | None], runs_again: bool
) -> None:
    assert tuned.fail(request_)
    claimed = claim(tuned.store, request_, WORK, retried(request_.key, **later))
    assert claimed.answered is not runs_again
    assert (claimed.record.replaces is not None) is runs_again


def test_a_trial_that_was_given_up_from_outside_is_run_by_a_retry(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.started(request_)
    reap(tuned.store, tuned.name, [request_.number or 0])
    assert not claim(tuned.store, request_, WORK, retried(request_.key, 2)).answered


def test_a_retry_after_a_failure_that_was_told_fails_with_the_same_reason(
    tuned: Tuned, request_: TrialRequest, caplog: pytest.LogCaptureFixture
) -> None:
    tuned.fail(request_)
    run = TrialRun(tuned.store, logging.getLogger("test"), 1.0)
    run.claim(request_, WORK, retried(request_.key, 2))
    with pytest.raises(PermanentHpoError, match=r"(?s)earlier try of this task told it.*Attempt 1 failed \(program\)"):
        run.answer()
