from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_hpo.core.attempt import Attempt, TaskRun, outweighs, scheduled_trials
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome

SEEN = [AttemptOutcome.COMPLETE, AttemptOutcome.PRUNED, AttemptOutcome.FAILED]


@pytest.mark.parametrize("seen", SEEN)
def test_what_was_seen_outweighs_what_was_missed(seen: AttemptOutcome):
    assert outweighs(seen, AttemptOutcome.RUNNING)
    assert outweighs(seen, AttemptOutcome.LOST)
    assert not outweighs(AttemptOutcome.LOST, seen)


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_nothing_outweighs_its_like(outcome: AttemptOutcome):
    assert not outweighs(outcome, outcome)


def test_the_first_of_two_that_saw_it_end_holds():
    assert not outweighs(AttemptOutcome.FAILED, AttemptOutcome.COMPLETE)


def begun(backend: str, number: int = 0, attempt: int = 1, **place: Any) -> Attempt:
    return Attempt(
        "s@r", number, attempt, TaskRun("d", "r", "t"), backend, datetime.now(UTC), placement=Placement(**place)
    )


@pytest.mark.parametrize("backend", ["process", "function", "group"])
def test_what_a_worker_runs_is_scheduled_at_once(backend: str) -> None:
    assert begun(backend).scheduled


@pytest.mark.parametrize("backend", ["pod", "job"])
def test_what_runs_in_a_cluster_is_scheduled_with_its_node(backend: str) -> None:
    assert not begun(backend, pod="p", namespace="n").scheduled
    assert begun(backend, pod="p", namespace="n", node="node-1").scheduled


def test_the_newest_attempt_says_whether_a_trial_is_scheduled() -> None:
    first, second, other = begun("pod", node="node-1"), begun("pod", attempt=2), begun("pod", 1, node="node-2")
    assert scheduled_trials([first, second, other]) == {1}
