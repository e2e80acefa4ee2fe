"""Who may go on in the triggerer while others wait for a free slot of the study."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_hpo.core.placement import Placement
from airflow_hpo.operators import pod_in_triggerer
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.pod_in_triggerer import TrialPodRunTrigger
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_one, reserve
from airflow_hpo.triggers.node_report import located
from airflow_hpo.triggers.slots import study_queue
from tests.integration.trial_tasks import Tuned, declared


def starting(tuned: Tuned, key: str) -> tuple[TrialPodRunTrigger, TrialPodOperator]:
    """A trigger that has not claimed its trial yet, and the operator that it builds."""
    operator = TrialPodOperator(task_id="trial", request={"study": tuned.name, "key": key}, image="i")
    operator.studies.store = tuned.store
    trigger: Any = TrialPodRunTrigger({}, "{}")
    index = int(key.partition("/")[2])
    ti = SimpleNamespace(
        dag_id="tune",
        run_id="r",
        task_id="tune.batch_001.trial",
        map_index=index,
        try_number=1,
        max_tries=2,
        start_date=datetime.now(UTC),
    )
    trigger.task_instance = ti
    trigger._context = {"ti": ti, "run_id": "r", "dag": SimpleNamespace(dag_id="tune"), "params": {}}
    return trigger, operator


def test_a_trial_that_was_asked_for_before_does_not_stand_behind_those_that_wait_for_its_end(store: Store) -> None:
    tuned = Tuned(store, declared(parallelism=1, batch_size=1))
    running, waiting = [request.key for request in reserve(store, tuned.name, 1, 2)]
    ask_one(store, tuned.name, running)

    async def resume() -> TrialPodOperator:
        first, behind = starting(tuned, waiting)
        waits = asyncio.create_task(first._granted(behind, AsyncExitStack()))
        while not study_queue(tuned.name).lock.locked():
            await asyncio.sleep(0.01)
        trigger, operator = starting(tuned, running)
        async with AsyncExitStack() as held:
            await asyncio.wait_for(trigger._granted(operator, held), 20)
        operator.render_template_fields(trigger._context)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        assert behind.request.get("number") is None
        return operator

    operator = asyncio.run(resume())
    assert operator.run is not None
    assert (operator.run.claimed.record.key, operator.run.claimed.record.number) == (running, 0)


def test_a_trial_that_waits_for_room_goes_on_as_soon_as_the_one_before_it_has_its_node(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*given: Any) -> None:
        await asyncio.sleep(600)

    monkeypatch.setattr(pod_in_triggerer, "_free_slot", never)
    tuned = Tuned(store, declared(batch_size=1, max_pending=1))
    first, second = [request.key for request in reserve(store, tuned.name, 1, 2)]
    asked, _ = ask_one(store, tuned.name, first)
    assert asked
    attempt = tuned.in_pod(asked)
    tell = located(store, tuned.study, attempt)
    assert tell

    async def placed() -> tuple[bool, int]:
        trigger, operator = starting(tuned, second)
        async with AsyncExitStack() as held:
            waits = asyncio.create_task(trigger._granted(operator, held))
            done, _ = await asyncio.wait({waits}, timeout=1)
            await tell(Placement(node="node-1"))
            await asyncio.wait_for(waits, 20)
        return bool(done), operator.request["number"]

    assert asyncio.run(placed()) == (False, 1)
