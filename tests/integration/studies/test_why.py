from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.owner import Owner
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import attempts, editions, metric_series
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.run_tasks import RunTasks, TaskLook
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.studies.why import Explanation, TrialReason, explain
from airflow_hpo.trials.attempts import end_now
from airflow_hpo.trials.conclude import fail
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.reporter import TrialReporter
from airflow_hpo.trials.run import history
from tests.integration.trial_tasks import Tuned, declared, task_try_of

TRIAL = "tune.batch_001.trial"


def look(task_id: str, state: str | None, index: int = -1, try_number: int = 1, **more: Any) -> TaskLook:
    return TaskLook(TaskRun("tune", "r", task_id, index, try_number), state, 2, **more)


def run_of(*tasks: TaskLook, state: str = "running") -> RunTasks:
    return RunTasks(state, tasks, "tune")


def first(found: Explanation) -> TrialReason:
    return next(trial for trial in found.trials if trial.number == 0)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (None, "waits for the scheduler"),
        ("scheduled", "a slot of pool 'small'"),
        ("queued", "waits for a free worker"),
        ("failed", "has ended as failed without a result"),
    ],
)
def test_a_trial_that_has_not_begun_says_what_its_task_waits_for(tuned: Tuned, state: str | None, says: str) -> None:
    tuned.suggest()
    trial = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, state, 0, pool="small"))))
    assert says in trial.why
    assert (trial.state, trial.attempts, trial.task) == ("running", 0, f"{TRIAL} [0]")


def test_a_trial_that_runs_says_where_and_since_when(tuned: Tuned) -> None:
    tuned.started(tuned.suggest()[0])
    why = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "running", 0)))).why
    assert why.startswith("Attempt 1 runs on here since 20")
    assert why.endswith("No value has come yet.")


def test_a_trial_that_runs_says_when_its_last_value_came(tuned: Tuned) -> None:
    _, attempt = tuned.started(tuned.suggest()[0])
    with tuned.store.session() as session:
        metric_series.add(session, tuned.name, 0, attempt.attempt, [("loss", 0, 2.0), ("loss", 1, 1.0)])
        [last, *_] = [value.reported for value in metric_series.series(session, tuned.name, 0)]
    why = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "running", 0)))).why
    assert why.endswith(f"Its last value came at {last.isoformat(timespec='seconds')}.")


def heard(tuned: Tuned, value: float | None = None) -> str:
    """Return what is said of a trial that has printed a line at noon."""
    _, attempt = tuned.started(tuned.suggest()[0])
    report = TrialReporter(tuned.store, tuned.study, attempt)
    report.heard(datetime(2026, 11, 29, 12, tzinfo=UTC))
    report([] if value is None else [SeriesPoint("loss", 1, value)])
    return first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "running", 0)))).why


def test_a_trial_that_runs_says_when_its_last_line_came(tuned: Tuned) -> None:
    assert heard(tuned).endswith("Its last line came at 2026-11-29T12:00:00+00:00, and no value has come yet.")


def test_a_trial_that_runs_says_when_its_last_line_and_its_last_value_came(tuned: Tuned) -> None:
    assert " Its last line came at 2026-11-29T12:00:00+00:00, its last value at 20" in heard(tuned, 2.0)


@pytest.mark.parametrize(
    ("placement", "says"),
    [
        (Placement(pod="p-1", namespace="ns"), "in pod p-1 of namespace ns since"),
        (Placement(pod="p-1", namespace="ns", node="n7"), "on node n7 since"),
    ],
)
def test_a_trial_in_a_pod_names_it(tuned: Tuned, placement: Placement, says: str) -> None:
    _, attempt = tuned.started(tuned.suggest()[0])
    with tuned.store.session() as session:
        attempts.locate(session, tuned.name, 0, attempt.attempt, placement)
    assert says in first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "deferred", 0)))).why


def test_a_pod_that_was_pruned_and_has_not_gone_is_terminating(tuned: Tuned) -> None:
    attempt = tuned.in_pod(tuned.suggest()[0])
    with tuned.store.session() as session:
        attempts.give_up(session, attempt, "pruned at step 3")
    said = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "deferred", 0)))).why
    assert said.endswith("is Terminating. It was pruned at step 3.")


def test_a_pod_that_was_deleted_otherwise_and_has_not_gone_is_terminating(tuned: Tuned) -> None:
    attempt = tuned.in_pod(tuned.suggest()[0])
    end_now(tuned.store, attempt, "It ran into its time_limit.")
    said = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "deferred", 0)))).why
    assert said.endswith("is Terminating. It ran into its time_limit.")


def test_a_trial_that_is_retried_says_after_which_failure(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0], kind="infrastructure")
    why = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "up_for_retry", 0)))).why
    assert why == "Attempt 1 failed (infrastructure): It broke. Its task waits out its retry delay before try 2 of 3."


