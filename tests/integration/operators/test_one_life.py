"""One trial through each way to run it: a process, a pod in a worker, a pod that defers, a pod in the triggerer.

Each stores the same and writes the same lines in the same order.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk import DAG, task
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.execution_time.xcom import XCom
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import FailureKind, TrialRequest
from airflow_hpo.operators import pod as pod_operator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.drain import cancel_drain, drain
from airflow_hpo.studies.store import Store
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.triggers import pod as pod_trigger
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from tests.integration.trial_tasks import Tuned, declared, task_instance

LIFE = ("Study ", "Attempt ", "It runs ", "  ", "Trial ", "The trial ", "The study ")
"""How the lines about a trial's life begin; others are about its pod."""


class Lines:
    """Log of a task."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def info(self, message: str, *arguments: Any) -> None:
        self.written.append(message % arguments if arguments else message)

    debug = warning = error = exception = info

    @property
    def of_life(self) -> list[str]:
        return [line for line in self.written if line.startswith(LIFE)]


class Core:
    """API server that creates every pod and knows none."""

    def create_namespaced_pod(self, namespace: str, pod: Any) -> Any:
        pod.status = SimpleNamespace(phase="Pending", container_statuses=None, init_container_statuses=None)
        return pod

    def list_namespaced_pod(self, namespace: str, label_selector: str) -> Any:
        return SimpleNamespace(items=[])

    def delete_namespaced_pod(self, name: str, namespace: str, **grace: Any) -> None:
        """Do nothing."""


class Way:
    """One way to run the trial of a request; `said` is its log."""

    def __init__(self, tuned: Tuned, outcome: Outcome, log: Lines) -> None:
        self.tuned, self.outcome, self.log = tuned, outcome, log

    def __call__(self, request: TrialRequest, try_number: int) -> None:
        raise NotImplementedError

    def context(self, request: TrialRequest, try_number: int) -> Any:
        ti = task_instance(request, try_number)
        return {"ti": ti, "run_id": "r", "params": {}, "dag": SimpleNamespace(dag_id="tune")}

    def call(self, operator: TrialOperator, method: str, *given: Any, **named: Any) -> Any:
        here = contextvars.copy_context()
        here.run(ExecutorSafeguard.tracker.set, operator)
        return here.run(getattr(operator, method), *given, **named)


class AsProcess(Way):
    def __call__(self, request: TrialRequest, try_number: int) -> None:
        value = self.outcome.value
        program = f"print('hpo::note Ran.\\nloss={value}\\ntime_s=2')" if value is not None else "raise SystemExit(3)"
        command = [sys.executable, "-c", program]
        operator = TrialProcessOperator(task_id="trial", request=request.to_dict(), command=command)
        context = self.context(request, try_number)
        operator.render_template_fields(context)
        self.call(operator, "execute", context=context)


class AsPod(Way):
    deferrable = False

    def operator(self, request: TrialRequest) -> TrialPodOperator:
        return TrialPodOperator(
            task_id="trial", request=request.to_dict(), image="i", namespace="n", deferrable=self.deferrable
        )

    def __call__(self, request: TrialRequest, try_number: int) -> None:
        context, operator = self.context(request, try_number), self.operator(request)
        operator.render_template_fields(context)
        self.call(operator, "execute", context=context)


class AsDeferredPod(AsPod):
    deferrable = True

    def __call__(self, request: TrialRequest, try_number: int) -> None:
        try:
            super().__call__(request, try_number)
        except TaskDeferred as deferred:
            event = _first(deferred.trigger, task_instance(request, try_number))
        else:
            return
        if not isinstance(event, TaskSuccessEvent):
            context, operator = self.context(request, try_number), self.operator(request)
            operator.render_template_fields(context)
            self.call(operator, "execute_when_ended", context, event.payload)


class InTriggerer(Way):
    def start(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments of the trigger that the task starts from."""
        with DAG("tune"):

            @task
            def suggest() -> list[dict[str, Any]]:
                return []

            mapped: Any = PodTrial("i", namespace="n", run_in="triggerer").expand(suggest(), retries=2)
        start = mapped.start_trigger_args
        assert start.next_method == "execute_when_run"
        return start.trigger_cls, start.trigger_kwargs

    def __call__(self, request: TrialRequest, try_number: int) -> None:
        path, arguments = self.start()
        module, _, name = path.rpartition(".")
        trigger = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
        context = self.context(request, try_number)
        trigger._task_instance = context["ti"]
        trigger.render_template_fields(context)
        event = _first(trigger, context["ti"])
        if not isinstance(event, TaskSuccessEvent):
            operator = TrialPodOperator(task_id="trial", request=request.to_dict(), image="i", namespace="n")
            operator.render_template_fields(context)
            self.call(operator, "execute_when_run", context, event.payload)


