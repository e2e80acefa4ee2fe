"""Who may go on in the triggerer while others wait for a free slot of the study."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.api.connection import Connection
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve
from airflow_hpo.trials.run import TrialRun
from airflow_hpo.triggers.node_report import located
from airflow_hpo.triggers.slots import study_queue
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from airflow_hpo.triggers.trial_spec import PodTrialSpec
from tests.integration.trial_tasks import WORK, Tuned, declared
from tests.single_requests import ask_one
from tests.unit.pods.kubernetes_double import PATIENT

SPEC = PodTrialSpec(
    manifest={},
    metrics=Stdout(),
    connection=Connection(),
    options=PATIENT,
    work=str(WORK),
    hpo_conn_id="hpo_default",
)


class Starting:
    """A trigger that has not claimed its trial yet."""

    def __init__(self, tuned: Tuned, key: str) -> None:
        self.trigger = TrialPodRunTrigger({}, SPEC.to_dict())
        self.trigger._task_instance = SimpleNamespace(dag_id="tune", run_id="r")  # type: ignore[assignment]
        self.run = TrialRun(tuned.store, self.trigger._lines, 1.0)
        self.request = TrialRequest(study=tuned.name, key=key)

    async def granted(self) -> TrialRequest:
        return await self.trigger._granted(SPEC, self.run, self.request)


def test_a_trial_that_was_asked_for_before_does_not_stand_behind_those_that_wait_for_its_end(store: Store) -> None:
    tuned = Tuned(store, declared(parallelism=1, batch_size=1))
    running, waiting = [request.key for request in reserve(store, tuned.name, 1, 2)]
    ask_one(store, tuned.name, running)

    async def resume() -> TrialRequest:
        waits = asyncio.create_task(Starting(tuned, waiting).granted())
        while not study_queue(tuned.name).lock.locked():
            await asyncio.sleep(0.01)
        given = await asyncio.wait_for(Starting(tuned, running).granted(), 20)
        assert not waits.done()
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        return given

    given = asyncio.run(resume())
    assert (given.key, given.number) == (running, 0)


def test_a_trial_that_waits_for_room_goes_on_as_soon_as_the_one_before_it_has_its_node(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*given: Any) -> None:
        await asyncio.sleep(600)

    monkeypatch.setattr(TrialPodRunTrigger, "_until", never)
    tuned = Tuned(store, declared(batch_size=1, max_pending=1))
    first, second = [request.key for request in reserve(store, tuned.name, 1, 2)]
    asked, _ = ask_one(store, tuned.name, first)
    assert asked
    attempt = tuned.in_pod(asked)
    tell = located(store, tuned.study, attempt)
    assert tell

    async def scheduled() -> tuple[bool, int | None]:
        waits = asyncio.create_task(Starting(tuned, second).granted())
        done, _ = await asyncio.wait({waits}, timeout=1)
        await tell(Placement(node="node-1"))
        given = await asyncio.wait_for(waits, 20)
        return bool(done), given.number

    assert asyncio.run(scheduled()) == (False, 1)