def test_a_trial_whose_task_was_killed_says_that_it_was_interrupted(tuned: Tuned) -> None:
    tuned.started(tuned.suggest()[0])
    why = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "queued", 0, 2)))).why
    assert why == "Attempt 1 was interrupted. Its task is queued and waits for a free worker."


def test_a_failed_trial_says_its_last_failure(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0])
    trial = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "failed", 0))))
    assert (trial.state, trial.why) == ("fail", "Attempt 1 failed (program): It broke.")


def test_a_failed_trial_has_the_exit_code_and_the_end_of_the_log(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0])
    trial = first(explain(tuned.store, tuned.name, run_of(look(TRIAL, "failed", 0))))
    assert (trial.exit_code, trial.log_tail, trial.problems) == (3, "a\nb", ())


def test_trials_whose_metrics_were_odd_are_named(tuned: Tuned) -> None:
    one, two = tuned.suggest()[:2]
    tuned.complete(one, problems=("Odd.",))
    assert "the metrics of trial 0:" in explain(tuned.store, tuned.name, run_of()).study[-1]
    tuned.complete(two, problems=("Odd.",))
    assert "the metrics of 2 trials (0, 1):" in explain(tuned.store, tuned.name, run_of()).study[-1]


def test_a_trial_that_ran_again_is_odd_no_more(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.complete(request, problems=("Odd.",))
    tuned.complete(request, try_number=2, rerun="always")
    assert not any("odd" in sentence for sentence in explain(tuned.store, tuned.name, run_of()).study)


def test_a_result_that_was_taken_back_says_why(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    invalidate(tuned.store, tuned.name, 0, "The data were broken.")
    trial = first(explain(tuned.store, tuned.name, run_of()))
    assert (trial.state, trial.why) == ("invalid", "Its result was taken back: The data were broken.")


def test_a_replaced_trial_is_explained_no_more(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.started(request, try_number=2)
    numbers = [trial.number for trial in explain(tuned.store, tuned.name, run_of()).trials]
    assert numbers == [4, 3, 2, 1]


def test_a_group_of_tasks_shows_the_one_that_is_due(tuned: Tuned) -> None:
    tuned.suggest()
    tasks = run_of(look(f"{TRIAL}.open", "success", 0), look(f"{TRIAL}.train", "queued", 0))
    assert first(explain(tuned.store, tuned.name, tasks)).task == f"{TRIAL}.train [0]"


def test_a_trial_of_a_run_that_is_gone_says_so(tuned: Tuned) -> None:
    tuned.suggest()
    trial = first(explain(tuned.store, tuned.name, RunTasks()))
    assert (trial.task, trial.why) == (
        None,
        "Airflow has no task for it: its run was deleted, or another Airflow runs it.",
    )


def test_all_slots_taken_is_said(tuned: Tuned) -> None:
    tuned.suggest()
    said = explain(tuned.store, tuned.name, run_of()).study[0]
    assert said == "All 4 slots are taken, and 6 more are wanted: they wait for a free slot."


def test_free_slots_name_the_task_that_is_next(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    tasks = [look("tune.start", "success"), look("tune.batch_001.suggest", "success")]
    waits = run_of(*tasks, look("tune.batch_001.settle", "deferred"), look("tune.finish", None))
    assert explain(tuned.store, tuned.name, waits).study[0] == (
        "1 of 4 slots are free, and 6 more are wanted. Next is task tune.batch_001.settle. It waits until 2 are free."
    )
    queued = run_of(*tasks, look("tune.batch_001.settle", "success"), look("tune.batch_002.suggest", "queued"))
    assert "task tune.batch_002.suggest. Its task is queued" in explain(tuned.store, tuned.name, queued).study[0]


def test_trials_that_wait_for_a_place_are_said_to_hold_up_the_next_ones(tuned: Tuned) -> None:
    gentle = Tuned(tuned.store, declared(name="gentle", max_pending=2))
    gentle.suggest()
    settle = look("tune.batch_001.settle", "deferred")
    assert explain(gentle.store, gentle.name, run_of(settle)).study[0] == (
        "0 of 4 slots are free while 2 trials wait for a place to run (max_pending=2), and 8 more are wanted. "
        "Next is task tune.batch_001.settle. It waits until 2 are free."
    )


def test_a_dead_run_says_what_to_clear(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    dead = run_of(look("tune.batch_001.settle", "failed"), look("tune.finish", "upstream_failed"), state="failed")
    said = explain(tuned.store, tuned.name, dead).study
    assert "Its DAG run is failed and no task is left" in said[0]
    assert "Task tune.batch_001.settle is failed: see its log." in said


def test_tasks_that_wait_for_a_slot_are_counted(tuned: Tuned) -> None:
    tuned.suggest()
    lazy = [look("tune.batch_001.trial", "deferred", index) for index in range(7)]
    assert "3 tasks of its last batches wait for a free slot." in explain(tuned.store, tuned.name, run_of(*lazy)).study


def test_a_study_that_is_over_names_the_reason_and_the_task_that_ends_it(tuned: Tuned) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=1))
    small.complete(small.suggest()[0])
    said = explain(small.store, small.name, run_of(look("tune.finish", "queued"))).study
    assert said[0] == "No further trial is started. All 1 trials are successful."
    assert said[1].startswith("Next is tune.finish. Its task is queued")


def test_a_study_that_has_ended_says_when_and_why(tuned: Tuned) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=1))
    small.complete(small.suggest()[0])
    finish(small.store, status(small.store, small.name))
    said = explain(small.store, small.name, run_of()).study[0]
    assert said.startswith("It ended at 20")
    assert said.endswith("All 1 trials are successful.")


def test_without_airflows_database_the_rest_is_said(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0], kind="infrastructure")
    found = explain(tuned.store, tuned.name, RunTasks(readable=False, group_id="tune"))
    assert first(found).why.startswith("Attempt 1 failed (infrastructure): It broke.")