class InTriggererBefore(InTriggerer):
    """A task that was deferred by the version before, whose trigger had an operator's arguments as JSON."""

    def start(self) -> tuple[str, dict[str, Any]]:
        arguments = (
            '{"hpo_conn_id": "hpo_default", "image": "i", "namespace": "n", '
            '"container_resources": {"__kubernetes__": "V1ResourceRequirements", "fields": {"requests": {"cpu": "1"}}}, '
            '"metrics": {"__metrics__": {"format": "text", "timestamps": false, "step": "step", "type": "stdout"}}}'
        )
        requests = {"task_id": "suggest", "key": "return_value"}
        return "airflow_hpo.operators.pod_in_triggerer.TrialPodRunTrigger", {
            "requests": requests,
            "operator_arguments": arguments,
        }


class AsPodDeferredBefore(AsPod):
    """A task that was deferred by the version before, and that resumes from its event in this one."""

    def __call__(self, request: TrialRequest, try_number: int) -> None:
        if self.tuned.store.optuna.record(self.tuned.name, 0).state.finished:
            return super().__call__(request, try_number)
        if self.tuned.store.edition(self.tuned.name).stop_reason:
            return super().__call__(request, try_number)
        context, operator = self.context(request, try_number), self.operator(request)
        operator.render_template_fields(context)
        run = operator.claimed_run(context)
        run.begin(TaskTry.of(context["ti"]), "pod")
        event = {"name": "p", "namespace": "n", "number": 0, "outcome": self.event()}
        self.call(operator, "execute_when_ended", context, event)

    def event(self) -> dict[str, Any]:
        seen = {"problems": [], "tail": [], "place": {"node": "n1"}, "over": True, "alive": False}
        if self.outcome.value is None:
            failed = {"state": "failed", "reason": self.outcome.reason, "kind": "program", "exit_code": 3}
            return {**failed, "value": None, "metrics": {}, **seen}
        complete = {"state": "complete", "reason": "", "kind": "program", "exit_code": 0}
        return {**complete, "value": 0.5, "metrics": {"time_s": 2.0}, **seen}


def _first(trigger: Any, ti: Any) -> TriggerEvent:
    trigger._task_instance = ti

    async def first() -> TriggerEvent:
        [event] = [one async for one in trigger.run()]
        return event

    return asyncio.run(first())


WAYS: dict[str, type[Way]] = {
    "a process": AsProcess,
    "a pod in a worker": AsPod,
    "a pod that defers": AsDeferredPod,
    "a pod in the triggerer": InTriggerer,
    "a pod deferred by the version before": AsPodDeferredBefore,
    "a pod in the triggerer, deferred by the version before": InTriggererBefore,
}


