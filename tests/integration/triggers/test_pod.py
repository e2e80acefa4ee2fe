"""What the triggerer tells a study when a pod has ended."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, GetVariableKeys, VariableKeysResult
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.pods.api import retry
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.triggers.pod import TrialPodTrigger
from tests.integration.trial_tasks import Tuned, declared
from tests.unit.pods.kubernetes_double import PATIENT

COMPLETE = Outcome.complete(Measurement(0.5, {"time_s": 2.0}), exit_code=0, placement=Placement(node="n"))


class Comms:
    """The supervisor that a trigger talks to, as far as XComs go; no connection is defined."""

    def __init__(self, error: Exception | None = None) -> None:
        self.pushed: list[Any] = []
        self.error = error

    async def asend(self, message: Any) -> None:
        if self.error:
            raise self.error
        self.pushed.append(message)

    def send(self, message: Any) -> VariableKeysResult | ErrorResponse:
        if isinstance(message, GetVariableKeys):
            return VariableKeysResult(keys=[], total_entries=0)
        return ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)


class EndedTrigger(TrialPodTrigger):
    """One whose pod has ended already; there is no cluster to delete it from."""

    outcome = COMPLETE

    async def _watch(self) -> Outcome:
        await self._opened()
        return self.outcome


@pytest.fixture
def tuned(default_database: Database, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    """An open edition in the database that Airflow uses without a connection."""
    monkeypatch.setenv("AIRFLOW__HPO__RESUME_DELAY", "0")
    monkeypatch.setattr(retry, "AWAY", 0.0)
    return Tuned(Store(default_database), declared())


@pytest.fixture
def comms(monkeypatch: pytest.MonkeyPatch) -> Comms:
    """The supervisor."""
    made = Comms()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", made, raising=False)
    return made


def said(tuned: Tuned, outcome: Outcome = COMPLETE, *, end_task: bool = True) -> TriggerEvent:
    """What the trigger of the study's first trial says when its pod has ended."""
    trigger = EndedTrigger(
        "p",
        "n",
        asdict(Connection(config_file="/nowhere")),
        asdict(PATIENT),
        tuned.name,
        0,
        1,
        Stdout().to_dict(),
        end_task=end_task,
    )
    trigger.outcome = outcome
    trigger._task_instance = SimpleNamespace(dag_id="tune", task_id="trial", run_id="r", map_index=0)  # type: ignore[assignment]

    async def first() -> TriggerEvent:
        [event] = [one async for one in trigger.run()]
        return event

    return asyncio.run(first())


def test_a_success_is_told_and_pushed_without_a_worker(tuned: Tuned, comms: Comms) -> None:
    tuned.started(tuned.suggest()[0])
    assert isinstance(said(tuned), TaskSuccessEvent)
    [record, *_] = tuned.records()
    assert (record.state, record.value, record.work) == (TrialState.COMPLETE, 0.5, "0f" * 8)
    [attempt] = tuned.attempts(0)
    assert (attempt.outcome, attempt.placement.node) == (AttemptOutcome.COMPLETE, "n")
    [pushed] = comms.pushed
    assert (pushed.key, pushed.map_index, pushed.value["value"], pushed.value["attempt"]) == ("return_value", 0, 0.5, 1)


def test_a_trial_that_its_study_ended_says_why(tuned: Tuned, comms: Comms) -> None:
    tuned.started(tuned.suggest()[0])
    assert isinstance(said(tuned, Outcome.pruned(reason="The study was stopped.")), TaskSuccessEvent)
    [attempt] = tuned.attempts(0)
    assert (attempt.outcome, attempt.reason) == (AttemptOutcome.PRUNED, "The study was stopped.")


@pytest.mark.parametrize(("outcome", "end_task"), [(Outcome.failed("exit code 3"), True), (COMPLETE, False)])
def test_failures_and_tasks_that_need_a_worker_are_resumed(
    tuned: Tuned, comms: Comms, outcome: Outcome, end_task: bool
) -> None:
    tuned.started(tuned.suggest()[0])
    event = said(tuned, outcome, end_task=end_task)
    assert (type(event), event.payload["outcome"]["state"]) == (TriggerEvent, outcome.state)
    assert tuned.records()[0].state is TrialState.RUNNING
    assert comms.pushed == []


def test_a_result_that_cannot_be_pushed_is_left_to_a_worker(tuned: Tuned, comms: Comms) -> None:
    tuned.started(tuned.suggest()[0])
    comms.error = RuntimeError("The API server is away.")
    assert type(said(tuned)) is TriggerEvent
    assert tuned.records()[0].state is TrialState.COMPLETE


def test_a_trial_that_was_given_up_meanwhile_fails_in_a_worker(tuned: Tuned, comms: Comms) -> None:
    tuned.started(tuned.suggest()[0])
    tuned.store.optuna.tell(tuned.name, 0, TrialState.FAIL)
    assert type(said(tuned)) is TriggerEvent
    assert comms.pushed == []
