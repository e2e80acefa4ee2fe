"""Trials whose programs have not started, and those that the cluster never let begin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.budget import End
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest
from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.run_tasks import RunTasks, TaskLook
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import reason_to_end
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import explain
from airflow_hpo.trials.attempts import wait_for
from airflow_hpo.trials.conclude import fail
from tests.integration.trial_tasks import Tuned, declared, task_try_of

QUOTA = Waiting(WaitsFor.QUOTA, "exceeded quota: small")
NO_NODE = Outcome.failed("No node took it.", FailureKind.INFRASTRUCTURE, waits_for="node: 0/1 nodes")


@pytest.fixture
def eight(store: Store) -> Tuned:
    """A study of eight trials of which three may fail."""
    return Tuned(store, declared(max_trials=8, parallelism=8, max_failures=3))


def ended(tuned: Tuned, request: TrialRequest, outcome: Outcome, max_tries: int = 0) -> bool:
    _, attempt = tuned.started(request)
    return fail(tuned.store, attempt, outcome, task_try_of(request.key, 1, max_tries), 0)


def test_a_trial_that_waits_is_counted_as_waiting_and_never_as_running(eight: Tuned) -> None:
    first, second, *_ = eight.suggest()
    eight.started(second)
    _, attempt = eight.started(first)
    wait_for(eight.store, attempt, QUOTA)

    look = status(eight.store, eight.name)
    assert "7 running, 1 waiting (1 for a quota)" in str(look)
    tasks = RunTasks("running", [TaskLook(TaskRun("tune", "r", "tune.batch_001.trial", 0, 1), "deferred", 2)], "tune")
    found = explain(eight.store, eight.name, tasks)
    trial = next(one for one in found.trials if one.number == first.number)
    assert trial.state == "waiting"
    assert trial.why.endswith("and waits for a quota (exceeded quota: small).")
    assert any("1 for a quota" in sentence for sentence in found.study)


def test_a_program_that_starts_waits_for_nothing(eight: Tuned) -> None:
    _, attempt = eight.started(eight.suggest()[0])
    wait_for(eight.store, wait_for(eight.store, attempt, QUOTA), None)
    assert eight.attempts(0)[0].waits_for is None
    assert "waiting" not in str(status(eight.store, eight.name))


def test_what_the_cluster_never_let_begin_does_not_use_up_max_failures(eight: Tuned) -> None:
    requests = eight.suggest()
    ended(eight, requests[0], Outcome.failed("diverged"))
    for request in requests[1:4]:
        ended(eight, request, NO_NODE)

    look = status(eight.store, eight.name)
    assert (look.progress.failed, look.progress.blamed, look.verdict.end) == (4, 1, None)


def test_a_study_that_cannot_start_anything_has_an_end_and_a_remedy_of_its_own(eight: Tuned) -> None:
    for request in eight.suggest()[:4]:
        ended(eight, request, NO_NODE)

    summary = finish(eight.store, status(eight.store, eight.name))
    assert summary.data["end"] == End.CANNOT_START
    assert summary.failure == (
        "4 trials could not begin, which max_failures does not count; the last: No node took it. "
        "Mend what keeps pods from starting, then clear the failed trials."
    )


def test_a_trial_of_which_one_attempt_ran_counts_as_a_failure(eight: Tuned) -> None:
    request = eight.suggest()[0]
    assert not ended(eight, request, Outcome.failed("evicted", FailureKind.INFRASTRUCTURE), max_tries=2)
    _, attempt = eight.started(request, 2)
    fail(eight.store, attempt, NO_NODE, task_try_of(request.key, 2, 0), 0)
    assert status(eight.store, eight.name).progress.unbegun == 0


def test_what_only_the_author_can_mend_ends_the_trial_whatever_its_retries(eight: Tuned) -> None:
    first, second, *_ = eight.suggest()
    assert not ended(eight, first, NO_NODE, max_tries=5)
    assert ended(eight, second, replace(NO_NODE, lasting=True), max_tries=5)
    assert eight.attempts(second.number or 0)[0].outcome is AttemptOutcome.FAILED


def test_a_trial_that_has_not_started_is_withdrawn_when_its_study_is_over(store: Store) -> None:
    late = Tuned(store, declared(timeout=1e-6))
    late.started(late.suggest()[0])
    assert reason_to_end(store, late.name) is None
    assert "The trial was not started. The timeout" in (reason_to_end(store, late.name, unbegun=True) or "")


def test_an_outcome_tells_the_worker_what_was_waited_for_and_whether_that_lasts() -> None:
    outcome = replace(NO_NODE, lasting=True)
    assert Outcome.from_dict(outcome.to_dict()) == outcome
