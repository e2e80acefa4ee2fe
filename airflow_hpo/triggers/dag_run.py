"""Trigger that waits until a DAG run, which works on the same edition, has ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_hpo import conf
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.hooks.dag_runs import runs_on


class DagRunEndTrigger(BaseTrigger):
    """Looks every few seconds whether a DAG run is still running."""

    def __init__(self, dag_id: str, run_id: str, poll_interval: float | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_run = DagRunKey(dag_id, run_id)
        self.poll_interval = conf.poll_interval() if poll_interval is None else poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild this trigger."""
        arguments = {"dag_id": self.dag_run.dag_id, "run_id": self.dag_run.run_id, "poll_interval": self.poll_interval}
        return "airflow_hpo.triggers.dag_run.DagRunEndTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the DAG run has ended, was deleted, or waits in Airflow's queue again."""
        # Airflow tells a trigger nothing about other DAG runs that could be awaited.
        while await sync_to_async(runs_on)(self.dag_run):  # noqa: ASYNC110
            await asyncio.sleep(self.poll_interval)
        yield TriggerEvent({})
