from __future__ import annotations

import pytest

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.lost import reap
from tests.integration.trial_tasks import WORK, Tuned, task_try_of


@pytest.fixture
def request_(tuned: Tuned) -> TrialRequest:
    return tuned.suggest()[0]


def test_a_concluded_trial_has_its_value_metrics_and_work(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_, value=0.25)
    record = tuned.records()[0]
    assert (record.state, record.value, record.work) == (TrialState.COMPLETE, 0.25, str(WORK))
    assert record.metrics == {"time_s": 2.0}


def test_the_result_says_which_attempt_gave_it(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.started(request_)
    result = tuned.complete(request_, try_number=2)
    assert (result.attempt, result.number, result.params) == (2, 0, request_.params)


def test_concluding_twice_keeps_the_first_value(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, attempt = tuned.started(request_)
    first = tuned.conclude(claimed, attempt, 0.25)
    assert tuned.conclude(claimed, attempt, 0.75) == first


def test_a_task_killed_between_telling_and_returning_is_answered(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.started(request_)
    tuned.store.optuna.tell(tuned.name, 0, TrialState.COMPLETE, 0.25, work=str(WORK))
    claimed = tuned.claim(request_, try_number=2)
    assert claimed.answered
    assert claimed.record.value == 0.25


def test_a_result_that_comes_after_the_trial_was_told_changes_nothing(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, attempt = tuned.started(request_)
    tuned.store.optuna.tell(tuned.name, 0, TrialState.COMPLETE, 0.25)
    assert tuned.conclude(claimed, attempt, 0.75).value == 0.25
    assert tuned.attempts(0)[0].outcome is AttemptOutcome.COMPLETE


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the first ends first", "the second ends first"])
def test_of_two_attempts_that_end_beside_each_other_one_is_complete(
    tuned: Tuned, request_: TrialRequest, order: tuple[int, int]
) -> None:
    both = [tuned.started(request_, try_number) for try_number in (1, 2)]
    for which in order:
        tuned.conclude(*both[which], float(which))
    outcomes = [attempt.outcome for attempt in tuned.attempts()]
    assert outcomes[order[0]] is AttemptOutcome.COMPLETE
    assert outcomes[order[1]] is AttemptOutcome.LOST
    assert tuned.records()[0].value == order[0]


LIVES = {
    "the first tells, the second is killed": ["begin 1", "begin 2", "tell 1"],
    "the first tells, the second too": ["begin 1", "begin 2", "tell 1", "tell 2"],
    "the second tells, the first too": ["begin 1", "begin 2", "tell 2", "tell 1"],
    "the first is pruned, the second tells": ["begin 1", "begin 2", "prune 1", "tell 2"],
    "the second tells, the first is pruned": ["begin 1", "begin 2", "tell 2", "prune 1"],
    "the first tells, the second fails": ["begin 1", "begin 2", "tell 1", "fail 2"],
    "the second begins once the first has told": ["begin 1", "claim 2", "tell 1", "begin 2"],
}
"""What becomes of two tries of one task, of which Airflow thought the first dead."""


@pytest.mark.parametrize("life", LIVES)
def test_of_two_attempts_of_one_trial_one_gave_the_result_and_none_runs_on(
    tuned: Tuned, request_: TrialRequest, life: str
) -> None:
    claims, begun = {}, {}
    for step in LIVES[life]:
        what, number = step.split()
        if what in ("begin", "claim"):
            claims.setdefault(number, tuned.claim(request_, int(number)))
        if what == "begin":
            begun[number] = tuned.begin(claims[number], int(number))
        if what in ("tell", "prune"):
            tuned.conclude(claims[number], begun[number], float(number), pruned=what == "prune")
        if what == "fail":
            fail(tuned.store, begun[number], Outcome.failed("It broke."), task_try_of(request_.key, int(number)), 0)
    assert tuned.claim(request_, try_number=3).answered
    outcomes = [attempt.outcome for attempt in tuned.attempts(0)]
    gave = [one for one in outcomes if one in (AttemptOutcome.COMPLETE, AttemptOutcome.PRUNED)]
    assert [one.value for one in gave] == [tuned.records()[0].state.value]
    assert AttemptOutcome.RUNNING not in outcomes
    assert all(attempt.reason for attempt in tuned.attempts(0) if attempt.outcome is AttemptOutcome.LOST)


def test_a_trial_that_is_given_up_leaves_no_attempt_complete(tuned: Tuned, request_: TrialRequest) -> None:
    _, attempt = tuned.started(request_)
    reap(tuned.store, tuned.name, [0])
    assert conclude(tuned.store, attempt, Outcome.complete(Measurement(0.5))).state is TrialState.FAIL
    assert [one.outcome for one in tuned.attempts(0)] == [AttemptOutcome.LOST]


def test_a_pruned_trial_has_the_last_value_it_reported(tuned: Tuned, request_: TrialRequest) -> None:
    claimed, attempt = tuned.started(request_)
    tuned.report(attempt, {1: 3.0, 2: 2.0})
    result = tuned.conclude(claimed, attempt, 9.0, pruned=True)
    assert (result.state, result.value) == (TrialState.PRUNED, 2.0)
    assert tuned.attempts(0)[0].outcome is AttemptOutcome.PRUNED


def test_a_trial_pruned_before_it_reported_has_no_value(tuned: Tuned, request_: TrialRequest) -> None:
    _claimed, attempt = tuned.started(request_)
    result = conclude(tuned.store, attempt, Outcome.pruned())
    assert (result.state, result.value) == (TrialState.PRUNED, None)


def test_a_program_failure_is_final_without_program_retries(tuned: Tuned, request_: TrialRequest) -> None:
    assert tuned.fail(request_)
    assert tuned.states()[0] is TrialState.FAIL


def test_a_program_failure_is_retried_as_often_as_asked(tuned: Tuned, request_: TrialRequest) -> None:
    final = [tuned.fail(request_, try_number=n, program_retries=1) for n in (1, 2)]
    assert final == [False, True]


def test_infrastructure_failures_do_not_use_up_program_retries(tuned: Tuned, request_: TrialRequest) -> None:
    kinds = ["infrastructure", "program", "program"]
    final = [tuned.fail(request_, kind, n, program_retries=1, retries=9) for n, kind in enumerate(kinds, start=1)]
    assert final == [False, False, True]


def test_pods_that_were_deleted_and_ended_well_all_the_same_use_up_nothing(
    tuned: Tuned, request_: TrialRequest
) -> None:
    final = [tuned.fail(request_, "infrastructure", n, exit_code=0, retries=9) for n in (1, 2, 3)]
    assert final == [False, False, False]


def test_a_program_that_ended_well_without_a_word_is_blamed_the_second_time(
    tuned: Tuned, request_: TrialRequest
) -> None:
    final = [tuned.fail(request_, "unheard", n, exit_code=0, retries=9) for n in (1, 2)]
    assert final == [False, True]
    assert tuned.states()[0] is TrialState.FAIL


def test_silence_leaves_a_program_the_retries_of_its_own(tuned: Tuned, request_: TrialRequest) -> None:
    quiet = {"kind": "unheard", "exit_code": 0, "program_retries": 1, "retries": 9}
    assert [tuned.fail(request_, try_number=n, **quiet) for n in (1, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("kind", ["program", "infrastructure"])
def test_the_last_try_is_final(tuned: Tuned, request_: TrialRequest, kind: str) -> None:
    assert tuned.fail(request_, kind, retries=0, program_retries=5)
    assert tuned.states()[0] is TrialState.FAIL


def test_an_infrastructure_failure_leaves_the_trial_open(tuned: Tuned, request_: TrialRequest) -> None:
    assert not tuned.fail(request_, "infrastructure")
    assert tuned.states()[0] is TrialState.RUNNING


def test_a_killed_attempt_leaves_the_trial_open_even_on_the_last_try(tuned: Tuned, request_: TrialRequest) -> None:
    assert not tuned.fail(request_, "killed", retries=0)
    assert tuned.states()[0] is TrialState.RUNNING


def test_a_failed_attempt_says_why(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.fail(request_)
    attempt = tuned.attempts(0)[0]
    assert (attempt.outcome, attempt.kind) == (AttemptOutcome.FAILED, FailureKind.PROGRAM)
    assert (attempt.reason, attempt.exit_code, attempt.log_tail) == ("It broke.", 3, "a\nb")


def test_failing_twice_counts_once(tuned: Tuned, request_: TrialRequest) -> None:
    _claimed, attempt = tuned.started(request_)
    outcome, place = Outcome.failed("It broke."), task_try_of(request_.key)
    final = [fail(tuned.store, attempt, outcome, place, 1) for _ in range(2)]
    assert final == [False, False]


def test_a_failure_never_takes_a_result_away(tuned: Tuned, request_: TrialRequest) -> None:
    tuned.complete(request_, value=0.25)
    attempt = tuned.attempts(0)[0]
    fail(tuned.store, attempt, Outcome.failed("Late."), task_try_of(request_.key, 3), 0)
    assert tuned.records()[0].value == 0.25
    assert tuned.attempts(0)[0].outcome is AttemptOutcome.COMPLETE


def test_a_trial_and_its_attempt_end_together_or_not_at_all(
    tuned: Tuned, request_: TrialRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, attempt = tuned.started(request_)
    with monkeypatch.context() as broken:
        broken.setattr(attempts, "finish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tuned.conclude(claimed, attempt, 0.25)
        with pytest.raises(ZeroDivisionError):
            fail(tuned.store, attempt, Outcome.failed("It broke."), task_try_of(request_.key), 0)
    assert tuned.states()[0] is TrialState.RUNNING
    assert tuned.conclude(claimed, attempt, 0.25).state is TrialState.COMPLETE
