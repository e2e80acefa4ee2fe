"""Running trial tasks against a real cluster, as Airflow's workers and triggerer would."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import TaskDeferred
from airflow.triggers.base import BaseTrigger

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.storage import attempts, metric_series
from tests.integration.trial_tasks import Tuned


@dataclass
class Task:
    """One mapped trial task of a DAG run, and every try of it."""

    tuned: Tuned
    request: TrialRequest
    arguments: dict[str, Any]
    try_number: int = 1
    retries: int = 2
    xcom: dict[str, Any] = field(default_factory=dict)
    operator: Any = None

    def run(self, during: Callable[[BaseTrigger], Any] | None = None) -> dict[str, Any]:
        """Run one try to its end, through the triggerer where it defers.

        :param during: watches for the task instead of the trigger's own run, given the trigger.
        """
        try:
            return self._step("execute")
        except TaskDeferred as deferred:
            trigger = rebuilt(deferred.trigger)
            event = asyncio.run(first_event(trigger)) if during is None else during(trigger)
            return self._step(deferred.method_name, event=json.loads(json.dumps(event)))

    def deferred(self) -> BaseTrigger:
        """Run one try until it defers, and return its trigger as the triggerer would build it."""
        try:
            self._step("execute")
        except TaskDeferred as deferred:
            return rebuilt(deferred.trigger)
        raise AssertionError("The task did not defer.")

    def resume(self, event: dict[str, Any], *, killed: bool = False) -> dict[str, Any]:
        """Go on in a worker with what a trigger said.

        :param killed: Airflow kills the task while it starts.
        """
        return self._step("execute_when_ended", killed=killed, event=json.loads(json.dumps(event)))

    def again(self) -> Task:
        """The next try of the same task."""
        return Task(self.tuned, self.request, self.arguments, self.try_number + 1, self.retries)

    def attempts(self) -> list[Attempt]:
        """What the study knows of the trial's attempts."""
        with self.tuned.store.session() as session:
            return attempts.of(session, self.tuned.name, self.request.number)

    def series(self, name: str = "loss") -> dict[int, float]:
        """The values that the newest attempt reported, by step."""
        with self.tuned.store.session() as session:
            found = metric_series.series(session, self.tuned.name, self.request.number, name)
        return {value.step: value.value for value in found}

    def build(self) -> TrialPodOperator:
        """The operator with its templates rendered, in a fresh process's view."""
        self.operator = TrialPodOperator(task_id="trial", request=self.request.to_dict(), **self.arguments)
        self.operator.render_template_fields(self.context())
        return self.operator

    def context(self) -> Any:
        """Airflow's context, as much of it as trial tasks use."""
        batch, _, index = self.request.key.partition("/")
        ti = SimpleNamespace(
            dag_id="tune",
            run_id="manual__2026-11-21T02:00:00+00:00",
            task_id=f"tune.batch_{batch}.trial",
            map_index=int(index),
            try_number=self.try_number,
            max_tries=self.retries,
            start_date=datetime.now(UTC),
            xcom_push=lambda key, value: self.xcom.update({key: value}),
        )
        return {"ti": ti, "run_id": ti.run_id, "dag": SimpleNamespace(dag_id="tune"), "params": {}}

    def _step(self, method: str, *, killed: bool = False, **arguments: Any) -> dict[str, Any]:
        operator, context = self.build(), contextvars.copy_context()
        if killed:
            operator.on_kill()
        context.run(ExecutorSafeguard.tracker.set, operator)
        result: dict[str, Any] = context.run(getattr(operator, method), context=self.context(), **arguments)
        assert self.xcom["return_value"] == result
        return result


MakeTask = Callable[..., Task]


def rebuilt(trigger: BaseTrigger) -> BaseTrigger:
    """A trigger as the triggerer gets it: from its stored class path and JSON arguments."""
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    built: BaseTrigger = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(arguments)))
    return built


async def first_event(trigger: Any) -> dict[str, Any]:
    """What a trigger says."""
    async for event in trigger.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("The trigger said nothing.")