def test_a_later_attempt_tells_what_went_before(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request, kind="infrastructure")
    claimed, attempt = tuned.started(request, try_number=2)
    assert history(tuned.store, tuned.name, claimed.record, attempt) == ["Attempt 1 failed (infrastructure): It broke."]


def test_a_rerun_tells_what_it_replaces_and_why(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    claimed, attempt = tuned.started(request, try_number=2)
    assert history(tuned.store, tuned.name, claimed.record, attempt) == [
        "It runs trial 0 again. Attempt 1 failed (program): It broke."
    ]


def test_a_first_attempt_has_no_history(tuned: Tuned) -> None:
    claimed, attempt = tuned.started(tuned.suggest()[0])
    assert history(tuned.store, tuned.name, claimed.record, attempt) == []


@pytest.mark.parametrize("better", [True, False])
def test_a_rerun_after_the_end_corrects_the_best_and_says_so(
    tuned: Tuned, better: bool, caplog: pytest.LogCaptureFixture
) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=2))
    requests = small.suggest()
    for value, request in enumerate(requests):
        small.complete(request, value=float(value))
    finish(small.store, status(small.store, small.name))
    caplog.set_level("INFO", logger="airflow_hpo")
    small.complete(requests[1], value=-1.0 if better else 7.0, try_number=2, rerun="always")
    edition = small.store.edition(small.name)
    assert (edition.best_number, edition.best_value) == ((2, -1.0) if better else (0, 0.0))
    said = "trial 2 is its best now" if better else "trial 0 still is its best"
    assert any(said in message and "Clear its task finish" in message for message in caplog.messages)


def test_a_best_trial_whose_rerun_fails_after_the_end_is_the_best_no_more(tuned: Tuned) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=2))
    requests = small.suggest()
    for value, request in enumerate(requests):
        small.complete(request, value=float(value))
    finish(small.store, status(small.store, small.name))
    _claimed, attempt = small.started(requests[0], try_number=2, rerun="always")
    fail(small.store, attempt, Outcome.failed("It broke."), task_try_of(requests[0].key, 2), 0)
    assert small.store.edition(small.name).best_number == 1


def test_a_rerun_and_the_best_of_its_study_are_told_together_or_not_at_all(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Tuned(tuned.store, declared(name="small", max_trials=2))
    requests = small.suggest()
    for request in requests:
        small.complete(request, value=1.0)
    finish(small.store, status(small.store, small.name))
    claimed, attempt = small.started(requests[0], try_number=2, work="1e" * 8)
    with monkeypatch.context() as broken:
        broken.setattr(editions, "correct_best", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            small.conclude(claimed, attempt, 0.5)
    assert small.states()[2] is TrialState.RUNNING
    small.conclude(claimed, attempt, 0.5)
    assert small.store.edition(small.name).best_number == 2


def test_a_shared_study_looks_at_the_tasks_of_the_group_that_asked_for_a_trial(store: Store) -> None:
    study = declared(shared=True)
    for dag_id in ("one", "two"):
        name = open_edition(store, study, "r", TaskTry(TaskRun(dag_id, "r", "tune.start"))).name
    suggest(store, name, 1, Owner("two", "tune"))
    looks = [
        TaskLook(TaskRun(dag_id, "r", TRIAL, 0), state, 2, pool="small")
        for dag_id, state in (("one", "success"), ("two", "scheduled"))
    ]
    groups = [Owner("one", "tune"), Owner("two", "tune")]
    assert "a slot of pool 'small'" in first(explain(store, name, RunTasks("running", looks, groups=groups))).why