@pytest.fixture
def ways(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Outcome], Way]:
    """Makes a way to run a trial of a study of its own that ends as told."""
    monkeypatch.setenv("AIRFLOW__HPO__RESUME_DELAY", "0")
    monkeypatch.setattr(KubernetesHook, "core_v1_client", Core())
    monkeypatch.setattr(KubernetesHook, "is_in_cluster", True)

    def make(name: str, outcome: Outcome) -> Way:
        home = tmp_path / name.replace(" ", "_")
        home.mkdir()
        monkeypatch.setenv("AIRFLOW_HOME", str(home))
        database = Database.sqlite(shutil.copy(sqlite_template, home / "hpo.db"))
        way = WAYS[name](Tuned(Store(database), declared()), outcome, Lines())
        for logs in (TrialOperator, pod_trigger.TrialPodTrigger, TrialPodRunTrigger):
            monkeypatch.setattr(logs, "log", way.log)

        async def watched(*given: Any, **named: Any) -> Outcome:
            return outcome

        async def nothing(*given: Any, **named: Any) -> None:
            return None

        async def requests(**where: Any) -> list[dict[str, Any]]:
            return [request.to_dict() for request in way.tuned.suggest()]

        for module in (pod_operator, pod_trigger):
            monkeypatch.setattr(module, "watch_pod", watched)
        monkeypatch.setattr(pod_trigger, "delete_pod", nothing)
        monkeypatch.setattr(XCom, "aset", nothing)
        monkeypatch.setattr(XCom, "aget_one", requests)
        return way

    return make


COMPLETE = Outcome.complete(Measurement(0.5, {"time_s": 2.0}), exit_code=0)
FAILED = Outcome.failed("The trial's program exited with 3. It printed nothing.", exit_code=3)


def stored(tuned: Tuned) -> Any:
    [record, *_] = tuned.records()
    attempts = [(a.outcome, a.kind, a.reason, a.exit_code, a.problems, a.attempt) for a in tuned.attempts(0)]
    return record.state, record.value, record.metrics, attempts


def after_a_failure(way: Way) -> list[str]:
    """Run the second attempt of a trial whose first the cluster failed."""
    request, *_ = way.tuned.suggest()
    way.tuned.fail(request, kind=FailureKind.INFRASTRUCTURE, exit_code=0)
    way(request, 2)
    return way.log.of_life


@pytest.mark.parametrize("name", WAYS)
def test_every_way_stores_the_same_and_writes_the_same_lines(ways: Callable[..., Way], name: str) -> None:
    way = ways(name, COMPLETE)
    lines = after_a_failure(way)
    request, *_ = way.tuned.suggest()
    assert lines == [
        f"Study {way.tuned.name}, trial 0, attempt 2",
        "Attempt 1 failed (infrastructure): It broke.",
        *(f"  {parameter} = {value}" for parameter, value in request.params.items()),
        "Trial 0 is complete: 0.5",
    ]
    state, value, metrics, attempts = stored(way.tuned)
    assert (state, value, metrics) == ("complete", 0.5, {"time_s": 2.0})
    assert attempts == [
        ("failed", "infrastructure", "It broke.", 0, (), 1),
        ("complete", None, None, 0, (), 2),
    ]


@pytest.mark.parametrize("name", WAYS)
def test_every_way_fails_alike(ways: Callable[..., Way], name: str) -> None:
    way = ways(name, FAILED)
    with pytest.raises(AirflowFailException, match="exited with 3"):
        after_a_failure(way)
    assert way.log.of_life[-1] == (
        "Trial 0 failed (program), the study is told: The trial's program exited with 3. It printed nothing."
    )
    assert [line for line in way.log.of_life if line.startswith("Attempt")] == [
        "Attempt 1 failed (infrastructure): It broke."
    ]
    assert stored(way.tuned)[3][1] == ("failed", "program", FAILED.reason, 3, (), 2)


@pytest.mark.parametrize("name", WAYS)
def test_every_way_refuses_a_trial_whose_study_is_over(ways: Callable[..., Way], name: str) -> None:
    way = ways(name, COMPLETE)
    request, *_ = way.tuned.suggest()
    with way.tuned.store.session() as session:
        editions.request_stop(session, way.tuned.name, "Enough.")
    way(request, 1)
    reason = "The trial was not started. The study was stopped: Enough."
    assert way.log.of_life[-2:] == ["Trial 0 is pruned: None", reason]
    assert stored(way.tuned)[3] == [("pruned", None, reason, None, (), 1)]


