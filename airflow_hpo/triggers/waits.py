"""Waits of a pod before its program starts, as its watch tells them to the study."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.phases import Moments
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.pods.watch.waits import Waits
from airflow_hpo.storage import attempts
from airflow_hpo.trials.attempts import end_now, wait_for_now
from airflow_hpo.trials.monitor import TrialMonitor
from airflow_hpo.trials.run import TrialRun


def waits_of(run: TrialRun, monitor: TrialMonitor, manifest: Mapping[str, Any] | None = None) -> Waits:
    """Return what the watch of an attempt needs; the manifest is of a pod that was not there when it was last heard of."""
    attempt, store = run.attempt, run.store
    known = Waiting.of(attempt.waits_for) if attempt.waits_for else None
    monitor.unbegun = known is not None

    async def tell(waiting: Waiting | None, moments: Moments) -> bool:
        monitor.unbegun = waiting is not None
        return await in_thread(wait_for_now, store, attempt, waiting, moments)

    async def allowed() -> bool:
        return await in_thread(store.read, attempts.worked, attempt.study)

    async def ending(reason: str | None) -> None:
        if said := monitor.reason or reason:
            await in_thread(end_now, store, attempt, said)

    return Waits(manifest if known and known.what.creation else None, known, tell, ending, allowed)
