"""Result of a pod's trial in a triggerer: the study database that all triggers share, and XCom."""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from cachetools import TTLCache

from airflow_hpo import conf
from airflow_hpo.core.trial import TrialResult
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.retry import while_upgraded_async
from airflow_hpo.studies.store import Store

KEPT = 60.0
"""Seconds for which a connection is believed to name the same database."""

_stores: TTLCache[tuple[asyncio.AbstractEventLoop, str], Store] = TTLCache(16, KEPT)


async def study_store(hpo_conn_id: str) -> Store:
    """Return a study database; the triggers of a process share it, because opening it costs as much as telling a trial."""
    key = asyncio.get_running_loop(), hpo_conn_id
    store = _stores.get(key)
    if store is None:
        # Opened without patience, because all triggers wait for one thread; what is done with it has threads of its own.
        patience, opening = conf.database_patience(), sync_to_async(lambda: HpoHook(hpo_conn_id, patience=0).store)
        opened_now = await while_upgraded_async(patience, opening)
        store = Store(opened_now.database.kept, opened_now.lock_timeout, patience)
        _stores[key] = store
    return store


async def push_result(ti: Any, result: TrialResult) -> None:
    """Push what a trial's task returns."""
    from airflow.sdk.execution_time.xcom import XCom

    place = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    await XCom.aset(key="return_value", value=result.to_dict(), **place)