@pytest.mark.parametrize("name", WAYS)
def test_every_way_answers_from_the_study(ways: Callable[..., Way], name: str) -> None:
    way = ways(name, COMPLETE)
    request, *_ = way.tuned.suggest()
    way(request, 1)
    before, way.log.written = stored(way.tuned), []
    way(request, 2)
    assert way.log.of_life == ["Trial 0 is complete in the study; nothing is run."]
    assert stored(way.tuned) == before


def test_the_phases_and_the_words_of_a_program_are_kept(ways: Callable[..., Way]) -> None:
    way = ways("a process", COMPLETE)
    way(way.tuned.suggest()[0], 1)
    [attempt] = way.tuned.attempts(0)
    assert attempt.seconds.keys() == {"pool", "running", "telling"}
    assert attempt.remarks.notes == ("Ran.",)


def test_the_last_line_of_a_program_has_its_moment(ways: Callable[..., Way]) -> None:
    way = ways("a process", COMPLETE)
    way(way.tuned.suggest()[0], 1)
    [attempt] = way.tuned.attempts(0)
    assert attempt.heard is not None
    assert attempt.started <= attempt.heard <= attempt.finished


@pytest.mark.parametrize("name", ["a process", "a pod in a worker"])
def test_a_worker_gives_way_to_a_drain_before_the_trial_begins(ways: Callable[..., Way], name: str) -> None:
    way = ways(name, COMPLETE)
    request, *_ = way.tuned.suggest()
    drain(way.tuned.store, way.tuned.name, "anna")
    with pytest.raises(TaskDeferred) as waiting:
        way(request, 1)
    assert (waiting.value.trigger.until, waiting.value.method_name) == ("begin", "execute_when_ready")  # type: ignore[attr-defined]
    assert way.tuned.attempts() == []
    cancel_drain(way.tuned.store, way.tuned.name)
    way(request, 1)
    assert way.tuned.records()[0].value == 0.5


def test_a_trial_in_the_triggerer_waits_for_the_end_of_a_drain(
    ways: Callable[..., Way], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__POLL_INTERVAL", "0.05")
    way = ways("a pod in the triggerer", COMPLETE)
    request, *_ = way.tuned.suggest()
    drain(way.tuned.store, way.tuned.name, "anna")
    begun_before: list[int] = []

    def cancel_when_it_waits() -> None:
        while not any("has not begun and waits" in line for line in list(way.log.written)):
            time.sleep(0.01)
        begun_before.append(len(way.tuned.attempts()))
        cancel_drain(way.tuned.store, way.tuned.name)

    cancelling = Thread(target=cancel_when_it_waits, daemon=True)
    cancelling.start()
    way(request, 1)
    cancelling.join(20)
    assert begun_before == [0]
    assert way.tuned.records()[0].value == 0.5


def test_a_trial_that_has_begun_is_tried_again_while_its_study_is_drained(ways: Callable[..., Way]) -> None:
    way = ways("a process", COMPLETE)
    request, *_ = way.tuned.suggest()
    way.tuned.fail(request, kind=FailureKind.INFRASTRUCTURE, exit_code=0)
    drain(way.tuned.store, way.tuned.name, "anna")
    way(request, 2)
    assert way.tuned.records()[0].value == 0.5


@pytest.mark.parametrize(("name", "expected"), [("a pod that defers", True), ("a process", False)])
def test_only_a_task_that_starts_no_program_of_its_own_keeps_its_connections(
    name: str, expected: bool, ways: Callable[..., Way], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []
    run = TrialOperator.claimed_run

    def claimed_run(operator: TrialOperator, *given: Any) -> Any:
        kept.append(run(operator, *given).store.database.keeps)
        return operator.run

    monkeypatch.setattr(TrialOperator, "claimed_run", claimed_run)
    way = ways(name, COMPLETE)
    request, *_ = way.tuned.suggest()
    way(request, 1)
    assert set(kept) == {expected}
