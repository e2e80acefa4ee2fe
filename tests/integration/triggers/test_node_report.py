"""Where a pod runs is told its study while it runs, where the study lets few trials wait for a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.triggers.base import TriggerEvent

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.operators import pod as pod_operator
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers import pod as pod_trigger
from airflow_hpo.triggers.pod import TrialPodTrigger
from airflow_hpo.triggers.slots import study_queue
from tests.integration.trial_tasks import Tuned, declared
from tests.unit.pods.kubernetes_double import PATIENT, pod

NODE = Placement(node="node-1")
Study = Callable[..., Tuned]


class Watch:
    """Watches a pod that gets its node and ends; notes what the study knew of it in between."""

    def __init__(self) -> None:
        self.known: list[Attempt] = []
        self.answers: list[bool] = []
        self.freed = False

    def of(self, tuned: Tuned, times: int = 1) -> Any:
        """Return what stands for `watch_pod`."""

        async def watch_pod(*arguments: Any, on_node: Any = None, **options: Any) -> Outcome:
            queue = study_queue(tuned.name)
            queue.freed.clear()
            if on_node is not None:
                self.answers = [await on_node(NODE) for _ in range(times)]
            self.freed = queue.freed.is_set()
            self.known = tuned.attempts(0)
            return Outcome.complete(Measurement(0.5), placement=NODE)

        return watch_pod


@pytest.fixture
def study(default_database: Database, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Opens a study in the database that Airflow uses without a connection."""
    monkeypatch.setenv("AIRFLOW__HPO__RESUME_DELAY", "0")
    return lambda **options: Tuned(Store(default_database), declared(**options))


def in_triggerer(tuned: Tuned) -> TriggerEvent:
    """What the trigger of the study's first trial says."""
    where = ("p", "n", asdict(Connection(config_file="/nowhere")), asdict(PATIENT))
    trigger = TrialPodTrigger(*where, tuned.name, 0, 1, Stdout().to_dict())

    async def first() -> TriggerEvent:
        [event] = [one async for one in trigger.run()]
        return event

    return asyncio.run(first())


def in_worker(tuned: Tuned, monkeypatch: pytest.MonkeyPatch, kind: type[TrialPodOperator], **arguments: Any) -> None:
    """Watch the pod of the study's first trial, which has begun, in a worker."""
    [request, *_] = tuned.suggest()
    operator = kind(task_id="trial", request=request.to_dict(), image="i", deferrable=False, **arguments)
    operator.studies.store = tuned.store
    run = TrialRun.of_attempt(tuned.store, operator.log, 1.0, (tuned.name, 0, 1))
    monkeypatch.setattr(operator, "start_pod", lambda *given: pod("Pending"))
    monkeypatch.setattr(operator, "cluster", lambda: Connection(config_file="/nowhere"))
    ti = SimpleNamespace(xcom_push=lambda **what: None, start_date=datetime.now(UTC))
    operator.run_trial({"ti": ti}, run)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("max_pending", "placement"), [(2, NODE), (None, Placement())], ids=["few may wait", "no limit"]
)
def test_a_triggerer_tells_the_node_early_only_where_few_may_wait(
    study: Study, monkeypatch: pytest.MonkeyPatch, max_pending: int | None, placement: Placement
) -> None:
    tuned, watch = study(max_pending=max_pending), Watch()
    monkeypatch.setattr(pod_trigger, "watch_pod", watch.of(tuned))
    tuned.in_pod(tuned.suggest()[0])
    in_triggerer(tuned)
    assert watch.known[0].placement == replace(placement, host="here")


@pytest.mark.parametrize(
    ("max_pending", "placement"), [(2, NODE), (None, Placement())], ids=["few may wait", "no limit"]
)
@pytest.mark.parametrize(("kind", "arguments"), [(TrialPodOperator, {}), (TrialJobOperator, {"pods": 2})])
def test_a_worker_tells_the_node_early_only_where_few_may_wait(
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
    max_pending: int | None,
    placement: Placement,
    kind: type[TrialPodOperator],
    arguments: dict[str, Any],
) -> None:
    tuned, watch = study(max_pending=max_pending), Watch()
    monkeypatch.setattr(pod_operator, "watch_pod", watch.of(tuned))
    tuned.in_pod(tuned.suggest()[0])
    in_worker(tuned, monkeypatch, kind, **arguments)
    assert watch.known[0].placement == replace(placement, host="here")


def test_a_node_wakes_the_trials_of_its_process_that_wait_for_room(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, watch = study(max_pending=2), Watch()
    monkeypatch.setattr(pod_trigger, "watch_pod", watch.of(tuned))
    tuned.in_pod(tuned.suggest()[0])
    in_triggerer(tuned)
    assert watch.freed


def test_a_study_database_that_is_away_is_told_the_node_later(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned, watch = study(max_pending=2), Watch()
    monkeypatch.setattr(pod_trigger, "watch_pod", watch.of(tuned, times=2))
    tuned.in_pod(tuned.suggest()[0])
    write, away = attempts.locate, [StoreUnavailableError("It is away.")]

    def sometimes(*arguments: Any) -> Attempt:
        if away:
            raise away.pop()
        return write(*arguments)

    monkeypatch.setattr(attempts, "locate", sometimes)
    in_triggerer(tuned)
    assert watch.answers == [False, True]
    assert watch.known[0].placement == replace(NODE, host="here")


def test_a_triggerer_that_starts_anew_does_not_tell_the_same_node_again(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned, watch = study(max_pending=2), Watch()
    monkeypatch.setattr(pod_trigger, "watch_pod", watch.of(tuned))
    attempt = tuned.in_pod(tuned.suggest()[0])
    with tuned.store.session() as session:
        attempts.locate(session, tuned.name, 0, attempt.attempt, NODE)
    monkeypatch.setattr(attempts, "locate", None)
    in_triggerer(tuned)
    assert watch.answers == [True]
